"""Where the table begins in the first lines of a CSV, and whether its first record is a header."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.delimited.cell_kinds import cell_kind, column_kind, is_number
from core.delimited.delimiter import DELIMITERS
from core.delimited.expected import Expected
from core.delimited.header import CHECKED_ROWS
from core.delimited.header import has_header as find_header
from core.delimited.junk_rows import NUMERIC, is_unit
from core.delimited.options import BLANKS
from core.delimited.sample import DelimitedSample, Sample, delimit
from core.errors import NotACsvError

TITLE_CHARACTERS = 60
# A header with names that are expected is one of so many first records.
HEADER_RECORDS = 20


@dataclass(frozen=True)
class Layout:
    """The table in a delimited sample: its first record, how many columns it has, and the cells of its header."""

    delimited: DelimitedSample
    position: int
    width: int
    has_header: bool
    # None without a header.
    names: list[str]
    warnings: list[str] = field(default_factory=list)

    @property
    def headers(self) -> list[str]:
        """Return the cells of the header, blank ones without a header."""
        return self.names if self.has_header else [""] * self.width

    @property
    def lines_above(self) -> int:
        """Return how many lines are above the table."""
        return self.delimited.records[self.position].lines_above

    @property
    def below(self) -> list[list[str]]:
        """Return the cells of the records below the first one."""
        return [record.cells for record in self.delimited.records[self.position + 1 :]]

    @property
    def rows(self) -> list[list[str]]:
        """Return the cells of the records below the first one that are as wide as the table."""
        return [cells for cells in self.below if len(cells) == self.width]


def find_layout(sample: Sample, delimited: DelimitedSample, has_header: bool | None) -> Layout:
    """Return where the table begins and its header; `has_header` overrules what is inferred. Raises `NotACsvError`."""
    position = _first_record(delimited)
    rows = [record.cells for record in delimited.records[position + 1 :] if len(record.cells) == delimited.width]
    first = delimited.records[position]
    first_is_header = find_header(first.cells, rows, delimited.delimiter) if has_header is None else has_header
    if (
        position
        and has_header is None
        and (not rows or not first_is_header or all(is_number(cell, delimited.delimiter) for cell in first.cells))
    ):
        _refuse_odd_header(delimited, position)
    warnings = _warn_of_skipped(sample, first.lines_above)
    names: list[str] = []
    if first_is_header:
        names = _header_cells(first.cells, rows, delimited.width, first.lines_above + 1, warnings)
    else:
        warnings.append(
            f"the file has no header; its columns are called column_1 to column_{delimited.width}. If the first line "
            "is one, send the file again with has_header=true"
            if has_header is None
            else f"the columns are called column_1 to column_{delimited.width}"
        )
    return Layout(delimited, position, delimited.width, first_is_header, names, warnings)


def expected_layout(
    sample: Sample, usual: Layout | None, delimiters: Sequence[str], expected: Expected
) -> Layout | None:
    """Return the layout whose header has more of the expected columns than the `usual` one; else that one.

    Without one, it is the layout that has most of them; None where none has any.
    """
    found = expected.found(usual.headers) if usual else 0
    if usual and found == len(expected.names):
        # That it has none is no news where the model was trained on such a file.
        return usual if usual.has_header else _without_header(sample, usual)
    best, best_key = usual, (found, 0.0)
    for delimiter in delimiters or (*DELIMITERS, BLANKS):
        delimited = delimit(sample, delimiter, single_quotes=not expected.keeps_single_quotes)
        for position, record in enumerate(delimited.records[:HEADER_RECORDS]):
            if delimited.open_quote is not None or expected.names.isdisjoint(map(str.strip, record.cells)):
                continue
            width = len(record.cells)
            below = [len(other.cells) == width for other in delimited.records[position + 1 :]]
            key = (expected.found(record.cells), sum(below) / len(below) if below else 1.0)
            if key[0] > found and key > best_key:
                warnings = _warn_of_skipped(sample, record.lines_above)
                best_key, best = key, Layout(delimited, position, width, True, record.cells, warnings)
    if best is usual and usual and not found and expected.has_no_header:
        return _without_header(sample, usual)
    return best


def _without_header(sample: Sample, layout: Layout) -> Layout:
    """Return a layout of the same rows without a header, as it is expected."""
    return replace(layout, has_header=False, names=[], warnings=_warn_of_skipped(sample, layout.lines_above))


def _first_record(delimited: DelimitedSample) -> int:
    """Return the position of the record that the table begins with, after comments and titles."""
    position = 0
    for position, record in enumerate(delimited.records):
        following = delimited.records[position + 1 :]
        rows = [other.cells for other in following if len(other.cells) == delimited.width]
        if not _can_be_row(record.cells, delimited.width, rows):
            continue
        is_comment = record.cells[0].lstrip().startswith("#")
        # A spreadsheet writes a title as one cell and as many delimiters as the table has.
        is_title = delimited.width > 2 and sum(map(bool, map(str.strip, record.cells))) == 1
        if rows and _is_title_of(record.cells, rows, delimited.delimiter):
            continue
        if not rows or not (is_comment or is_title):
            break
        is_named = find_header(rows[0], rows[1:], delimited.delimiter) or following[0].cells != rows[0]
        # Right above rows without another header, it is the header.
        if not is_named:
            break
    return position


def _is_title_of(cells: list[str], rows: list[list[str]], delimiter: str) -> bool:
    """Return whether these cells are a title of several cells: less full than a header of words close below."""
    if len(cells) == len(rows[0]) and all(cell_kind(cell, delimiter) == "word" for cell in cells):
        return False
    return any(_is_named_by(rows[i], rows[i + 1 : i + CHECKED_ROWS], delimiter) for i in range(min(3, len(rows))))


def _is_named_by(header: list[str], rows: list[list[str]], delimiter: str) -> bool:
    """Return whether these cells are all words, different, and above numbers or dates."""
    if any(cell_kind(cell, delimiter) != "word" for cell in header) or all(map(is_unit, header)):
        return False
    kinds = [column_kind(column, delimiter) for column in zip(*rows, strict=True)]
    return len(set(header)) == len(header) and any(kind in NUMERIC for kind in kinds)


def _can_be_row(cells: list[str], width: int, rows: list[list[str]]) -> bool:
    """Return whether these cells can be a row of the table, or a header that is short or long by one."""
    if len(cells) == width:
        return True
    if len(cells) < 2 or not rows or any(is_number(cell, " ") for cell in cells):
        return False
    # One row alone may have a cell too many.
    is_short = len(cells) == width - 1 and (len(rows) > 1 or not rows[0][-1].strip())
    return is_short or len("\t".join(cells).rstrip().split("\t")) == width


def _header_cells(cells: list[str], rows: list[list[str]], width: int, line: int, warnings: list[str]) -> list[str]:
    """Return the header's cells, as many as the rows have; a blank one stands for a column without a name."""
    if len(cells) >= width:
        return cells[:width]
    at_end = all(not row[-1].strip() for row in rows)
    what = "last column is empty and has no name" if at_end else "first one is taken for the names of the rows"
    warnings.append(f"the header in line {line} has one cell less than the rows have: their {what}")
    return [*cells, ""] if at_end else ["", *cells]


def _refuse_odd_header(delimited: DelimitedSample, position: int) -> None:
    """Raise `NotACsvError` where the line above the first record looks like a header of another width."""
    before, first = delimited.records[position - 1], delimited.records[position]
    if len(before.cells) > 1 and before.lines_above + 1 == first.lines_above and not before.cells[0].startswith("#"):
        raise NotACsvError(
            f"Line {before.lines_above + 1} has {len(before.cells)} columns where the rows below have "
            f"{delimited.width}. If it is the header, correct it; if it is not part of the table, remove it or send "
            "has_header=false."
        )


def _warn_of_skipped(sample: Sample, lines_above: int) -> list[str]:
    """Return a warning that names the first text above the table, or an empty list where there is none."""
    lines = [line.strip() for line in sample.lines[:lines_above]]
    title = next((line for line in lines if line), None)
    if title is None:
        return []
    which = "line 1 is" if lines_above == 1 else f"lines 1 to {lines_above} are"
    was = "was" if lines_above == 1 else "were"
    quoted = title if len(title) <= TITLE_CHARACTERS else f"{title[:TITLE_CHARACTERS]}…"
    return [f"{which} not part of the table and {was} skipped: {quoted!r}"]
