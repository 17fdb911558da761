"""Infer the dialect of a CSV: where its table begins, the delimiter, quoting, and whether it has a header."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from core.bounds import MOST_COLUMNS
from core.decimal_marks import count_decimal_marks
from core.delimited.blanks import copy_with_tabs
from core.delimited.decoding import DecodedText
from core.delimited.delimiter import best_delimited, delimit_as_requested
from core.delimited.expected import NOTHING, Expected
from core.delimited.junk_rows import TAIL_RECORDS, JunkRules
from core.delimited.layout import Layout, expected_layout, find_layout
from core.delimited.options import BLANKS, find_delimiter
from core.delimited.quoting import USUAL, Quoting
from core.delimited.sample import DelimitedSample, Sample, blank_rows, csv_rows, delimit, read_sample
from core.delimited.unescaped_copy import copy_unescaped
from core.errors import NotACsvError, TooLargeError

# Every column is profiled and paired with every other.
MAX_COLUMNS = MOST_COLUMNS
# Totals and footers are looked for in so many bytes at the end.
TAIL_BYTES = 16 << 10
# A line by which a spreadsheet names the delimiter; saving it again puts delimiters or blanks behind it.
DECLARED = r'"?sep ?= ?([^\w"])"?[,;\t| ]*'


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
    text: DecodedText,
    folder: Path,
    delimiter: str | None = None,
    has_header: bool | None = None,
    expected: Expected = NOTHING,
) -> Dialect:
    """Infer the dialect from the first lines; `delimiter` and `has_header` overrule the inferred ones.

    Where runs of blanks delimit the columns, or quotes are escaped, a copy in the usual form goes to `folder`. Raises
    `NotACsvError` for a text that is no table, `TooLargeError` for too many columns, `InvalidInputError` for an
    unusable `delimiter`.
    """
    requested = find_delimiter(delimiter) if delimiter else None
    sample = read_sample(text.path)
    declared = re.fullmatch(DECLARED, sample.lines[0].strip("\r\n"), re.IGNORECASE)
    if declared:
        sample = Sample(["\n", *sample.lines[1:]], sample.is_complete)
        # A file may have been saved with another delimiter since.
        divided = delimit(sample, declared[1])
        is_divided = divided.width > 1 and len(divided.records[0].cells) > 1
        requested = requested or (declared[1] if is_divided else None)
    layout = _choose_layout(sample, requested, has_header, expected)
    if layout.width > MAX_COLUMNS:
        raise TooLargeError(
            f"The table has {layout.width:,} columns; at most {MAX_COLUMNS:,} are taken, as every column is "
            "profiled and paired with every other. Leave columns out and send it again."
        )
    return _make_dialect(text, folder, sample, layout, expected)


def _choose_layout(sample: Sample, requested: str | None, has_header: bool | None, expected: Expected) -> Layout:
    """Return the layout of the first lines; columns that are expected decide only where the usual one lacks some."""
    single_quotes = not expected.keeps_single_quotes
    delimiters = [requested] if requested else []
    try:
        delimited = (
            delimit_as_requested(sample, requested, single_quotes=single_quotes)
            if requested
            else best_delimited(sample, single_quotes=single_quotes)
        )
        usual = find_layout(sample, delimited, has_header)
    except NotACsvError:
        if has_header is False or (other := expected_layout(sample, None, delimiters, expected)) is None:
            raise
        return other
    if not expected.names or has_header is not None:
        return usual
    return expected_layout(sample, usual, delimiters, expected) or usual


def _make_dialect(text: DecodedText, folder: Path, sample: Sample, layout: Layout, expected: Expected) -> Dialect:
    """Return the dialect of a layout."""
    delimited, rows = layout.delimited, layout.rows
    quoting, blanks = delimited.quoting, delimited.delimiter == BLANKS
    rules = JunkRules.of(
        layout.names,
        rows,
        layout.width,
        delimited.delimiter,
        is_complete=sample.is_complete,
        known=[expected.texts.get(name.strip(), ()) for name in layout.headers],
    )
    path = text.path
    if blanks:
        path = copy_with_tabs(path, folder)
    elif quoting.escape:
        path = copy_unescaped(path, folder, delimited.delimiter, quoting, layout.lines_above)
    commas, points = count_decimal_marks(cell.strip() for row in rows for cell in row)
    return Dialect(
        path=path,
        delimiter="\t" if blanks else delimited.delimiter,
        original_delimiter=delimited.delimiter,
        has_header=layout.has_header,
        names=layout.names,
        width=layout.width,
        skip_lines=layout.lines_above,
        # In a comma-separated file they stand in quotes, where one alone may be a list.
        decimal_comma=commas > max(points, int(delimited.delimiter == ",")),
        has_decimal_commas=commas > 0,
        has_decimal_points=points > 0,
        warnings=[*layout.warnings, *([_warn_of_quoting(quoting)] if quoting != USUAL else [])],
        # The copy has quotes doubled.
        quoting=Quoting(quoting.quote),
        rules=rules,
        has_junk=_seems_to_have_junk(text.path, sample, layout, rules),
    )


def _seems_to_have_junk(path: Path, sample: Sample, layout: Layout, rules: JunkRules) -> bool:
    """Return whether the first or last lines have rows that may be no rows of the table."""
    below = layout.below
    return (
        layout.delimited.has_empty
        or any(map(rules.reason, below))
        or bool(below and rules.below_header(below[0]))
        or any(map(rules.tail, [below] if sample.is_complete else _last_records(path, layout.delimited)))
    )


def _last_records(path: Path, delimited: DelimitedSample) -> list[list[list[str]]]:
    """Return the cells of the last lines of a file: read from outside of a quoted cell on, and from inside of one."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        lines = file.read().decode("utf-8", "ignore").splitlines(keepends=True)[1:]
    if delimited.delimiter == BLANKS:
        return [[cells for cells in blank_rows(lines[-TAIL_RECORDS:]) if cells]]
    readings: list[Iterable[list[str]]] = [csv_rows(lines, delimited.delimiter, delimited.quoting)]
    quote = delimited.quoting.quote
    if any(quote in line for line in lines):
        readings.append(csv_rows(chain((quote,), lines), delimited.delimiter, delimited.quoting))
    return [[*filter(None, rows)][-TAIL_RECORDS:] for rows in readings]


def _warn_of_quoting(quoting: Quoting) -> str:
    """Return the warning about cells that are not quoted as usual."""
    inside = f", in which {quoting.escape + quoting.quote} is a quote" if quoting.escape else ""
    return f"cells are read as quoted with {quoting.quote}{inside}"
