"""Long work: GET /jobs, GET /jobs/{job_id}, and POST to cancel or to retry one."""

from asyncio import Future, ensure_future, shield, sleep
from time import monotonic
from typing import Annotated, Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool

from core.jobs import service
from core.paging import read_cursor, write_cursor
from core.services.quotas import check_retry
from core.storage.job_repository import JOB_ID, Job, UnreadableJob
from core.storage.workspace import Workspace
from functions.answer_terms import RETRY_AFTER
from functions.http import CallerWorkspace, create_app
from functions.idempotency import IdempotentRoute
from functions.job_responses import job_response, job_summary
from functions.listing import Cursor, listing

router = APIRouter(prefix="/jobs", tags=["jobs"], route_class=IdempotentRoute)

PAGE_DEFAULT = 20
PAGE_LIMIT = 100
# A gateway waits 29 seconds for an answer.
MOST_WAIT = 25.0
POLL_SECONDS = 0.25
# Threads that look at jobs for those who wait. All others answer requests.
LOOKERS = 4

_looks: "dict[tuple[str, str], Future[Job]]" = {}
_lookers = CapacityLimiter(LOOKERS)


@router.get("")
@listing
def list_jobs(
    workspace: CallerWorkspace,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: Cursor = None,
    after: Annotated[str | None, Query(description="the same as cursor")] = None,
) -> dict[str, Any]:
    """Return the jobs of the workspace, the newest first, page by page."""
    page, following = service.list_jobs(workspace, limit, _read_cursor(after if cursor is None else cursor))
    unreadable = [f"the job {job.job_id} is not shown: {job.reason}" for job in page if isinstance(job, UnreadableJob)]
    return {
        "jobs": [job_summary(job) for job in page if isinstance(job, Job)],
        "next": write_cursor("jobs", following),
        **({"warnings": unreadable} if unreadable else {}),
    }


def _read_cursor(cursor: str | None) -> str | None:
    """Return the place of a cursor. Until 0.2 it was the id of a job, which may still be sent."""
    return cursor if cursor is not None and JOB_ID.fullmatch(cursor) else read_cursor("jobs", cursor)


@router.get("/{job_id}")
async def job_status(
    workspace: CallerWorkspace,
    job_id: str,
    wait: Annotated[float, Query(ge=0, le=MOST_WAIT, description="seconds to wait for a change")] = 0.0,
) -> dict[str, Any]:
    """Return the progress of a job, and its result or its error when it is over.

    With `wait` the answer comes as soon as status, stage or progress change, or when the job is over.
    """
    job = first = await run_in_threadpool(service.job_status, workspace, job_id)
    deadline = monotonic() + wait
    while not job.is_over and _shown(job) == _shown(first) and (left := deadline - monotonic()) > 0:
        job = await _look(workspace, job_id, min(POLL_SECONDS, left))
    return await run_in_threadpool(job_response, workspace, job)


async def _look(workspace: Workspace, job_id: str, after: float) -> Job:
    """Return the job as it is after so many seconds, or sooner: all who wait for it in this process share a look."""
    key = (workspace.name, job_id)
    look = _looks.get(key)
    if look is None:
        look = _looks[key] = ensure_future(_look_later(workspace, job_id, after))
        look.add_done_callback(lambda done: _end_look(key, done))
    return await shield(look)  # a caller who goes away ends no look of the others


async def _look_later(workspace: Workspace, job_id: str, after: float) -> Job:
    await sleep(after)
    return await run_sync(service.job_status, workspace, job_id, limiter=_lookers)


def _end_look(key: tuple[str, str], look: "Future[Job]") -> None:
    del _looks[key]
    if not look.cancelled():
        look.exception()  # somebody has it, or everybody has gone


def _shown(job: Job) -> tuple[str, str, float, bool]:
    """Return what a caller who waits wants to see change."""
    return job.status, job.stage, job.progress, job.cancel_requested


@router.post("/{job_id}/cancel", status_code=202)
def cancel_job(workspace: CallerWorkspace, job_id: str, response: Response) -> dict[str, Any]:
    """Cancel a job; a running one ends at its next progress report."""
    return _accepted(workspace, service.cancel_job(workspace, job_id), response)


@router.post("/{job_id}/retry", status_code=202)
def retry_job(workspace: CallerWorkspace, job_id: str, response: Response) -> dict[str, Any]:
    """Start a job that failed or was cancelled from the beginning."""
    check_retry(workspace, job_id)
    return _accepted(workspace, service.retry_job(workspace, job_id), response)


def _accepted(workspace: Workspace, job: Job, response: Response) -> dict[str, Any]:
    """Return a job that was changed, and say where to follow it."""
    response.headers.update({"Location": f"/jobs/{job.job_id}", **RETRY_AFTER})
    return job_response(workspace, job)


app = create_app(router)
