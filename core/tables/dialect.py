"""Infer the dialect of a CSV: where its table begins, the delimiter, and whether the first line is a header."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.cell_kinds import cell_kind, column_kind, is_number
from core.csv_options import BLANKS, find_delimiter, with_tabs
from core.csv_quoting import USUAL, Quoting, find_quoting
from core.decimal_marks import count_decimal_marks
from core.errors import InvalidInputError, NotACsvError, TooLargeError
from core.junk_rows import NUMERIC, TAIL_RECORDS, JunkRules, is_unit
from core.tables.decoding import DecodedText
from core.tables.header import CHECKED_ROWS
from core.tables.header import has_header as find_header
from core.tables.whitespace_delimited import MAX_LINE, copy_with_tabs

if TYPE_CHECKING:
    from _csv import Reader

# In the order of preference among equals.
DELIMITERS = (",", ";", "\t", "|")
# Every column is profiled and paired with every other.
MAX_COLUMNS = 2_000
SAMPLE_LINES = 200
SAMPLE_CHARACTERS = 256 << 10
# Appended to the sample: an open quote swallows it, which shows that the quote is open.
END_OF_SAMPLE = "\x1e"
TITLE_CHARACTERS = 60
CELLS_SHOWN = 5
# Totals and footers are looked for in so many bytes at the end.
TAIL_BYTES = 16 << 10


@dataclass(frozen=True)
class Dialect:
    """How to parse a text: `path` with `delimiter`, from line `skip_lines` + 1 on."""

    path: Path
    delimiter: str
    # The delimiter of the file that was sent: a blank where runs of blanks delimit the columns.
    original_delimiter: str
    has_header: bool
    # The cells of the header as written; none without a header.
    names: list[str]
    width: int
    skip_lines: int = 0
    # Numbers are more often written "1,5" than "1.5".
    decimal_comma: bool = False
    # Whether the first rows have numbers that can only be decimal commas, or only decimal points.
    has_decimal_commas: bool = False
    has_decimal_points: bool = False
    warnings: list[str] = field(default_factory=list)
    quoting: Quoting = USUAL
    rules: JunkRules = field(default_factory=lambda: JunkRules.of([], [], 0, ",", is_complete=True))
    # Whether rows that are no rows of the table were left out, if there were any.
    is_clean: bool = False
    # Whether there seem to be such rows.
    has_junk: bool = False


@dataclass(frozen=True)
class _Record:
    """One row of the sample and the number of lines above it."""

    lines_above: int
    cells: list[str]


@dataclass(frozen=True)
class _Sample:
    """The first lines of a file with their line ends; `is_complete` when there are no others."""

    lines: list[str]
    is_complete: bool


@dataclass(frozen=True)
class _DelimitedSample:
    """The sample divided into cells by one delimiter: its records, and how many columns most of them have."""

    delimiter: str
    records: list[_Record]
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


def csv_rows(lines: Iterable[str], delimiter: str, quoting: Quoting = USUAL) -> "Reader":
    """Return a reader of rows that takes cells of any length; its `line_num` counts lines."""
    return quoting.rows(lines, delimiter)


def find_dialect(
    text: DecodedText, folder: Path, delimiter: str | None = None, has_header: bool | None = None
) -> Dialect:
    """Infer the dialect from the first lines; `delimiter` and `has_header` overrule the inferred ones.

    Where runs of blanks delimit the columns, a copy with tabs goes to `folder`. Raises `NotACsvError`
    for a text that is no table, `TooLargeError` for too many columns, `InvalidInputError` for an unusable `delimiter`.
    """
    requested = find_delimiter(delimiter) if delimiter else None
    sample = _sample(text.path)
    declared = re.fullmatch(r'"?sep=(.)"?', sample.lines[0].strip("\r\n"), re.IGNORECASE)
    if declared:
        sample = _Sample(["\n", *sample.lines[1:]], sample.is_complete)
        requested = requested or declared[1]
    delimited = _delimit_as_requested(sample, requested) if requested else _best(sample)
    if delimited.width > MAX_COLUMNS:
        raise TooLargeError(
            f"The table has {delimited.width:,} columns; at most {MAX_COLUMNS:,} are taken, as every column is "
            "profiled and paired with every other. Leave columns out and send it again."
        )
    return _make_dialect(text, folder, sample, delimited, has_header)


def _sample(path: Path) -> _Sample:
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
                return _Sample(lines, is_complete=False)
            lines.append(line)
            size += len(line)
            # The first record may be as long as any row: a quoted cell with line ends in it.
            is_open = line.count('"') % 2 != is_open and (is_open or len(lines) == 1)
            enough = len(lines) >= SAMPLE_LINES or size >= SAMPLE_CHARACTERS
            if size >= MAX_LINE or (enough and not is_open):
                return _Sample(lines, is_complete=not file.read(1))
    return _Sample(lines, is_complete=True)


def _delimit(sample: _Sample, delimiter: str) -> _DelimitedSample:
    """Divide the sample into cells and score how well the delimiter fits."""
    quoting = USUAL if delimiter == BLANKS else find_quoting(sample.lines, delimiter)
    lines = [*sample.lines, END_OF_SAMPLE]
    rows = _blank_rows(sample.lines) if delimiter == BLANKS else csv_rows(lines, delimiter, quoting)
    records, lines_above, swallowed, has_empty = [], 0, True, False
    for cells in rows:
        if cells == [END_OF_SAMPLE]:
            swallowed = False
        elif any(map(str.strip, cells)):
            records.append(_Record(lines_above, cells))
        else:
            has_empty = has_empty or (len(cells) > 1 and bool(records))
        lines_above = getattr(rows, "line_num", lines_above + 1)
        if len(records) == SAMPLE_LINES:
            swallowed = False
            break
    open_quote = records.pop().lines_above if swallowed and delimiter != BLANKS else None
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
    return _DelimitedSample(delimiter, records, open_quote, width, quoting, has_empty, numbers, fit)


def _blank_rows(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the cells of each line, delimited by runs of blanks."""
    for line in lines:
        yield next(csv.reader([with_tabs(line)], delimiter="\t"), [])


