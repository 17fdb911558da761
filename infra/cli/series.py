"""The commands about series: files that arrive one after another and train one model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.options import AsJson, Quiet, Url
from infra.cli.output import COLOURS, Output
from infra.cli.pages import Cursor, hint, listing
from infra.cli.service import ask, connect, exit_with_code
from regatta.choice import segment

if TYPE_CHECKING:
    from core.types import Json

# How many decisions of a series are shown.
DECISIONS = 20


def drop(
    file: Annotated[Path, typer.Argument(help="A CSV.", exists=True, dir_okay=False)],
    series: Annotated[str, typer.Option(help="The series, and the name of the model that it trains.")],
    target: Annotated[str | None, typer.Option(help="The column to predict, where the series has none yet.")] = None,
    wait: Annotated[bool, typer.Option(help="Show what is decided about it.")] = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Send FILE into a series, whose model learns from it, and show what was decided.

    --json prints the decision. --quiet prints its state alone, such as accepted; or with --no-wait the key of the file.
    """
    from infra.cli.progress import progress_bar

    output = Output(as_json, quiet)
    with connect(url) as client:
        with progress_bar(output, "sending"):
            key = client.series.upload(series, file, target=target)
        if not wait:
            output.answer({"series": series, "key": key}, key, f"Arrived as {key}")
            return
        output.line(f"Arrived as {key}")
        with progress_bar(output, "waiting") as report_progress:
            arrival = dict(client.series.wait(series, key, on_progress=report_progress).raw)
        if as_json or quiet:
            output.answer(arrival, arrival["state"], "")
        else:
            _print_decision(client.url, arrival, output)


def series(
    name: Annotated[str | None, typer.Argument(help="The history of this one.", show_default="list all")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, max=100, help="How many to show.", show_default="one page")
    ] = None,
    cursor: Cursor = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Show every series and what serves; or what was decided about the files of one.

    --quiet lists the names alone, or the identifiers of the decisions.
    """
    output = Output(as_json, quiet)
    with connect(url) as client:
        if name is None:
            listed = listing(client, "/series", "series", output, limit=limit, cursor=cursor)
            _print_all_series(listed, output)
            hint(output, "series", listed)
        else:
            _print_one_series(client, name, limit or DECISIONS, output)


def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what was missed.")] = False,
    workspace: Annotated[str | None, typer.Option(help="Whose files.", show_default="everybody's")] = None,
) -> None:
    """Find the files below incoming/ for which no event came, and submit their jobs."""
    from infra.cli.terminal import use_running_stack

    output = Output()
    with exit_with_code():
        use_running_stack()
        from core.services.series.arrivals import reconcile as find_missed
        from core.storage.container import container

        missed = find_missed(container(), workspace, dry_run=dry_run)
    for one in missed:
        output.line(f"{one.key}" + (f": job {one.job.job_id}" if one.job else ""))
    outcome = "were missed" if dry_run else "were missed and have a job now"
    output.line(f"{len(missed)} files {outcome}.")


def _print_decision(url: str, arrival: "Json", output: Output) -> None:
    """Print what was decided about a file, what serves now, and where the report is."""
    series = arrival["series"]
    output.line(f"{arrival['state']}: {arrival['reason']}", COLOURS.get(arrival["state"], ""))
    if arrival["champion"] is not None:
        now = "now" if arrival["promoted"] else "still"
        output.line(f"Version {arrival['champion']} of {series} serves {now}.")
    output.line(f"Report: {url}/series/{segment(series)}/reports/{arrival['job_id']}?format=html")


def _print_all_series(listed: "Json", output: Output) -> None:
    from infra.cli.tables import Cell, Column, Table

    if output.as_json:
        output.document(listed)
        return
    if output.quiet:
        for series in listed["series"]:
            output.result(series["name"])
        return
    table = Table(
        [
            Column("series"),
            Column("target"),
            *(Column(name, is_figure=True) for name in ("champion", "files")),
            Column("newest"),
            Column("decided"),
        ]
    )
    for series in listed["series"]:
        newest = series["newest"] or {"state": None, "decided_at": None}
        state = Cell(newest["state"], COLOURS.get(newest["state"] or "", ""))
        target = series["settings"]["target_column"]
        table.add(series["name"], target, series["champion"], series["arrivals"], state, newest["decided_at"])
    output.table(table, "There are no series. `regatta drop FILE --series NAME` begins one.")


def _print_one_series(client: Any, name: str, limit: int, output: Output) -> None:
    """Print the jobs of files that are not decided, and below them the newest decisions as a table."""
    from infra.cli.tables import Cell, Column, Table

    history = ask(client, "GET", f"/series/{segment(name)}/history", params={"limit": limit})
    if output.as_json:
        output.document(history)
        return
    if output.quiet:
        for arrival in history["history"]:
            output.result(arrival["job_id"])
        return
    for job in ask(client, "GET", f"/series/{segment(name)}")["jobs"]:
        output.line(f"{job['key']}: {job['stage']}, job {job['job_id']}")
    table = Table(
        [
            Column("decided"),
            Column("file"),
            *(Column(name, is_figure=True) for name in ("rows", "version", "champion")),
            Column("state"),
            Column("reason"),
        ]
    )
    for arrival in history["history"]:
        figures = (arrival["rows"], arrival["version"], arrival["champion"])
        shown = (None if figure is None else f"{figure:,}" for figure in figures)
        state = Cell(arrival["state"], COLOURS.get(arrival["state"], ""))
        table.add(arrival["decided_at"], arrival["filename"], *shown, state, arrival["reason"])
    output.table(table, "Nothing was decided yet.")
