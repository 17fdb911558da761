"""The first lines of a CSV, and how well a delimiter divides them into cells."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.delimited.blanks import MAX_LINE
from core.delimited.cell_kinds import is_number
from core.delimited.options import BLANKS, with_tabs
from core.delimited.quoting import USUAL, EscapedRows, Quoting, find_quoting
from core.errors import NotACsvError

if TYPE_CHECKING:
    from _csv import Reader

SAMPLE_LINES = 200
SAMPLE_CHARACTERS = 256 << 10
# Nor has a first record more lines: it is a header, or a row like others.
RECORD_LINES = 10_000
# Appended to the sample: an open quote swallows it, which shows that the quote is open.
END_OF_SAMPLE = "\x1e"


@dataclass(frozen=True)
class Record:
    """One row of the sample and the number of lines above it."""

    lines_above: int
    cells: list[str]


@dataclass(frozen=True)
class Sample:
    """The first lines of a file with their line ends; `is_complete` when there are no others."""

    lines: list[str]
    is_complete: bool


@dataclass(frozen=True)
class DelimitedSample:
    """The sample divided into cells by one delimiter: its records, and how many columns most of them have."""

    delimiter: str
    records: list[Record]
    # The lines above the record in which a quote stays open, if there is one.
    open_quote: int | None
    width: int
    quoting: Quoting
    # Whether a row has delimiters and nothing else.
    has_empty: bool
    # The share of cells that are numbers.
    numbers: float
    # A score of how well the delimiter fits, up to about 1.5.
    fit: float


def csv_rows(lines: Iterable[str], delimiter: str, quoting: Quoting = USUAL) -> "Reader | EscapedRows":
    """Return a reader of rows; its `line_num` counts lines."""
    return quoting.rows(lines, delimiter)


def read_sample(path: Path) -> Sample:
    """Read the first lines, at least the whole first record; raises `NotACsvError` for a line that is too long."""
    lines: list[str] = []
    size = 0
    is_open = False
    with path.open(encoding="utf-8-sig", newline="") as file:
        while line := file.readline(MAX_LINE):
            if len(line) == MAX_LINE and line[-1] not in "\r\n":
                if not any(map(str.strip, lines)):
                    raise NotACsvError(
                        f"Line {len(lines) + 1} does not end within {MAX_LINE >> 20} MiB, so this is no table of rows. "
                        "Send a CSV with one row per line."
                    )
                return Sample(lines, is_complete=False)
            lines.append(line)
            size += len(line)
            # The first record may be as long as any row: a quoted cell with line ends in it.
            is_open = line.count('"') % 2 != is_open and (is_open or len(lines) == 1)
            enough = len(lines) >= SAMPLE_LINES or size >= SAMPLE_CHARACTERS
            if size >= MAX_LINE or len(lines) >= RECORD_LINES or (enough and not is_open):
                return Sample(lines, is_complete=not file.read(1))
    return Sample(lines, is_complete=True)


def delimit(sample: Sample, delimiter: str, *, single_quotes: bool = True) -> DelimitedSample:
    """Divide the sample into cells and score how well the delimiter fits; cells may be in `single_quotes`."""
    quoting = USUAL if delimiter == BLANKS else find_quoting(sample.lines, delimiter, single_quotes=single_quotes)
    lines = [*sample.lines, END_OF_SAMPLE]
    rows = blank_rows(sample.lines) if delimiter == BLANKS else csv_rows(lines, delimiter, quoting)
    records, lines_above, begun, swallowed, has_empty = [], 0, 0, True, False
    for cells in rows:
        begun = lines_above
        if cells == [END_OF_SAMPLE]:
            swallowed = False
        elif any(map(str.strip, cells)):
            records.append(Record(lines_above, cells))
        else:
            has_empty = has_empty or (len(cells) > 1 and bool(records))
        lines_above = getattr(rows, "line_num", lines_above + 1)
        if len(records) == SAMPLE_LINES:
            swallowed = False
            break
    open_quote = begun if swallowed and delimiter != BLANKS else None
    if records and records[-1].lines_above == open_quote:
        records.pop()  # it may also have been blank, and none
    # Among equals the later rows decide, since the first lines may be a title.
    widths = Counter(len(record.cells) for record in reversed(records))
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    numbers = fit = 0.0
    # A delimiter of two columns the last of which is empty ends lines, and divides nothing.
    if width > 2 or (width == 2 and any(record.cells[-1].strip() for record in records)):
        cells = [cell for record in records for cell in record.cells if cell.strip()]
        numbers = sum(is_number(cell, delimiter) for cell in cells) / len(cells)
        fit = count / len(records) + 0.2 * (len(records[0].cells) == width) + 0.3 * numbers
        fit = fit if 2 * count >= len(records) else 0.0
    return DelimitedSample(delimiter, records, open_quote, width, quoting, has_empty, numbers, fit)


def blank_rows(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the cells of each line, delimited by runs of blanks."""
    for line in lines:
        yield next(csv.reader([with_tabs(line)], delimiter="\t"), [])
