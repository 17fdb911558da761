"""Find out how a CSV quotes its cells: with double or single quotes, and quotes inside of them doubled or escaped."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.delimited.blanks import MAX_LINE
from core.delimited.escapes import STAND_IN, with_stand_ins
from core.errors import NotACsvError

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterable

# An upload has no longer row: Arrow reads one from two blocks at most. The csv module takes four bytes a character.
CELL_CHARACTERS = 2 * MAX_LINE
# Single quotes are quotes if they are around at least this share of the cells that begin with one.
QUOTED_SHARE = 0.9
# Where a file can be read without them as well, at least this share of its lines must have a cell in single quotes.
QUOTED_LINES_SHARE = 0.5


@dataclass(frozen=True)
class Quoting:
    """The character around quoted cells, and the one before a quote inside of them, if it is not doubled."""

    quote: str = '"'
    escape: str | None = None

    def rows(self, lines: "Iterable[str]", delimiter: str, *, strict: bool = False) -> "Reader | EscapedRows":
        """Return a reader of rows; its `line_num` counts lines. For a cell that is too long it raises `csv.Error`."""
        csv.field_size_limit(CELL_CHARACTERS)
        if self.escape:
            lines = with_stand_ins(lines, self.quote)
        reader = csv.reader(lines, delimiter=delimiter, quotechar=self.quote, strict=strict)
        return EscapedRows(reader, self.quote) if self.escape else reader


@dataclass
class EscapedRows:
    """A reader of rows in which a backslash escapes quotes, and nothing else."""

    reader: "Reader"
    quote: str

    @property
    def line_num(self) -> int:
        """Return how many lines were read."""
        return self.reader.line_num

    def __iter__(self) -> "Iterator[list[str]]":
        return self

    def __next__(self) -> list[str]:
        return [cell.replace(STAND_IN, self.quote) for cell in next(self.reader)]


USUAL = Quoting()


@contextmanager
def long_cells_refused(where: str = "The file") -> Iterator[None]:
    """Raise `NotACsvError` in place of the error of a reader of rows, in which `where` begins a sentence."""
    try:
        yield
    except csv.Error:
        raise long_cell(where) from None


def long_cell(where: str) -> NotACsvError:
    """Return the error of a cell that is too long; `where` says where it is."""
    return NotACsvError(
        f"{where} has a cell of more than {CELL_CHARACTERS:,} characters: most likely a quote there is never closed. "
        "Correct it and send the file again."
    )


def find_quoting(lines: Sequence[str], delimiter: str, *, single_quotes: bool = True) -> Quoting:
    """Return how these first lines of a file quote their cells; the usual way unless another one fits better.

    Without `single_quotes` these are characters.
    """
    text = "".join(lines)
    others = []
    quoted_cells = _single_quoted_cells(text, delimiter) if single_quotes and "'" in text else 0
    if quoted_cells:
        others.append(Quoting("'", "\\" if "\\'" in text else None))
    if '\\"' in text and '"' in text:
        others.append(Quoting('"', "\\"))
    usual = _regularity(lines, delimiter, USUAL) if others else 0.0
    for quoting in others:
        regularity = _regularity(lines, delimiter, quoting)
        # Where both fit, a backslash is a character, and so are single quotes around a few cells: below the first lines
        # a name such as 't Hart would open a quote.
        is_habit = quoting.quote == "'" and quoted_cells >= QUOTED_LINES_SHARE * len(lines) and '"' not in text
        if regularity > usual or (is_habit and regularity == usual):
            return quoting
    return USUAL


def _single_quoted_cells(text: str, delimiter: str) -> int:
    """Return how many cells are in single quotes; 0 unless nearly all cells that begin with one end with one."""
    mark = re.escape(delimiter)
    begun = len(re.findall(rf"(?:^|{mark})[ ]*'", text, re.MULTILINE))
    closed = len(re.findall(rf"(?:^|{mark})[ ]*'(?:[^'\\\n]|''|\\.)*'[ ]*(?=\r?$|{mark})", text, re.MULTILINE))
    return closed if closed >= QUOTED_SHARE * begun else 0


def _regularity(lines: Sequence[str], delimiter: str, quoting: Quoting) -> float:
    """Return the share of rows of the commonest width; less than any where a quote is not where it may be."""
    widths: Counter[int] = Counter()
    reader = quoting.rows(lines, delimiter, strict=True)
    try:
        widths.update(len(cells) for cells in reader if any(map(str.strip, cells)))
    except csv.Error as error:
        # The sample may end inside of a cell.
        if "unexpected end" not in str(error):
            return -1.0
    return widths.most_common(1)[0][1] / widths.total() if widths else 0.0