def _best(sample: _Sample) -> _DelimitedSample:
    """Return the sample delimited by the delimiter that fits best; raises `NotACsvError` where none fits."""
    candidates = [_delimit(sample, delimiter) for delimiter in DELIMITERS]
    best = max(candidates, key=lambda delimited: (delimited.fit, delimited.width))
    if best.fit == 0:
        blanks = _delimit(sample, BLANKS)
        if blanks.fit > 1.2 and all(len(record.cells) == blanks.width for record in blanks.records):
            return blanks
        _refuse_open_quote(sample, candidates[0])
        raise NotACsvError(
            "No delimiter divides these lines into the same number of columns; comma, semicolon, tab, | and blanks "
            "were tried. Send a CSV with at least two columns, or name its delimiter in the field `delimiter`."
        )
    if best.delimiter == "\t" and _divided_by_blanks(best, blanks := _delimit(sample, BLANKS)):
        return blanks
    _refuse_tie(candidates, best)
    if best.delimiter == "|" and all(set(cell) <= set(" :-") for cell in best.records[min(1, len(best.records))].cells):
        raise NotACsvError("This is a Markdown table, not a CSV. Save it as CSV UTF-8 and send that.")
    _refuse_open_quote(sample, best)
    return best


def _divided_by_blanks(tabs: _DelimitedSample, blanks: _DelimitedSample) -> bool:
    """Return whether blanks divide lines with a stray tab, or tabs come in runs."""
    if {len(record.cells) for record in blanks.records} != {blanks.width}:
        return False
    if blanks.width > tabs.width and blanks.numbers > tabs.numbers:
        return True
    if {len(record.cells) for record in tabs.records} != {tabs.width}:
        return all(sum(map(bool, map(str.strip, record.cells))) == blanks.width for record in tabs.records)
    # Between two columns of several tabs there is always an empty one.
    columns = list(zip(*(record.cells for record in tabs.records), strict=False))
    empty = sum(not any(map(str.strip, column)) for column in columns[:-1])
    return blanks.width + empty >= tabs.width > blanks.width and empty > 0 and blanks.width > 1


def _refuse_tie(candidates: Sequence[_DelimitedSample], best: _DelimitedSample) -> None:
    """Raise `NotACsvError` where another delimiter divides the lines into as many columns as well as the best one."""
    for other in candidates:
        if other.delimiter != best.delimiter and (other.fit, other.width) == (best.fit, best.width):
            readings = " and ".join(
                f"{found.delimiter!r} gives {' | '.join(map(_shortened, found.records[0].cells[:CELLS_SHOWN]))}"
                for found in (best, other)
            )
            raise NotACsvError(
                f"Two delimiters divide the lines equally well: {readings} in the first line. Name the right one in "
                "the field `delimiter`, and send the file again.",
                [{"field": "delimiter", "message": f"may be {best.delimiter!r} or {other.delimiter!r}"}],
            )


def _shortened(cell: str) -> str:
    """Return a cell in quotes, cut where it is long."""
    return repr(cell if len(cell) <= TITLE_CHARACTERS else f"{cell[:TITLE_CHARACTERS]}…")


def _delimit_as_requested(sample: _Sample, delimiter: str) -> _DelimitedSample:
    """Delimit the sample by the delimiter of the request; raises `InvalidInputError` where it divides nothing."""
    delimited = _delimit(sample, delimiter)
    _refuse_open_quote(sample, delimited)
    if delimited.width < 2:
        quoted = "a blank" if delimiter == BLANKS else repr(delimiter)
        raise InvalidInputError(
            f"The delimiter {quoted} divides no columns: most lines have none. Leave the field `delimiter` out to "
            "have it found out, or name the right one; a table needs at least two columns.",
            [{"field": "delimiter", "message": "does not occur in most lines"}],
        )
    return delimited


def _refuse_open_quote(sample: _Sample, delimited: _DelimitedSample) -> None:
    """Raise `NotACsvError` where a quote of the sample is never closed."""
    if delimited.open_quote is not None and (sample.is_complete or not delimited.records):
        raise NotACsvError(
            f"A quote that opens in line {delimited.open_quote + 1} is never closed: everything below it would be one "
            'cell. Close it, or write a quote inside a cell twice ("").'
        )


