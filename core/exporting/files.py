"""Rows with their predictions, written as a CSV, an Excel workbook or a JSON array."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import TooLargeError

Rows = Iterable[Sequence[Any]]

# Excel's own limit, header included.
EXCEL_ROWS = 1_048_576
# A text cell that starts with one of these would run as a formula in a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Format:
    """A kind of file: its ending, its media type, and what writes it from a header and rows."""

    ending: str
    media_type: str
    write: Callable[[Sequence[str], Rows], bytes]


def _csv(header: Sequence[str], rows: Rows) -> bytes:
    """UTF-8 with a byte order mark, without which Excel garbles Chinese; None becomes an empty cell."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([_harmless(name) for name in header])
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig", "replace")


def _harmless(cell: Any) -> Any:
    """A text that looks like a formula gets a quote in front; numbers are never touched."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _excel(header: Sequence[str], rows: Rows) -> bytes:
    """One sheet with a frozen header; texts are text cells, never formulas.

    Raises `TooLargeError` past Excel's 1,048,576 rows.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("predictions")
    sheet.freeze_panes = "A2"

    def cell(value: Any) -> Any:
        if isinstance(value, list | dict):
            value = json.dumps(value, ensure_ascii=False)
        if not isinstance(value, str):
            return value
        text = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        text.data_type = "s"
        return text

    sheet.append([cell(name) for name in header])
    for number, row in enumerate(rows, start=2):
        if number > EXCEL_ROWS:
            raise TooLargeError(f"Excel holds {EXCEL_ROWS:,} rows a sheet. Ask for csv, or send the rows in parts.")
        sheet.append([cell(value) for value in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _json(header: Sequence[str], rows: Rows) -> bytes:
    """An array of objects; None becomes null."""
    return json.dumps([dict(zip(header, row, strict=True)) for row in rows], ensure_ascii=False).encode(
        "utf-8", "replace"
    )


FORMATS: dict[str, Format] = {
    "csv": Format("csv", "text/csv; charset=utf-8", _csv),
    "excel": Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _excel),
    "json": Format("json", "application/json", _json),
}
