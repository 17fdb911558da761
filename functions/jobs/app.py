"""Long work: GET /jobs, GET /jobs/{job_id}, and POST to cancel or to retry one."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from core.jobs import service
from functions.http import CallerWorkspace, create_app
from functions.idempotency import IdempotentRoute
from functions.job_responses import job_response, job_summary

router = APIRouter(prefix="/jobs", tags=["jobs"], route_class=IdempotentRoute)

PAGE_DEFAULT = 20
PAGE_LIMIT = 100


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
def job_status(workspace: CallerWorkspace, job_id: str) -> dict[str, Any]:
    """Return the progress of a job, and its result or its error when it is over."""
    return job_response(workspace, service.job_status(workspace, job_id))


@router.post("/{job_id}/cancel", status_code=202)
def cancel_job(workspace: CallerWorkspace, job_id: str) -> dict[str, Any]:
    """Cancel a job; a running one ends at its next progress report."""
    return job_response(workspace, service.cancel_job(workspace, job_id))


@router.post("/{job_id}/retry", status_code=202)
def retry_job(workspace: CallerWorkspace, job_id: str) -> dict[str, Any]:
    """Start a job that failed or was cancelled from the beginning."""
    return job_response(workspace, service.retry_job(workspace, job_id))


app = create_app(router)
