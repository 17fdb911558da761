"""Rows written as a CSV, an Excel workbook or a JSON array, one at a time, so that their number hardly matters.

A cell is None, bool, int, float, str, datetime (naive), or whatever JSON a caller sent along.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any, BinaryIO, Generic, TypeVar

from core.errors import TooLargeError
from core.values import write_date

Rows = Iterable[Sequence[Any]]
WriteRows = Callable[[BinaryIO, Sequence[str], Rows], None]
W = TypeVar("W")

# Excel's own limits: a sheet's rows with the header, its columns, the characters of a cell, the digits of a number, and
# the first year it has dates for.
EXCEL_ROWS = 1_048_576
EXCEL_COLUMNS = 16_384
EXCEL_CHARACTERS = 32_767
EXCEL_DIGITS = 10**15
EXCEL_YEAR = 1900
# A text cell that starts with one of these would run as a formula in a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Format(Generic[W]):
    """A kind of file: its ending, its media type, what writes it, and what it can hold."""

    ending: str
    media_type: str
    write: W
    max_rows: int | None = None
    max_columns: int | None = None

    def check_size(self, rows: int, columns: int) -> None:
        """Raise `TooLargeError` for a table that such a file cannot hold; `rows` are without the header."""
        if rows > (self.max_rows or rows) or columns > (self.max_columns or columns):
            raise TooLargeError(
                f"{rows:,} rows of {columns:,} columns do not fit into an Excel sheet, which holds {self.max_rows:,} "
                f"below its header and {self.max_columns:,}. Ask for csv (or for parquet, where that is offered)."
            )


def _csv(file: BinaryIO, header: Sequence[str], rows: Rows) -> None:
    """UTF-8 with a byte order mark, without which Excel garbles Chinese; None becomes an empty cell."""
    text = io.TextIOWrapper(file, "utf-8-sig", "replace", newline="")
    writer = csv.writer(text)
    writer.writerow([harmless(name) for name in header])
    writer.writerows([CSV_CELLS.get(type(cell), _as_is)(cell) for cell in row] for row in rows)
    text.detach()


def harmless(text: str) -> str:
    """A text that looks like a formula gets a quote in front; numbers are never touched."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _as_is(cell: Any) -> Any:
    return cell


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _nested(value: Any) -> str:
    return json.dumps(_jsonable(value), ensure_ascii=False)


CSV_CELLS: dict[type, Callable[[Any], Any]] = {
    str: harmless,
    float: _finite,
    bool: lambda value: "true" if value else "false",
    datetime: write_date,
    list: _nested,
    dict: _nested,
}


def _excel(file: BinaryIO, header: Sequence[str], rows: Rows) -> None:
    """One sheet with a frozen header; texts are text cells, never formulas, and dates are dates.

    Raises `TooLargeError` for a text that is longer than a cell. Leaves no temporary file, whatever happens.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("data")
    sheet.freeze_panes = "A2"

    def cell(value: Any, row: int, column: int) -> Any:
        plain = EXCEL_CELLS.get(type(value), _as_is)(value)
        if not isinstance(plain, str):
            return plain
        if len(plain) > EXCEL_CHARACTERS:
            raise TooLargeError(
                f"Row {row}, column {header[column]!r:.80}: {len(plain):,} characters are more than the "
                f"{EXCEL_CHARACTERS:,} that a cell of Excel holds. Ask for csv."
            )
        text = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", plain))
        text.data_type = "s"
        return text

    try:
        sheet.append([cell(name, 1, column) for column, name in enumerate(header)])
        for number, row in enumerate(rows, start=2):
            sheet.append([cell(value, number, column) for column, value in enumerate(row)])
        book.save(file)
    except BaseException:
        # openpyxl has the sheet in a file of its own, and removes it only when it comes to the end.
        sheet.close()
        sheet._writer.cleanup()
        raise


def _excel_date(moment: datetime) -> datetime | str:
    return moment if moment.year >= EXCEL_YEAR else write_date(moment)


def _excel_integer(number: int) -> int | str:
    """Excel calculates with 15 digits: what has more stays whole as a text only."""
    return number if abs(number) < EXCEL_DIGITS else str(number)


EXCEL_CELLS: dict[type, Callable[[Any], Any]] = {
    float: _finite,
    int: _excel_integer,
    datetime: _excel_date,
    list: _nested,
    dict: _nested,
}


def _json(file: BinaryIO, header: Sequence[str], rows: Rows) -> None:
    """An array of objects; None, and a number that is none, become null."""
    separator = b"["
    for row in rows:
        file.write(separator + _json_object(dict(zip(header, row, strict=True))))
        separator = b",\n"
    file.write(b"[]" if separator == b"[" else b"]")


def _json_object(values: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(values, ensure_ascii=False, allow_nan=False, default=write_date)
    except ValueError:
        text = json.dumps(_jsonable(values), ensure_ascii=False, default=write_date)
    return text.encode("utf-8", "replace")


def _jsonable(value: Any) -> Any:
    """The value with null in place of every NaN and infinity."""
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    return value


FORMATS: dict[str, Format[WriteRows]] = {
    "csv": Format("csv", "text/csv; charset=utf-8", _csv),
    "excel": Format(
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _excel,
        EXCEL_ROWS - 1,
        EXCEL_COLUMNS,
    ),
    "json": Format("json", "application/json", _json),
}
