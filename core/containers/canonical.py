"""Write rows of typed cells as a canonical text, and keep which kinds of cells each column has.

The canonical text is a CSV in UTF-8 with commas, one row for each row of the container. Dates are ISO 8601, numbers
have all their digits, booleans are `true` and `false`, and a missing value is empty.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import isnan
from pathlib import Path
from typing import Any

from core.amounts import EXACT_INTEGER
from core.cell_values import MISSING
from core.delimited.cell_kinds import cell_kind
from core.errors import TooLargeError
from core.manifests import ColumnType

# The kinds of these rows are kept one by one, since the header may be any of them.
HEAD_ROWS = 200
# Different combinations of kinds that are counted before they are added up.
COMBINATIONS = 1_000
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
            timedelta: self._duration,
        }
        self._combinations: Counter[tuple[str, ...]] = Counter()
        # The columns below the head whose texts, so far, all look like numbers or like dates.
        self._open: dict[int, bool] = {}

    def write(self, rows: Iterable[Sequence[Any]]) -> int:
        """Write all rows, of which each is as long as the first one; return how many. Raises `TooLargeError`."""
        count = 0
        with self.path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            for count, row in enumerate(rows, start=1):
                writer.writerow(self._cells(row, count <= HEAD_ROWS))
                if count % 1024 == 0:
                    self._check_size(file.tell())
            self._check_size(file.tell())
        self._add_up()
        return count

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise TooLargeError(
                f"The table has more than {self._max_bytes:,} bytes as text, which is the most that is taken. Send "
                "fewer rows or columns."
            )

    def _cells(self, row: Sequence[Any], is_head: bool) -> list[Any]:
        """Return the cells as they are written, and count their kinds."""
        cells: list[Any] = []
        kinds: list[str] = []
        for cell in row:
            text, kind = self._converters[type(cell)](cell)
            cells.append(text)
            kinds.append(kind)
        if is_head:
            self.kinds.head.append([text_kind(c) if k == TEXT else k for c, k in zip(cells, kinds, strict=True)])
            return cells
        self._combinations[tuple(kinds)] += 1
        if len(self._combinations) > COMBINATIONS:
            self._add_up()
        self._look_at_texts(cells, kinds)
        return cells

    def _float(self, cell: float) -> tuple[Any, str]:
        if cell.is_integer() and abs(cell) < WHOLE:
            return int(cell), "integer"
        return (None, "") if isnan(cell) else (repr(cell).replace(".", self._decimal), "number")

    def _duration(self, cell: timedelta) -> tuple[Any, str]:
        return self._float(cell.total_seconds())[0], "duration"

    def _look_at_texts(self, cells: list[Any], kinds: list[str]) -> None:
        """Add the kinds of texts, as long as no other text of the column was an ordinary one."""
        for position, kind in enumerate(kinds):
            if kind == TEXT and self._open.get(position, True):
                found = text_kind(cells[position])
                self._column(position).add(found)
                self._open[position] = found != TEXT

    def _column(self, position: int) -> set[str]:
        below = self.kinds.below
        while len(below) <= position:
            below.append(set())
        return below[position]

    def _add_up(self) -> None:
        for combination in self._combinations:
            for position, kind in enumerate(combination):
                # `_look_at_texts` adds those.
                if kind != TEXT:
                    self._column(position).add(kind)
        self._combinations.clear()


def text_kind(text: str) -> str:
    """Return the kind of a cell that is a text in its container."""
    stripped = text.strip()
    if stripped in MISSING:
        return ""
    kind = cell_kind(stripped, ";")
    if kind == "number":
        return CODE_TEXT if CODE.fullmatch(stripped) else NUMBER_TEXT
    return DATE_TEXT if kind == "date" else TEXT
