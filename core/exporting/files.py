"""Export formats that are written one row at a time, so that memory does not grow with the rows."""

import csv
import io
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

from core.cell_values import format_date
from core.errors import TooLargeError
from core.exporting.cells import PLAIN, Options, Rows, finite, harmless, jsonable, nested
from core.exporting.excel import EXCEL_COLUMNS, write_workbook
from core.settings import settings

Writer = TypeVar("Writer")


class WriteRows(Protocol):
    """A function that writes a header and rows of as many cells to a file."""

    def __call__(self, file: BinaryIO, header: Sequence[str], rows: Rows, options: Options = PLAIN, /) -> None:
        """Write everything; the file stays open."""


@dataclass(frozen=True)
class Format(Generic[Writer]):
    """An export format: its ending, its media type, its writer, and how many columns it can hold.

    One that `repeats_names` has the name of the column beside each value.
    """

    ending: str
    media_type: str
    write: Writer
    max_columns: int | None = None
    repeats_names: bool = False

    def check_columns(self, count: int) -> None:
        """Raise `TooLargeError` for more columns than such a file holds."""
        if self.max_columns is not None and count > self.max_columns:
            raise TooLargeError(
                f"{count:,} columns do not fit into an Excel sheet, which holds {self.max_columns:,}. "
                f"Ask for csv (or for parquet, where that is offered)."
            )

    def check_names(self, names: Collection[str], rows: int) -> None:
        """Raise `TooLargeError` where the names of the columns alone make a file larger than any may be."""
        limit = settings().max_file_bytes
        if self.repeats_names and rows * sum(map(len, names)) > limit:
            raise TooLargeError(
                f"{rows:,} objects with the names of {len(names):,} columns in each are more than {limit:,} bytes. "
                "Ask for csv (or for parquet, where that is offered)."
            )


@dataclass(frozen=True)
class NamedFile:
    """A file on this machine's disk, and its name for the caller."""

    path: Path
    name: str
    media_type: str
    # How many seconds ago storage said that the model serves which made it, while storage does not answer.
    stale_seconds: float | None = None


def _csv(file: BinaryIO, header: Sequence[str], rows: Rows, options: Options = PLAIN, /) -> None:
    """Write UTF-8 with a byte order mark, without which Excel garbles Chinese; None becomes an empty cell."""
    style = options.style
    text = io.TextIOWrapper(file, "utf-8-sig" if style.bom else "utf-8", "replace", newline="")
    writer = csv.writer(text, delimiter=style.delimiter)
    write_text = _as_is if options.raw else harmless

    def write_nested(value: Any) -> str:
        return write_text(nested(value))

    cells = {**CSV_CELLS, str: write_text, list: write_nested, dict: write_nested}
    if style.decimal != ".":
        cells[float] = lambda number: repr(number).replace(".", style.decimal) if isfinite(number) else None
    writer.writerow([write_text(name) for name in header])
    writer.writerows([cells.get(type(cell), _as_is)(cell) for cell in row] for row in rows)
    text.detach()


def _as_is(cell: Any) -> Any:
    """Return the cell unchanged."""
    return cell


CSV_CELLS: dict[type, Callable[[Any], Any]] = {
    float: finite,
    bool: lambda value: "true" if value else "false",
    datetime: format_date,
}


def _json(file: BinaryIO, header: Sequence[str], rows: Rows, options: Options = PLAIN, /) -> None:
    """Write an array of objects; None, NaN and infinity become null."""
    separator = b"[" if options.begins else b",\n"
    for row in rows:
        file.write(separator + _json_object(dict(zip(header, row, strict=True))))
        separator = b",\n"
    if options.ends:
        file.write(b"[]" if separator == b"[" else b"]")


def _json_lines(file: BinaryIO, header: Sequence[str], rows: Rows, options: Options = PLAIN, /) -> None:
    """Write an object a line, as `_json` has it."""
    for row in rows:
        file.write(_json_object(dict(zip(header, row, strict=True))) + b"\n")


def _json_object(values: dict[str, Any]) -> bytes:
    """Return a row as a JSON object."""
    try:
        text = json.dumps(values, ensure_ascii=False, allow_nan=False, default=format_date)
    except ValueError:
        text = json.dumps(jsonable(values), ensure_ascii=False, default=format_date)
    return text.encode("utf-8", "replace")


FORMATS: dict[str, Format[WriteRows]] = {
    "csv": Format("csv", "text/csv; charset=utf-8", _csv),
    "excel": Format(
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        write_workbook,
        EXCEL_COLUMNS,
    ),
    "json": Format("json", "application/json", _json, repeats_names=True),
    "jsonl": Format("jsonl", "application/x-ndjson", _json_lines, repeats_names=True),
}
