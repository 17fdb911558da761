"""`regatta files`, `regatta profile` and `regatta process`: uploaded files, what is in them, how they are cleaned."""

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import AsJson, Data, Quiet, Url
from infra.cli.output import Output
from infra.cli.pages import Cursor, Limit, hint, listing
from infra.cli.service import ask, connect
from infra.cli.stored_data import file_id_of, find_stored, is_file
from regatta.choice import segment

if TYPE_CHECKING:
    from core.types import Json

METHODS = ("drop", "mean", "median", "mode")
SEVERITIES = {"error": "red", "warning": "yellow"}
# So many columns with a finding of one kind are named besides the first.
NAMED = 5


def files(
    switch: Annotated[str | None, typer.Option(metavar="FILE", help="Make this one the current file.")] = None,
    rename: Annotated[
        tuple[str, str] | None, typer.Option(metavar="FILE NAME", help="Give this one another name.")
    ] = None,
    delete: Annotated[str | None, typer.Option(metavar="FILE", help="Delete this one; its models stay.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """List the uploaded files, the newest last; or switch to one, rename one, or delete one.

    FILE is a file_id, or a name, of which the newest counts. --quiet lists all identifiers, and nothing else.
    """
    output = Output(as_json, quiet)
    if sum(asked is not None for asked in (switch, rename, delete)) > 1:
        raise typer.BadParameter("Give one of --switch, --rename and --delete.")
    with connect(url) as client:
        if switch is not None:
            found = ask(client, "POST", f"/data/switch/{segment(find_stored(client, switch))}")
            output.answer(found, found["file_id"], f"{found['filename']} ({found['file_id']}) is current now.")
        elif rename is not None:
            path = f"/data/files/{segment(find_stored(client, rename[0]))}"
            found = ask(client, "PATCH", path, json={"filename": rename[1]})
            output.answer(found, found["file_id"], f"{found['file_id']} is called {found['filename']} now.")
        elif delete is not None:
            found = ask(client, "DELETE", f"/data/files/{segment(find_stored(client, delete))}")
            output.answer(found, found["deleted"], f"{found['deleted']} is deleted.")
        else:
            listed = listing(client, "/data/files", "files", output, limit=limit, cursor=cursor)
            _print_files(listed, output)
            hint(output, "files", listed)


def profile(data: Data = None, as_json: AsJson = False, quiet: Quiet = False, url: Url = None) -> None:
    """Show the columns of FILE with their statistics, and what is unusual about it.

    A file of this machine is read here; it is not uploaded, and no service need run. --quiet leaves the findings out.
    """
    output = Output(as_json, quiet)
    if is_file(data):
        found = _profile_here(str(data), output)
    else:
        with connect(url) as client:
            params = {"file_id": file_id_of(client, data, output)}
            found = ask(client, "GET", "/data/profile", params=params)
    if as_json:
        output.document(found)
    else:
        _print_profile(found, output)


def process(
    data: Data = None,
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    missing: Annotated[
        str | None, typer.Option("--missing", "--handle-missing", help=f"For gaps: {', '.join(METHODS)}.")
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--column", metavar="COLUMN=METHOD", help="For one column. Repeatable.")
    ] = None,
    leave_out: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="Not a feature. Repeatable.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Set how FILE is cleaned before training, and show what that does to it."""
    output = Output(as_json, quiet)
    by_column = _methods_by_column(columns or [])
    with connect(url) as client:
        recipe = {
            "file_id": file_id_of(client, data, output),
            "handle_missing": missing,
            "columns": by_column,
            "leave_out": leave_out,
            "target_column": target,
        }
        sent = {name: value for name, value in recipe.items() if value}
        found = ask(client, "POST", "/data/process", json=sent, keyed=True)
    if as_json:
        output.document(found)
    else:
        _print_processed(found, output)


def _print_files(listed: "Json", output: Output) -> None:
    from infra.cli.figures import age, size
    from infra.cli.tables import Cell, Column, Table

    if output.as_json:
        output.document(listed)
    elif output.quiet:
        for file in listed["files"]:
            output.result(file["file_id"])
    else:
        table = Table(
            [
                Column("file_id", is_whole=True),
                Column("name"),
                Column("rows", is_figure=True),
                Column("columns", is_figure=True),
                Column("size", is_figure=True),
                Column("age", is_figure=True),
                Column("current"),
            ]
        )
        for file in listed["files"]:
            figures = (f"{file['rows']:,}", f"{file['columns']:,}", size(file["size_bytes"]), age(file["created_at"]))
            current = Cell("current", "green") if file["file_id"] == listed["current"] else Cell("no")
            table.add(file["file_id"], file["filename"], *figures, current)
        output.table(table, "No file was uploaded yet. `regatta upload FILE` uploads one.")


def _profile_here(path: str, output: Output) -> "Json":
    """Return the profile of a file of this machine as the service would give it."""
    from infra.cli.local_data import describe

    described = describe(path, None, output)
    return {name: value for name, value in described.profile.items() if name != "preview"}


def _print_profile(found: "Json", output: Output) -> None:
    from core.severity import grouped
    from infra.cli.figures import counted, number
    from infra.cli.tables import Column, Table

    table = Table(
        [
            Column("column"),
            Column("type"),
            *(Column(name, is_figure=True) for name in ("missing", "distinct", "min", "median", "max")),
        ]
    )
    for name, statistics in found["columns"].items():
        bounds = (statistics.get(figure) for figure in ("min", "median", "max"))
        shown = (number(value) if isinstance(value, int | float) else value for value in bounds)
        table.add(name, statistics["type"], f"{statistics['missing']:,}", _count(statistics.get("distinct")), *shown)
    output.line(f"{counted(found['rows'], 'row')}, {found['duplicate_rows']:,} of them repeat an earlier one.")
    output.table(table, "The file has no columns.")
    if output.quiet or not found["findings"]:
        return
    output.line("")
    for finding, *others in grouped(found["findings"]):
        place = f"{finding['column']}: " if finding["column"] else ""
        colour = SEVERITIES.get(finding["severity"], "")
        output.line(f"{finding['severity']}: {place}{finding['finding']}", colour)
        if others:
            columns = ", ".join(str(each["column"]) for each in others[:NAMED])
            output.line(f"  likewise {columns}" + (f" and {len(others) - NAMED:,} more" if others[NAMED:] else ""))
        if finding["suggestion"]:
            output.line(f"  {finding['suggestion']}")


def _print_processed(found: "Json", output: Output) -> None:
    from infra.cli.figures import counted, number

    before, after = found["before"], found["after"]
    for name in ("rows", "columns", "missing_values"):
        output.line(f"{name.replace('_', ' ')}: {before[name]:,} -> {after[name]:,}")
    for name, count in found["dropped_rows"].items():
        output.line(f"dropped {counted(count, 'row')} without {name}")
    for name, value in found["imputed"].items():
        output.line(f"gaps in {name} get {number(value) if isinstance(value, int | float) else value}")
    for name, count in found["encoded"].items():
        output.line(f"{name} is one-hot encoded as {counted(count, 'column')}")
    if found["left_out"]:
        output.line(f"left out: {', '.join(found['left_out'])}")
    for note in found["notes"]:
        output.note(f"note: {note}")
    if output.quiet:
        output.result(found["file_id"])


def _methods_by_column(pairs: list[str]) -> dict[str, str]:
    """Return by column its method from texts such as `age=median`; the service checks the methods."""
    if wrong := next((pair for pair in pairs if "=" not in pair), None):
        raise typer.BadParameter(f"{wrong!r} is not of the form COLUMN=METHOD, such as age=median.")
    return {column: method for column, _, method in (pair.rpartition("=") for pair in pairs)}


def _count(count: int | None) -> str | None:
    return None if count is None else f"{count:,}"
