"""The commands about series: files that arrive one after another and train one model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import Url
from infra.cli.terminal import console, exit_on_errors, service_url, use_running_stack

if TYPE_CHECKING:
    from core.types import Json
    from infra.client.service import Service


def drop(
    file: Annotated[Path, typer.Argument(help="A CSV.", exists=True, dir_okay=False)],
    series: Annotated[str, typer.Option(help="The series, and the name of the model that it trains.")],
    target: Annotated[str | None, typer.Option(help="The column to predict, where the series has none yet.")] = None,
    wait: Annotated[bool, typer.Option(help="Show what is decided about it.")] = True,
    url: Url = None,
) -> None:
    """Send FILE into a series, whose model learns from it, and show what was decided."""
    from infra.cli.display import progress_bar
    from infra.client import series as client
    from infra.client.service import ServiceError, connect

    with exit_on_errors(ServiceError, client.DropError), connect(url or service_url()) as service:
        key = client.drop(service, file, series, target)
        console.print(f"Arrived as {key}", soft_wrap=True)
        if wait:
            with progress_bar("waiting") as report_progress:
                arrival = client.wait_for_decision(service, series, key, report_progress)
            _print_decision(service.url, arrival)


def series(
    name: Annotated[str | None, typer.Argument(help="The history of this one.", show_default="list all")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many decisions to show.")] = 20,
    url: Url = None,
) -> None:
    """Show every series and what serves; or what was decided about the files of one."""
    from infra.client.series import list_series
    from infra.client.service import ServiceError, connect

    with exit_on_errors(ServiceError), connect(url or service_url()) as service:
        if name is None:
            _print_all_series(list_series(service))
        else:
            _print_one_series(service, name, limit)


def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what was missed.")] = False,
    workspace: Annotated[str | None, typer.Option(help="Whose files.", show_default="everybody's")] = None,
) -> None:
    """Find the files below incoming/ for which no event came, and submit their jobs."""
    use_running_stack()
    from core.services.series.arrivals import reconcile as find_missed
    from core.storage.container import container

    with exit_on_errors():
        missed = find_missed(container(), workspace, dry_run=dry_run)
    for one in missed:
        console.print(f"{one.key}" + (f": job {one.job.job_id}" if one.job else ""), soft_wrap=True)
    outcome = "were missed" if dry_run else "were missed and have a job now"
    console.print(f"{len(missed)} files {outcome}.")


def _print_decision(url: str, arrival: "Json") -> None:
    """Print what was decided about a file, what serves now, and where the report is."""
    from infra.cli.display import coloured

    series = arrival["series"]
    console.print(f"{coloured(arrival['state'])}: {arrival['reason']}", soft_wrap=True)
    if arrival["champion"] is not None:
        now = "now" if arrival["promoted"] else "still"
        console.print(f"Version {arrival['champion']} of {series} serves {now}.")
    report = f"{url}/series/{series}/reports/{arrival['job_id']}?format=html"
    console.print(f"Report: {report}", soft_wrap=True)


def _print_all_series(listed: list["Json"]) -> None:
    from infra.cli.display import coloured, table

    rows = table("series", "target", "champion", "files", "newest", "decided")
    for series in listed:
        newest = series["newest"] or {}
        champion = "-" if series["champion"] is None else str(series["champion"])
        target = series["settings"]["target_column"] or "-"
        decided = (coloured(newest["state"]), newest["decided_at"]) if newest else ("-", "-")
        rows.add_row(series["name"], target, champion, str(series["arrivals"]), *decided)
    console.print(rows if listed else "There are no series. `regatta drop FILE --series NAME` begins one.")


def _print_one_series(service: "Service", name: str, limit: int) -> None:
    """Print the jobs of files that are not decided, and below them the newest decisions as a table."""
    from infra.cli.display import coloured, table
    from infra.client.series import history, pending_jobs

    for job in pending_jobs(service, name):
        console.print(f"{job['key']}: {job['stage']}, job {job['job_id']}", soft_wrap=True)
    arrivals = history(service, name, limit)
    rows = table("decided", "file", "rows", "version", "champion", "state", "reason")
    for arrival in arrivals:
        figures = (arrival["rows"], arrival["version"], arrival["champion"])
        cells = ("-" if figure is None else f"{figure:,}" for figure in figures)
        state = coloured(arrival["state"])
        rows.add_row(arrival["decided_at"], arrival["filename"], *cells, state, arrival["reason"])
    console.print(rows if arrivals else "Nothing was decided yet.")
