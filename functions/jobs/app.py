"""Long work: GET /jobs, GET /jobs/{job_id}, and POST to cancel or to retry one."""

from asyncio import sleep
from time import monotonic
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool

from core.jobs import service
from core.storage.job_repository import Job
from functions.answer_terms import RETRY_AFTER
from functions.http import CallerWorkspace, create_app
from functions.idempotency import IdempotentRoute
from functions.job_responses import job_response, job_summary

router = APIRouter(prefix="/jobs", tags=["jobs"], route_class=IdempotentRoute)

PAGE_DEFAULT = 20
PAGE_LIMIT = 100
# A gateway waits 29 seconds for an answer.
MOST_WAIT = 25.0
POLL_SECONDS = 0.25


@router.get("")
def list_jobs(
    workspace: CallerWorkspace,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    after: Annotated[str | None, Query(description="the next of the page before")] = None,
) -> dict[str, Any]:
    """Return the jobs of the workspace, the newest first; `next` is the `after` of the next page."""
    page, next_after = service.list_jobs(workspace, limit, after)
    return {"jobs": [job_summary(job) for job in page], "next": next_after}


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
    while not job.is_over and _shown(job) == _shown(first) and monotonic() < deadline:
        await sleep(min(POLL_SECONDS, max(0.0, deadline - monotonic())))
        job = await run_in_threadpool(service.job_status, workspace, job_id)
    return await run_in_threadpool(job_response, workspace, job)


def _shown(job: Job) -> tuple[str, str, float, bool]:
    """Return what a caller who waits wants to see change."""
    return job.status, job.stage, job.progress, job.cancel_requested


@router.post("/{job_id}/cancel", status_code=202)
def cancel_job(workspace: CallerWorkspace, job_id: str, response: Response) -> dict[str, Any]:
    """Cancel a job; a running one ends at its next progress report."""
    response.headers.update({"Location": f"/jobs/{job_id}", **RETRY_AFTER})
    return job_response(workspace, service.cancel_job(workspace, job_id))


@router.post("/{job_id}/retry", status_code=202)
def retry_job(workspace: CallerWorkspace, job_id: str, response: Response) -> dict[str, Any]:
    """Start a job that failed or was cancelled from the beginning."""
    response.headers.update({"Location": f"/jobs/{job_id}", **RETRY_AFTER})
    return job_response(workspace, service.retry_job(workspace, job_id))


app = create_app(router)
