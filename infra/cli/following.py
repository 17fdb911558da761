"""Long work of the service: ask for it as a job, follow it, and return its result."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from infra.cli.exit_codes import ExitCode
from infra.cli.service import CommandError
from regatta.errors import explained

if TYPE_CHECKING:
    from core.types import Json
    from regatta import Regatta

# Takes each state of a job.
ShowJob = Callable[["Json"], None]


def result_of(client: "Regatta", path: str, show: ShowJob, **options: Any) -> "Json":
    """Ask for work as a job, follow it, and return its result, which is what the call would have answered.

    Raises `CommandError` for a job that failed or was cancelled without a result. Ctrl-C leaves it running, and says
    how to go on.
    """
    response = client.request("POST", path, headers={"Prefer": "respond-async"}, keyed=True, **options)
    answer: Json = response.json()
    if response.status_code != 202:
        return answer
    return finished_job(follow(client, answer["job_id"], show))


def follow(client: "Regatta", job_id: str, show: ShowJob) -> "Json":
    """Return a job once it is over; `show` gets each of its states. Ctrl-C is a `CommandError`: the job goes on."""
    job: Json = {}
    try:
        for changed in client.jobs.follow(job_id):
            job = dict(changed.raw)
            show(job)
    except KeyboardInterrupt:
        raise CommandError(
            f"The job goes on. `regatta jobs --follow {job_id}` shows it, `--cancel {job_id}` ends it.",
            ExitCode.INTERRUPTED,
        ) from None
    return job


def finished_job(job: "Json") -> "Json":
    """Return the result of a job that is over; raises `CommandError` for one that has none."""
    result: Json | None = job["result"]
    if result is None:
        raise CommandError(_explain_failure(job))
    return result


def _explain_failure(job: "Json") -> str:
    """Say why a job did not succeed, and the way out."""
    again = f"`regatta jobs --retry {job['job_id']}` lets it begin anew."
    if job["error"] is None:
        return f"The job {job['job_id']} was {job['status']}. {again}"
    return explained(str(job["error"]["detail"]), job["error"].get("errors") or ())
