"""Ragged rows of a CSV, which have another number of columns than its table, and the lines where they begin."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, Protocol

from core.delimited.dialect import Dialect
from core.delimited.quoting import long_cells_refused
from core.errors import NotACsvError

EXAMPLES_SHOWN = 5
# A few ragged rows are left out and named; with more than this share the file is not the table that it seems.
RAGGED_SHARE = 0.05
# How many are counted at once; each takes a few microseconds, and a file may be full of them.
RAGGED_COUNTED = 10_000
# Finding a line takes about a microsecond for each one before it; beyond this many, the row's number has to do.
LINES_SEARCHED = 2_000_000


class InvalidRow(Protocol):
    """A ragged row as Arrow describes it; `number` counts skipped lines and records from 1."""

    @property
    def number(self) -> int:
        """Return the number of the row."""

    @property
    def actual_columns(self) -> int:
        """Return how many cells it has."""

    @property
    def text(self) -> str:
        """Return its text."""


class RaggedRow(NamedTuple):
    """A ragged row of a light reader, in the terms of `InvalidRow`."""

    number: int
    actual_columns: int
    text: str


def line_labels(dialect: Dialect, records: Iterable[int]) -> dict[int, str]:
    """Return by record number the line where it begins ("line 7"); the first record below skipped lines is number 1.

    Blank lines are no records, and a record with line ends in its quotes takes several lines.
    """
    wanted = set(records)
    found: dict[int, str] = {}
    with dialect.path.open(encoding="utf-8-sig", newline="") as file, long_cells_refused():
        for _ in range(dialect.skip_lines):
            file.readline()
        reader = dialect.quoting.rows(file, dialect.delimiter)
        number, start = 0, 1
        for row in islice(reader, LINES_SEARCHED):
            if row:
                number += 1
                if number in wanted:
                    found[number] = f"line {dialect.skip_lines + start}"
                    if len(found) == len(wanted):
                        break
            start = reader.line_num + 1
    return {record: found.get(record, f"row {record}") for record in wanted}


@dataclass
class RaggedRows:
    """Ragged rows, which have another number of columns than the table. They are left out, and a warning names them."""

    dialect: Dialect
    records: list[int] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    # Whether one of them spans lines, as the rest of the file after an unclosed quote does.
    many_lines: bool = False

    def __post_init__(self) -> None:
        # A regular row takes at least a byte for each column, so beyond this the rest of the file cannot outweigh them.
        largest_count = self.dialect.path.stat().st_size / self.dialect.width
        self.most = max(RAGGED_COUNTED, RAGGED_SHARE / (1 - RAGGED_SHARE) * largest_count)

    @property
    def too_many(self) -> bool:
        """Return whether there are too many, whatever the rest of the file has."""
        return len(self.records) > self.most

    def note(self, row: InvalidRow) -> str:
        """Record a ragged row; return "skip", or "error" to end the reading where there are `too_many`."""
        self.records.append(int(row.number) - self.dialect.skip_lines)
        self.many_lines = self.many_lines or "\n" in row.text
        if len(self.widths) < EXAMPLES_SHOWN:
            self.widths.append(row.actual_columns)
        return "error" if self.too_many else "skip"

    def record(self, row: int) -> int:
        """Return the number of the record of the file that became the table's row (from 0)."""
        number = row + 1 + int(self.dialect.has_header)
        # A ragged record comes before the row where its number less the ragged ones before it is at most the row's.
        return number + bisect_right(range(len(self.records)), number, key=lambda i: self.records[i] - i)

    def warnings(self, rows: int) -> list[str]:
        """Return a list of one warning, or an empty one where no row is ragged.

        Raises `NotACsvError` where too many rows are ragged beside `rows` regular ones.
        """
        if not self.records:
            return []
        total = f"{'at least ' if self.too_many else ''}{len(self.records):,}"
        lines = line_labels(self.dialect, self.records[:EXAMPLES_SHOWN])
        examples = list(zip(self.records, self.widths, strict=False))
        where = ", ".join(f"{lines[record]} ({width})" for record, width in examples)
        rest = f" and {len(self.records) - len(examples):,} more" if len(self.records) > len(examples) else ""
        count = "1 row has" if len(self.records) == 1 else f"{total} rows have"
        what = f"{count} another number of columns than the table's {self.dialect.width}"
        if self.too_many or len(self.records) > RAGGED_SHARE * (rows + len(self.records)):
            raise NotACsvError(
                f"{what}: {where}{rest}. Correct them, check that every quote is closed and that the delimiter is "
                f"{self.dialect.original_delimiter!r}, and send the file again.",
                [
                    {"row": record, "message": f"{width} columns instead of {self.dialect.width}"}
                    for record, width in examples
                ],
            )
        return [f"{what}; left out: {where}{rest}"]
