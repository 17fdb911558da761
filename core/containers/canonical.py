"""Write rows of typed cells as a canonical text, and keep which kinds of cells each column has.

The canonical text is a CSV in UTF-8 with commas, one row for each row of the container. Dates are ISO 8601, numbers
have all their digits, booleans are `true` and `false`, and a missing value is empty.
"""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.amounts import EXACT_INTEGER
from core.cell_values import MISSING
from core.delimited.cell_kinds import cell_kind
from core.errors import TooLargeError
from core.types import ColumnType

if TYPE_CHECKING:
    from _csv import Writer

# The kinds of these rows are kept one by one, since the header may be any of them.
HEAD_ROWS = 200
BATCH_ROWS = 1_000
# A number with leading zeros is a code, and so is one of more digits than a float keeps.
CODE = re.compile(r"[-+]?(?:0\d+|\d{16,})")
MIDNIGHT = time()
# Whole numbers below are written without a fraction.
WHOLE = 1e15

# Kinds of cells: "" for a missing one, the types of a column, "time" and "duration", and these of texts.
TEXT, CODE_TEXT, NUMBER_TEXT, DATE_TEXT = "text", "text:code", "text:number", "text:date"
TEXTS = {TEXT, CODE_TEXT, NUMBER_TEXT, DATE_TEXT}
TYPES: dict[frozenset[str], ColumnType] = {
    frozenset({"integer"}): "integer",
    frozenset({"number"}): "number",
    frozenset({"integer", "number"}): "number",
    frozenset({"boolean"}): "boolean",
    frozenset({"date"}): "date",
}


@dataclass
class ColumnKinds:
    """Which kinds of cells each column has, by position: row by row in the head, as a set below it."""

    head: list[list[str]] = field(default_factory=list)
    below: list[set[str]] = field(default_factory=list)

    def of(self, first: int) -> list[set[str]]:
        """Return the kinds of each column from the row `first` (from 0) on, without missing values."""
        rows = self.head[first:]
        width = max(len(self.below), *map(len, rows), 0)
        columns = [set(self.below[i]) if i < len(self.below) else set() for i in range(width)]
        for row in rows:
            for position, kind in enumerate(row):
                columns[position].add(kind)
        return [kinds - {""} for kinds in columns]


def column_type(kinds: set[str]) -> ColumnType | None:
    """Return the type that cells of these kinds certainly have; None where their texts decide.

    Texts that look like numbers stay texts. Texts that look like dates, and words such as yes and no, are read as in
    any CSV, and so is a column of numbers and texts.
    """
    if kinds <= TEXTS and kinds & {CODE_TEXT, NUMBER_TEXT}:
        return "category"
    return TYPES.get(frozenset(kinds))


class CanonicalWriter:
    """Writes rows to `path`, at most `max_bytes` of text; `decimal` is the mark of fractions."""

    def __init__(self, path: Path, max_bytes: int, decimal: str = ".") -> None:
        self.path = path
        self.kinds = ColumnKinds()
        self._max_bytes = max_bytes
        self._decimal = decimal
        # By type of cell: how it is written, and its kind. Every text is of the kind `TEXT` there.
        self._converters: dict[type, Callable[[Any], tuple[Any, str]]] = {
            str: lambda cell: (cell, TEXT) if cell else (None, ""),
            float: self._float,
            # Beyond what a float keeps, digits identify something.
            int: lambda cell: (cell, "integer" if abs(cell) <= EXACT_INTEGER else CODE_TEXT),
            bool: lambda cell: ("true" if cell else "false", "boolean"),
            type(None): lambda cell: (None, ""),
            date: lambda cell: (cell, "date"),
            datetime: lambda cell: (cell.date() if cell.time() == MIDNIGHT else cell.isoformat(sep=" "), "date"),
            time: lambda cell: (cell, "time"),
            timedelta: lambda cell: (self._float(cell.total_seconds())[0], "duration"),
        }

    def write(self, rows: Iterable[Sequence[Any]]) -> int:
        """Write all rows, of which each is as long as the first one; return how many. Raises `TooLargeError`."""
        left = iter(rows)
        with self.path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            count = self._write_head(writer, list(islice(left, HEAD_ROWS)))
            while batch := list(islice(left, BATCH_ROWS)):
                count += len(batch)
                columns = [self._column(position, cells) for position, cells in enumerate(zip(*batch, strict=True))]
                writer.writerows(zip(*columns, strict=True))
                self._check_size(file.tell())
            self._check_size(file.tell())
        return count

    def _write_head(self, writer: "Writer", rows: list[Sequence[Any]]) -> int:
        """Write the first rows, those above all cells as blank lines, and keep the kind of each of their cells."""
        has_begun = False
        for row in rows:
            cells = [self._converters[type(cell)](cell) for cell in row]
            has_begun = has_begun or any(kind for _, kind in cells)
            writer.writerow([cell for cell, _ in cells] if has_begun else [])
            self.kinds.head.append([text_kind(cell) if kind == TEXT else kind for cell, kind in cells])
        self.kinds.below = [set() for _ in rows[0]] if rows else []
        return len(rows)

    def _column(self, position: int, cells: Sequence[Any]) -> Sequence[Any]:
        """Return some cells of a column as they are written, and add their kinds."""
        found = self.kinds.below[position]
        if set(map(type, cells)) == {str} and all(cells):
            _look_at_texts(cells, found)
            return cells
        converted = [self._converters[type(cell)](cell) for cell in cells]
        found |= {kind for _, kind in converted} - {TEXT}
        _look_at_texts([cell for cell, kind in converted if kind == TEXT], found)
        return [cell for cell, _ in converted]

    def _float(self, cell: float) -> tuple[Any, str]:
        if cell.is_integer() and abs(cell) < WHOLE:
            return int(cell), "integer"
        return (None, "") if isnan(cell) else (repr(cell).replace(".", self._decimal), "number")

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise TooLargeError(
                f"The table has more than {self._max_bytes:,} bytes as text, which is the most that is taken. Send "
                "fewer rows or columns."
            )


def _look_at_texts(texts: Sequence[str], found: set[str]) -> None:
    """Add the kinds of texts, until one of them is an ordinary text."""
    for text in texts:
        if TEXT in found:
            return
        found.add(text_kind(text))


def text_kind(text: str) -> str:
    """Return the kind of a cell that is a text in its container."""
    stripped = text.strip()
    if stripped in MISSING:
        return ""
    kind = cell_kind(stripped, ";")
    if kind == "number":
        return CODE_TEXT if CODE.fullmatch(stripped) else NUMBER_TEXT
    return DATE_TEXT if kind == "date" else TEXT
