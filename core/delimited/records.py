"""The records of a CSV: the line where each begins, and its cells."""

import csv
from collections.abc import Iterator
from io import TextIOBase
from typing import NamedTuple

from core.delimited.dialect import Dialect
from core.delimited.quoting import CELL_CHARACTERS, long_cell
from core.errors import NotACsvError

# So many lines of a record are objects of their own: one of millions of short lines takes many times its characters.
LINES_APART = 1_000


class Record(NamedTuple):
    """A record: the line where it begins, its text with line ends if that is needed, and its cells."""

    line: int
    text: str
    cells: list[str]


def records_with_text(source: TextIOBase, dialect: Dialect) -> Iterator[Record]:
    """Yield each record below the skipped lines with its text; `source` is at the first of them.

    Raises `NotACsvError` for a cell that is too long.
    """
    lines: list[str] = []
    joined: list[str] = []

    def taken() -> Iterator[str]:
        for line in source:
            lines.append(line)
            if len(lines) == LINES_APART:
                joined.append("".join(lines))
                lines.clear()
            yield line

    reader = dialect.quoting.rows(taken(), dialect.delimiter)
    number = dialect.skip_lines + 1
    try:
        for cells in reader:
            text = lines[0] if len(lines) == 1 and not joined else "".join(joined) + "".join(lines)
            yield Record(number, text, cells)
            number = dialect.skip_lines + reader.line_num + 1
            joined.clear()
            lines.clear()
    except csv.Error:
        raise _long_cell(dialect, number) from None


def records_without_text(source: TextIOBase, dialect: Dialect) -> Iterator[Record]:
    """Yield each record below the skipped lines without its text, which takes half the time.

    Raises `NotACsvError` for a cell that is too long.
    """
    reader = dialect.quoting.rows(source, dialect.delimiter)
    line = dialect.skip_lines + 1
    try:
        for cells in reader:
            yield Record(line, "", cells)
            line = dialect.skip_lines + reader.line_num + 1
    except csv.Error:
        raise _long_cell(dialect, line) from None


def _long_cell(dialect: Dialect, line: int) -> NotACsvError:
    """Return the error of a cell that is too long, in the record that begins in this line, with its column."""
    with dialect.path.open(encoding="utf-8-sig", newline="") as file:
        for _ in range(line - 1):
            file.readline()

        def beginning() -> Iterator[str]:
            left = CELL_CHARACTERS
            while left and (some := file.readline(left)):
                left -= len(some)
                yield some

        column = len(next(dialect.quoting.rows(beginning(), dialect.delimiter), ()))
    return long_cell(f"Line {line:,}, column {column:,},")
