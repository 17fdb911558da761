"""`regatta jobs` and `regatta redrive`: jobs, and the dead letters of those that were given up."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.options import AsJson, Quiet, Url
from infra.cli.output import COLOURS, Output
from infra.cli.pages import Cursor, hint, page
from infra.cli.service import CommandError, ask, connect, exit_with_code
from regatta.choice import segment

if TYPE_CHECKING:
    from core.types import Json
    from infra.dead_letters import DescribedLetter


def jobs(
    follow: Annotated[str | None, typer.Option(metavar="ID", help="Show how far this one is until it is over.")] = None,
    cancel: Annotated[str | None, typer.Option(metavar="ID", help="End this one.")] = None,
    retry: Annotated[str | None, typer.Option(metavar="ID", help="Let this one begin anew.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 20,
    cursor: Cursor = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Show the newest jobs and the dead letters; or follow, cancel or retry one.

    --quiet lists the identifiers alone. --json and --quiet leave the dead letters out.
    """
    output = Output(as_json, quiet)
    with connect(url) as client:
        changed: Json | None = None
        if cancel is not None:
            changed = ask(client, "POST", f"/jobs/{segment(cancel)}/cancel")
        if retry is not None:
            changed = ask(client, "POST", f"/jobs/{segment(retry)}/retry", keyed=True)
        if follow is not None:
            _follow(client, follow, output)
        elif changed is not None and (as_json or quiet):
            output.answer(changed, changed["job_id"], "")
        else:
            listed = page(client, "/jobs", limit, cursor)
            _print_jobs(listed, output)
            hint(output, "jobs", listed)
            for warning in listed.get("warnings", ()):
                output.warn(warning)
            # The queue of another service is out of reach.
            if _is_here(client.url) and not as_json and not quiet:
                _print_dead_letters(output)


def redrive() -> None:
    """Let the jobs and arrivals of the dead-letter queue begin anew, after what broke them is mended."""
    from infra import dead_letters
    from infra.cli.terminal import use_running_stack

    with exit_with_code():
        use_running_stack()
        queue = dead_letters.find_queue()
        if queue is None:
            raise CommandError(
                "No queue is in reach. Start the stack with `regatta up`, or set REGATTA_JOBS_QUEUE_URL."
            )
        retried, unknown = dead_letters.redrive(queue)
    stay = f" {unknown} letters are about no job and no file of a series, and stay." if unknown else ""
    Output().line(f"{retried} jobs begin anew.{stay}")


def _is_here(url: str) -> bool:
    """Return whether a URL is that of the service on this machine, whose queue is known."""
    from infra.cli.terminal import service_url

    return url == service_url()


def _follow(client: Any, job_id: str, output: Output) -> None:
    """Show a job until it is over, and what came of it."""
    from infra.cli.following import finished_job, follow
    from infra.cli.progress import progress_bar

    with progress_bar(output, "queued") as report_progress:
        job = follow(client, job_id, lambda job: report_progress(job["stage"], job["progress"]))
    if output.as_json:
        output.document(job)
    if job["status"] == "failed" or (job["status"] == "cancelled" and job["result"] is None):
        finished_job(job)
    output.answer(job, job["job_id"], f"{job['status'].capitalize()}: {_outcome(job)}") if not output.as_json else None


def _print_jobs(listed: "Json", output: Output) -> None:
    from infra.cli.figures import age
    from infra.cli.tables import Cell, Column, Table

    if output.as_json:
        output.document(listed)
        return
    if output.quiet:
        for job in listed["jobs"]:
            output.result(job["job_id"])
        return
    table = Table(
        [
            Column("job", is_whole=True),
            *map(Column, ("kind", "status", "stage")),
            *(Column(name, is_figure=True) for name in ("progress", "age")),
            Column("reason"),
        ]
    )
    for job in listed["jobs"]:
        state = Cell(job["status"], COLOURS.get(job["status"], ""))
        reason = (job["error"] or {}).get("detail")
        table.add(
            job["job_id"], job["kind"], state, job["stage"], f"{job['progress']:.0%}", age(job["created_at"]), reason
        )
    output.table(table, "There are no jobs.")


def _print_dead_letters(output: Output) -> None:
    """Print the dead letters of the queue of the settings, if there are any."""
    from infra.cli.tables import Column, Table
    from infra.cli.terminal import use_running_stack
    from infra.dead_letters import describe_dead_letters, find_queue

    use_running_stack()
    queue = find_queue()
    letters: list[DescribedLetter] = describe_dead_letters(queue) if queue else []
    if not letters:
        return
    table = Table(
        [
            Column("dead letter", is_whole=True),
            *map(Column, ("kind", "workspace")),
            Column("tries", is_figure=True),
            Column("reason"),
        ]
    )
    for one in letters:
        table.add(one.subject, one.kind, one.workspace, one.letter.receives, one.reason)
    output.table(table, "")
    output.line("`regatta redrive` lets them begin anew.")


def _outcome(job: "Json") -> str:
    """Return the model of a training, or the texts and numbers of another job's result."""
    result = job["result"] or {}
    model = result.get("best") or result
    if "model_name" in model and "metrics" in model:
        return f"{model['model_name']} version {model['version']}, R2 {model['metrics']['r2']:.3f}"
    return ", ".join(f"{name} {value}" for name, value in result.items() if isinstance(value, str | int | float))