def _make_dialect(
    text: DecodedText, folder: Path, sample: _Sample, delimited: _DelimitedSample, has_header: bool | None
) -> Dialect:
    """Return the dialect, given the delimited sample: find where the table begins and whether it has a header."""
    position = _first_record(delimited)
    rows = [record.cells for record in delimited.records[position + 1 :] if len(record.cells) == delimited.width]
    first = delimited.records[position]
    first_is_header = find_header(first.cells, rows, delimited.delimiter) if has_header is None else has_header
    if (
        position
        and has_header is None
        and (not first_is_header or all(is_number(cell, delimited.delimiter) for cell in first.cells))
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
    if delimited.quoting != USUAL:
        warnings.append(_warn_of_quoting(delimited.quoting))
    rules = JunkRules.of(names, rows, delimited.width, delimited.delimiter, is_complete=sample.is_complete)
    below = [record.cells for record in delimited.records[position + 1 :]]
    has_junk = (
        delimited.has_empty
        or any(rules.reason(cells) for cells in below)
        or bool(below and rules.below_header(below[0]))
        or bool(rules.tail(below if sample.is_complete else _last_records(text.path, delimited)))
    )
    cells = [cell.strip() for row in rows for cell in row]
    commas, points = count_decimal_marks(cells)
    blanks = delimited.delimiter == BLANKS
    return Dialect(
        path=copy_with_tabs(text.path, folder) if blanks else text.path,
        delimiter="\t" if blanks else delimited.delimiter,
        original_delimiter=delimited.delimiter,
        has_header=first_is_header,
        names=names,
        width=delimited.width,
        skip_lines=first.lines_above,
        # In a comma-separated file they stand in quotes, where one alone may be a list.
        decimal_comma=commas > max(points, int(delimited.delimiter == ",")),
        has_decimal_commas=commas > 0,
        has_decimal_points=points > 0,
        warnings=warnings,
        quoting=delimited.quoting,
        rules=rules,
        has_junk=has_junk,
    )


def _last_records(path: Path, delimited: _DelimitedSample) -> list[list[str]]:
    """Return the cells of the last lines of a file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        lines = file.read().decode("utf-8", "ignore").splitlines(keepends=True)[1:]
    if delimited.delimiter == BLANKS:
        return [cells for cells in _blank_rows(lines[-TAIL_RECORDS:]) if cells]
    rows: Iterable[list[str]] = csv_rows(lines, delimited.delimiter, delimited.quoting)
    return [*filter(None, rows)][-TAIL_RECORDS:]


def _warn_of_quoting(quoting: Quoting) -> str:
    """Return the warning about cells that are not quoted as usual."""
    inside = f", in which {quoting.escape + quoting.quote} is a quote" if quoting.escape else ""
    return f"cells are read as quoted with {quoting.quote}{inside}"


def _first_record(delimited: _DelimitedSample) -> int:
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
    return len(cells) == width or (
        len(cells) > 1
        and bool(rows)
        and not any(is_number(cell, " ") for cell in cells)
        and (len(cells) == width - 1 or len("\t".join(cells).rstrip().split("\t")) == width)
    )


def _header_cells(cells: list[str], rows: list[list[str]], width: int, line: int, warnings: list[str]) -> list[str]:
    """Return the header's cells, as many as the rows have; a blank one stands for a column without a name."""
    if len(cells) >= width:
        return cells[:width]
    at_end = all(not row[-1].strip() for row in rows)
    what = "last column is empty and has no name" if at_end else "first one is taken for the names of the rows"
    warnings.append(f"the header in line {line} has one cell less than the rows have: their {what}")
    return [*cells, ""] if at_end else ["", *cells]


def _refuse_odd_header(delimited: _DelimitedSample, position: int) -> None:
    """Raise `NotACsvError` where the line above the first record looks like a header of another width."""
    before, first = delimited.records[position - 1], delimited.records[position]
    if len(before.cells) > 1 and before.lines_above + 1 == first.lines_above and not before.cells[0].startswith("#"):
        raise NotACsvError(
            f"Line {before.lines_above + 1} has {len(before.cells)} columns where the rows below have "
            f"{delimited.width}. If it is the header, correct it; if it is not part of the table, remove it or send "
            "has_header=false."
        )


def _warn_of_skipped(sample: _Sample, lines_above: int) -> list[str]:
    """Return a warning that names the first text above the table, or an empty list where there is none."""
    lines = [line.strip() for line in sample.lines[:lines_above]]
    title = next((line for line in lines if line), None)
    if title is None:
        return []
    which = "line 1 is" if lines_above == 1 else f"lines 1 to {lines_above} are"
    was = "was" if lines_above == 1 else "were"
    quoted = title if len(title) <= TITLE_CHARACTERS else f"{title[:TITLE_CHARACTERS]}…"
    return [f"{which} not part of the table and {was} skipped: {quoted!r}"]
