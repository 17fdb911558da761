"""Infer the dialect of a CSV: where its table begins, the delimiter, and whether the first line is a header."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from core.decimal_marks import count_decimal_marks
from core.delimited.blanks import copy_with_tabs
from core.delimited.cell_kinds import cell_kind, column_kind, is_number
from core.delimited.decoding import DecodedText
from core.delimited.delimiter import best_delimited, delimit_as_requested
from core.delimited.header import CHECKED_ROWS
from core.delimited.header import has_header as find_header
from core.delimited.junk_rows import NUMERIC, TAIL_RECORDS, JunkRules, is_unit
from core.delimited.options import BLANKS, find_delimiter
from core.delimited.quoting import USUAL, Quoting
from core.delimited.sample import DelimitedSample, Sample, blank_rows, csv_rows, read_sample
from core.errors import NotACsvError, TooLargeError

# Every column is profiled and paired with every other.
MAX_COLUMNS = 2_000
TITLE_CHARACTERS = 60
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


def find_dialect(
    text: DecodedText, folder: Path, delimiter: str | None = None, has_header: bool | None = None
) -> Dialect:
    """Infer the dialect from the first lines; `delimiter` and `has_header` overrule the inferred ones.

    Where runs of blanks delimit the columns, a copy with tabs goes to `folder`. Raises `NotACsvError`
    for a text that is no table, `TooLargeError` for too many columns, `InvalidInputError` for an unusable `delimiter`.
    """
    requested = find_delimiter(delimiter) if delimiter else None
    sample = read_sample(text.path)
    declared = re.fullmatch(r'"?sep=(.)"?', sample.lines[0].strip("\r\n"), re.IGNORECASE)
    if declared:
        sample = Sample(["\n", *sample.lines[1:]], sample.is_complete)
        requested = requested or declared[1]
    delimited = delimit_as_requested(sample, requested) if requested else best_delimited(sample)
    if delimited.width > MAX_COLUMNS:
        raise TooLargeError(
            f"The table has {delimited.width:,} columns; at most {MAX_COLUMNS:,} are taken, as every column is "
            "profiled and paired with every other. Leave columns out and send it again."
        )
    return _make_dialect(text, folder, sample, delimited, has_header)


def _make_dialect(
    text: DecodedText, folder: Path, sample: Sample, delimited: DelimitedSample, has_header: bool | None
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


def _last_records(path: Path, delimited: DelimitedSample) -> list[list[str]]:
    """Return the cells of the last lines of a file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        lines = file.read().decode("utf-8", "ignore").splitlines(keepends=True)[1:]
    if delimited.delimiter == BLANKS:
        return [cells for cells in blank_rows(lines[-TAIL_RECORDS:]) if cells]
    rows: Iterable[list[str]] = csv_rows(lines, delimited.delimiter, delimited.quoting)
    return [*filter(None, rows)][-TAIL_RECORDS:]


def _warn_of_quoting(quoting: Quoting) -> str:
    """Return the warning about cells that are not quoted as usual."""
    inside = f", in which {quoting.escape + quoting.quote} is a quote" if quoting.escape else ""
    return f"cells are read as quoted with {quoting.quote}{inside}"


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
