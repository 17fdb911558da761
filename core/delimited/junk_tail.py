"""Whether the last rows of a CSV are no rows: their words occur nowhere above, and totals are sums or means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.amounts import DecimalMark, parse_amount
from core.delimited.dialect import Dialect
from core.delimited.junk_rows import TOTAL, is_mean
from core.delimited.left_out import LeftOut
from core.delimited.records import Record, records_without_text

# Sums of so many columns are checked.
COLUMNS_CHECKED = 5


@dataclass
class _ColumnAbove:
    """A column above a total: the sum of its numbers, and how many decimal places they have."""

    mark: DecimalMark
    count: int = 0
    total: float = 0.0
    places: int = 0

    def add(self, text: str) -> None:
        """Add the number in a cell, if there is one."""
        number = _number(text, self.mark)
        if number is not None:
            self.count += 1
            self.total += number
            self.places = max(self.places, _places(text, self.mark))

    def gives(self, text: str, *, mean: bool) -> bool:
        """Return whether the number in a cell is the sum of the column, or the mean, as precise as it is written."""
        number = _number(text, self.mark)
        if number is None or not self.count:
            return False
        places = _places(text, self.mark)
        written = 0.51 * 10.0**-places + 1e-9 * abs(number)
        rounded = 0.5 * 10.0**-self.places if self.places else 0.0
        if (mean or places > self.places) and abs(number - self.total / self.count) <= written + rounded:
            return True
        # Subtotals among the rows double the sum.
        sums = () if mean else (self.total, self.total / 2)
        return any(abs(number - total) <= written + rounded * self.count for total in sums)


@dataclass
class _Above:
    """The rows above the last ones, as much of them as decides about these."""

    columns: dict[int, _ColumnAbove]
    # By column, the words of the last rows that occur above.
    words: dict[int, set[str]]
    found: dict[int, set[str]] = field(default_factory=dict)

    def read(self, dialect: Dialect, before: int) -> None:
        """Read the rows above line `before`."""
        is_header = dialect.has_header
        with dialect.path.open(encoding="utf-8-sig", newline="") as source:
            for _ in range(dialect.skip_lines):
                source.readline()
            for line, _, cells in records_without_text(source, dialect):
                if line >= before:
                    break
                if is_header or len(cells) != dialect.width:
                    is_header = is_header and not cells
                    continue
                for position, words in self.words.items():
                    if (text := cells[position].strip()) in words:
                        self.found.setdefault(position, set()).add(text)
                for position, column in self.columns.items():
                    column.add(cells[position])


def confirmed_tail(dialect: Dialect, tail: Sequence[Record], reasons: list[str], left_out: LeftOut) -> list[str]:
    """Return the reasons of those last records that are no rows after all rows above were seen, the very last one last.

    A record that looks like a total and is none is noted in `left_out` as kept.
    """
    last = tail[len(tail) - len(reasons) :]
    mark: DecimalMark = "," if dialect.decimal_comma else "."
    above = _Above({}, {})
    for record in last:
        if len(record.cells) == dialect.width:
            position, first = _first(record.cells)
            above.words.setdefault(position, set()).add(first)
            for i, cell in enumerate(record.cells):
                if i != position and len(above.columns) < COLUMNS_CHECKED and _number(cell, mark) is not None:
                    above.columns.setdefault(i, _ColumnAbove(mark))
    above.read(dialect, last[0].line)
    confirmed: list[str] = []
    for record, reason in zip(reversed(last), reversed(reasons), strict=True):
        if len(record.cells) == dialect.width:
            position, first = _first(record.cells)
            if first in above.found.get(position, ()):
                break
            if reason == TOTAL and dialect.rules.fits(record.cells) and not _is_total(record.cells, above):
                left_out.kept.append((record.line, dialect.original_delimiter.join(record.cells)))
                break
        confirmed.append(reason)
    return confirmed[::-1]


def _is_total(cells: Sequence[str], above: _Above) -> bool:
    """Return whether a number of a row is the sum of its column, or the mean where the row says so."""
    _, first = _first(cells)
    return any(column.gives(cells[i], mean=is_mean(first)) for i, column in above.columns.items())


def _first(cells: Sequence[str]) -> tuple[int, str]:
    """Return the first text of a row, and its column."""
    return next(((i, text) for i, cell in enumerate(cells) if (text := cell.strip())), (0, ""))


def _number(text: str, mark: DecimalMark) -> float | None:
    """Return the number in a cell, or None."""
    if mark == ".":
        try:
            return float(text)
        except ValueError:
            pass
    return parse_amount(text, decimal=mark)


def _places(text: str, mark: DecimalMark) -> int:
    """Return how many decimal places a number is written with."""
    found = re.search(rf"{re.escape(mark)}(\d+)\D*$", text)
    return len(found[1]) if found else 0
