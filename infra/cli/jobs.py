"""`regatta jobs` and `regatta redrive`: jobs, and the dead letters of those that were given up."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import Url
from infra.cli.terminal import console, exit_on_errors, failure, service_url, use_running_stack

if TYPE_CHECKING:
    from core.types import Json
    from infra.dead_letters import DescribedLetter


def jobs(
    follow: Annotated[str | None, typer.Option(metavar="ID", help="Show how far this one is until it is over.")] = None,
    cancel: Annotated[str | None, typer.Option(metavar="ID", help="End this one.")] = None,
    retry: Annotated[str | None, typer.Option(metavar="ID", help="Let this one begin anew.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 20,
    url: Url = None,
) -> None:
    """Show the newest jobs and the dead letters; or follow, cancel or retry one."""
    from infra.cli.display import progress_bar
    from infra.client.jobs import JobError, cancel_job, follow_job, list_jobs, retry_job
    from infra.client.service import ServiceError, connect

    base_url = url or service_url()
    if url is None:
        use_running_stack()
    with exit_on_errors(ServiceError, JobError), connect(base_url) as service:
        if cancel is not None:
            cancel_job(service, cancel)
        if retry is not None:
            retry_job(service, retry)
        if follow is not None:
            with progress_bar("queued") as report_progress:
                job = follow_job(service, follow, report_progress)
            console.print(f"[green]Succeeded[/]: {_outcome(job)}", soft_wrap=True)
        else:
            _print_jobs(list_jobs(service, limit))
            # The queue of another service is out of reach.
            if url is None:
                _print_dead_letters()


def redrive() -> None:
    """Let the jobs and arrivals of the dead-letter queue begin anew, after what broke them is mended."""
    from infra import dead_letters

    use_running_stack()
    queue = dead_letters.find_queue()
    if queue is None:
        raise failure("No queue is in reach. Start the stack with `regatta up`, or set REGATTA_JOBS_QUEUE_URL.")
    with exit_on_errors():
        retried, unknown = dead_letters.redrive(queue)
    stay = f" {unknown} letters are about no job and no file of a series, and stay." if unknown else ""
    console.print(f"{retried} jobs begin anew.{stay}")


def _print_jobs(jobs: list["Json"]) -> None:
    from infra.cli.display import coloured, table

    rows = table("job", "kind", "status", "stage", "progress", "age", "reason")
    for job in jobs:
        reason = (job["error"] or {}).get("detail", "")
        progress, age = f"{job['progress']:.0%}", _age(job["created_at"])
        rows.add_row(job["job_id"], job["kind"], coloured(job["status"]), job["stage"], progress, age, reason)
    console.print(rows if jobs else "There are no jobs.")


def _print_dead_letters() -> None:
    """Print the dead letters of the queue of the settings, if there are any."""
    from infra.cli.display import table
    from infra.dead_letters import describe_dead_letters, find_queue

    queue = find_queue()
    letters: list[DescribedLetter] = describe_dead_letters(queue) if queue else []
    if not letters:
        return
    rows = table("dead letter", "kind", "workspace", "tries", "reason")
    for one in letters:
        rows.add_row(one.subject, one.kind, one.workspace, str(one.letter.receives), one.reason)
    console.print(rows)
    console.print("`regatta redrive` lets them begin anew.")


def _outcome(job: "Json") -> str:
    """Return the model of a training, or the texts and numbers of another job's result."""
    result = job["result"] or {}
    model = result.get("best") or result
    if "model_name" in model:
        return f"{model['model_name']} version {model['version']}, R2 {model['metrics']['r2']:.3f}"
    return ", ".join(f"{name} {value}" for name, value in result.items() if isinstance(value, str | int | float))


def _age(created_at: str) -> str:
    """Return the time since an ISO 8601 date in its largest unit."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(created_at)).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
