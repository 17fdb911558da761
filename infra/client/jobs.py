"""Jobs of a running service: list them, cancel or retry one, follow one until it is over."""

import time

from core.types import Json
from infra.client.service import POLL_SECONDS, ReportProgress, Service, explain

OVER = ("succeeded", "failed", "cancelled")


class JobError(Exception):
    """A job that was followed did not succeed; the message says why."""


def list_jobs(service: Service, limit: int) -> list[Json]:
    """Return the newest jobs, at most `limit`."""
    jobs: list[Json] = service.call("GET", "/jobs", params={"limit": limit})["jobs"]
    return jobs


def cancel_job(service: Service, job_id: str) -> None:
    """Cancel a job."""
    service.call("POST", f"/jobs/{job_id}/cancel")


def retry_job(service: Service, job_id: str) -> None:
    """Let a job that has failed begin anew."""
    service.call("POST", f"/jobs/{job_id}/retry")


def follow_job(service: Service, job_id: str, report_progress: ReportProgress) -> Json:
    """Wait until a job is over, and return it; raises `JobError` unless it has succeeded."""
    while True:
        job = service.call("GET", f"/jobs/{job_id}")
        report_progress(job["stage"], job["progress"])
        if job["status"] in OVER:
            break
        time.sleep(POLL_SECONDS)
    if job["status"] != "succeeded":
        raise JobError(explain_failure(job))
    return job


def explain_failure(job: Json) -> str:
    """Say why a job did not succeed."""
    return explain(job["error"]) if job["error"] else f"The job was {job['status']}."
