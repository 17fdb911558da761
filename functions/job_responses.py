"""Jobs as the API shows them."""

from typing import Any

from core.jobs.service import job_result
from core.storage.job_repository import Job
from core.storage.workspace import Workspace
from functions.links import with_links

JOB_FIELDS = {
    "job_id",
    "kind",
    "status",
    "stage",
    "progress",
    "parts",
    "attempts",
    "created_at",
    "started_at",
    "finished_at",
    "error",
}


def job_response(workspace: Workspace, job: Job) -> dict[str, Any]:
    """Return one job with its live leaderboard and its result, which is what the call would have answered."""
    standings = [{**row, "running": False} for row in job.standings] if job.is_over else job.standings
    return with_links({**_shown(job), "standings": standings, "result": job_result(workspace, job)})


def job_summary(job: Job) -> dict[str, Any]:
    """Return a job as a list shows it: with the stored result, without the model itself."""
    return with_links({**_shown(job), "result": job.result})


def _shown(job: Job) -> dict[str, Any]:
    """Return the fields of every answer about a job, as they are stored."""
    fields = job.model_dump(include=JOB_FIELDS)
    if job.is_interrupted:
        fields["stage"] = "interrupted"
    elif job.cancel_requested and not job.is_over:
        fields["stage"] = "cancelling"
    return fields
