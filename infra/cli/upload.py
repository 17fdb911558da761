"""`regatta upload`."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.options import AsJson, Quiet, Url
from infra.cli.output import Output
from infra.cli.service import connect


def upload(
    file: Annotated[
        Path, typer.Argument(help="A CSV, workbook, Parquet or JSON file of any size.", exists=True, dir_okay=False)
    ],
    encoding: Annotated[str | None, typer.Option(help="Default: found out.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="One character, or tab, space. Default: found out.")] = None,
    header: Annotated[bool | None, typer.Option(help="Whether the first line names the columns.")] = None,
    dates: Annotated[str | None, typer.Option(help="The order in ambiguous dates: dmy, mdy or ymd.")] = None,
    decimal: Annotated[str | None, typer.Option(help="The mark before a fraction: point or comma.")] = None,
    thousands: Annotated[
        str | None, typer.Option(help="The mark between digits: point, comma, apostrophe or space.")
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="COLUMN=TYPE", help="integer, number, boolean, date or category. Repeatable."),
    ] = None,
    missing: Annotated[
        list[str] | None, typer.Option(help="A further spelling of a missing value. Repeatable.")
    ] = None,
    keep: Annotated[list[str] | None, typer.Option(help="A spelling of one that is an answer. Repeatable.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Of a workbook the sheet, by name or number from 1.")] = None,
    member: Annotated[str | None, typer.Option(help="Of a zip archive the file with the table.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Upload FILE in parts, going on where an earlier run broke off, and wait until it is a dataset.

    It is the current file then. --quiet prints its file_id alone.
    """
    from infra.cli.uploading import upload_with_progress

    output = Output(as_json, quiet)
    options = {
        "encoding": encoding,
        "delimiter": delimiter,
        "has_header": header,
        "dates": dates,
        "decimal": decimal,
        "thousands": thousands,
        "types": _types_by_column(types or []),
        "missing": missing,
        "keep": keep,
        "sheet": sheet,
        "member": member,
    }
    reading = {name: value for name, value in options.items() if value or value is False}
    with connect(url) as client:
        dataset = upload_with_progress(client, file, reading, output)
    for warning in dataset["warnings"]:
        output.warn(warning)
    columns = dataset.get("columns") or len(dataset["column_types"])
    shape = f"{dataset['rows']:,} rows × {columns} columns"
    output.answer(dataset, dataset["file_id"], f"Ready: {dataset['filename']}, {shape}, file_id {dataset['file_id']}")


def _types_by_column(pairs: list[str]) -> dict[str, str]:
    """Return by column its type from texts such as `zip=category`; the service checks the types."""
    if wrong := next((pair for pair in pairs if "=" not in pair), None):
        raise typer.BadParameter(
            f"{wrong!r} is not of the form COLUMN=TYPE, such as zip=category.", param_hint="--type"
        )
    return {column: name for column, _, name in (pair.rpartition("=") for pair in pairs)}
