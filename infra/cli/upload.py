"""`regatta upload`."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.options import Url
from infra.cli.terminal import console, error_console, failure, service_url


def upload(
    file: Annotated[
        Path, typer.Argument(help="A CSV, workbook, Parquet or JSON file of any size.", exists=True, dir_okay=False)
    ],
    url: Url = None,
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
) -> None:
    """Upload FILE in parts, going on where an earlier run broke off, and wait until it is a dataset."""
    from infra.cli.upload_display import TerminalUploadDisplay
    from infra.client.part_upload import PartError
    from infra.client.service import ServiceError, connect
    from infra.client.upload import Upload, UploadError, UploadRecord

    base_url = url or service_url()
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
    try:
        with connect(base_url) as service:
            record = UploadRecord(base_url, file, reading)
            dataset = Upload(service, file, reading, record).run(TerminalUploadDisplay())
    except UploadError as error:
        raise failure(str(error)) from None
    except (PartError, ServiceError) as error:
        raise failure(f"{error}\nThe same command goes on from here.") from None
    except KeyboardInterrupt:
        error_console.print("The same command goes on from here.")
        raise typer.Exit(130) from None
    shape = f"{dataset['rows']:,} rows × {dataset['columns']} columns"
    console.print(f"[green]Ready[/]: {dataset['filename']}, {shape}, file_id {dataset['file_id']}")
    for warning in dataset["warnings"]:
        console.print(f"[yellow]{warning}[/]", soft_wrap=True)


def _types_by_column(pairs: list[str]) -> dict[str, str]:
    """Return by column its type from texts such as `zip=category`; the service checks the types."""
    if wrong := next((pair for pair in pairs if "=" not in pair), None):
        raise typer.BadParameter(
            f"{wrong!r} is not of the form COLUMN=TYPE, such as zip=category.", param_hint="--type"
        )
    return {column: name for column, _, name in (pair.rpartition("=") for pair in pairs)}
