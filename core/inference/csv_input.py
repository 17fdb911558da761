"""Read the rows of a CSV in a request, one batch at a time. The model's features give the types of its columns."""

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from core.delimited.junk_rows import TAIL_RECORDS, UNIT_RECORDS, JunkRules, LeftOut
from core.delimited.options import BLANKS, with_tabs
from core.delimited.quoting import USUAL, Quoting, find_quoting
from core.errors import InvalidInputError, NotACsvError
from core.inference.input_batch import InputBatch, batch_from_rows
from core.manifests import Feature

if TYPE_CHECKING:
    from _csv import Reader

# By the charset of a Content-Type the codec that decodes it. GB18030 is a superset of GBK.
ENCODINGS = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "us-ascii": "utf-8-sig",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
}
DELIMITERS = f",;\t|{BLANKS}"
# The delimiter is found in so many bytes.
SAMPLE_BYTES = 1 << 16
# The number of the first row of data in a spreadsheet.
FIRST_ROW = 2
# The header is one of so many first records.
HEADER_RECORDS = 20
TITLE_CHARACTERS = 60
# A line by which a spreadsheet names the delimiter.
DECLARED = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
# The names of the columns of a file without a header.
GENERATED = re.compile(r"column_\d+")

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Layout:
    """How to divide a body into rows, and which of its records is the header."""

    delimiter: str
    quoting: Quoting
    # The names of the columns, and how many records are above the first row.
    names: list[str]
    records_above: int
    # The first rows.
    rows: list[list[str]]
    warnings: list[str]


def batches_from_csv(
    body: bytes, charset: str, features: Sequence[Feature], batch_size: int, warnings: list[str] | None = None
) -> Iterator[InputBatch]:
    """Yield the rows below the header in batches of at most `batch_size`, with only one batch in memory.

    Titles, blank lines and rows that are no rows of the table are skipped; `warnings` gets a sentence about each kind
    of them when all was read. Raises `InvalidInputError` for an unknown charset, and `NotACsvError` for bytes that are
    no text or no table, or that have no rows.
    """
    encoding = ENCODINGS.get(charset.lower())
    if encoding is None:
        errors = [{"field": "charset", "message": f"must be one of {', '.join(ENCODINGS)}"}]
        raise InvalidInputError("Send the CSV as UTF-8, or as GBK with Content-Type: text/csv; charset=gbk.", errors)
    lines = body[:SAMPLE_BYTES].decode(encoding, "ignore").splitlines(keepends=True)
    layout = _read(lambda: _find_layout(lines, features), charset)
    names = layout.names
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise NotACsvError(f"The header has {repeated!r:.80} twice, so its values would be anyone's guess. Rename one.")
    left_out = LeftOut()
    rules = _rules(layout, features, is_complete=len(body) <= SAMPLE_BYTES)
    text = io.TextIOWrapper(io.BytesIO(body), encoding, newline="")
    rows = _rows_of_table(_numbered_records(text, layout), rules, left_out)
    row = FIRST_ROW
    while batch := _read(lambda: list(islice(rows, batch_size)), charset):
        _check_width(batch, len(names), row)
        row += len(batch)
        yield batch_from_rows(names, batch, features)
    if row == FIRST_ROW:
        raise NotACsvError("The CSV has no rows below a header. Send the names of the columns and at least one row.")
    if warnings is not None:
        warnings += [*layout.warnings, *left_out.warnings()]


def _find_layout(lines: list[str], features: Sequence[Feature]) -> _Layout:
    """Return the layout of a body, given its first lines: the one whose header has most of the model's features."""
    declared = DECLARED.fullmatch(lines[0].strip("\r\n")) if lines else None
    layouts = [_layout(lines, delimiter, features) for delimiter in (declared[1] if declared else DELIMITERS)]
    known = {feature.name for feature in features}
    return max(layouts, key=lambda layout: (len(known.intersection(layout.names)), -layout.names.count("")))


def _layout(lines: list[str], delimiter: str, features: Sequence[Feature]) -> _Layout:
    """Return the layout that the first lines have with this delimiter."""
    quoting = USUAL if delimiter == BLANKS else find_quoting(lines, delimiter)
    if quoting.quote == "'" and _has_quoted_levels(features):
        quoting = USUAL
    records = [record for record in _records(lines, delimiter, quoting) if record]
    known = {feature.name for feature in features}
    found = [len(known & set(map(str.strip, record))) for record in records[:HEADER_RECORDS]]
    if records and not any(found) and all(map(GENERATED.fullmatch, known)):
        # The file that the model was trained on has no header either.
        return _Layout(delimiter, quoting, [f"column_{i + 1}" for i in range(len(records[0]))], 0, records, [])
    position = found.index(max(found)) if found else 0
    names = [name.strip() for name in records[position]] if records else []
    above = [
        record
        for record in records[:position]
        if any(map(str.strip, record)) and not DECLARED.fullmatch(delimiter.join(record))
    ]
    warnings = []
    if above:
        shown = delimiter.join(above[0]).strip()[:TITLE_CHARACTERS]
        what = "1 line is" if len(above) == 1 else f"{len(above)} lines are"
        warnings = [f"{what} above the header and no part of the table, and skipped: {shown!r}"]
    named = [name or f"column_{i}" for i, name in enumerate(names, start=1)]
    # A repeated one is refused, unless it has no name at all.
    names = [name if names[i] or name not in names else "" for i, name in enumerate(named)]
    return _Layout(delimiter, quoting, names, position + 1, records[position + 1 :], warnings)


def _has_quoted_levels(features: Sequence[Feature]) -> bool:
    """Return whether single quotes around a text are part of it in the model's file."""
    levels = (level for feature in features for level in feature.levels)
    return any(len(level) > 1 and level[0] == level[-1] == "'" for level in levels)


def _rules(layout: _Layout, features: Sequence[Feature], *, is_complete: bool) -> JunkRules:
    """Return the rules by which rows are left out; a level of the model is never a total."""
    rules = JunkRules.of(layout.names, layout.rows, len(layout.names), layout.delimiter, is_complete=is_complete)
    levels = {feature.name: feature.levels for feature in features}
    for name, texts in zip(layout.names, rules.texts, strict=True):
        for level in levels.get(name, ()):
            texts[level] += 2
    return rules


def _records(lines: Iterable[str], delimiter: str, quoting: Quoting, *, strict: bool = False) -> "Reader":
    """Return a reader of the records in some lines."""
    if delimiter == BLANKS:
        return quoting.rows(map(with_tabs, lines), "\t", strict=strict)
    return quoting.rows(lines, delimiter, strict=strict)


def _numbered_records(text: Iterable[str], layout: _Layout) -> Iterator[tuple[int, list[str]]]:
    """Yield the records below the header, and the number of the line where each begins."""
    reader = _records(text, layout.delimiter, layout.quoting, strict=True)
    line, above = 1, layout.records_above
    for record in reader:
        if record and above:
            above -= 1
        elif record:
            yield line, record
        line = reader.line_num + 1


def _rows_of_table(
    records: Iterable[tuple[int, list[str]]], rules: JunkRules, left_out: LeftOut
) -> Iterator[list[str]]:
    """Yield the records that are rows of the table, and note the others in `left_out`."""
    below = UNIT_RECORDS
    last: deque[tuple[int, list[str]]] = deque()
    for line, cells in records:
        reason = rules.reason(cells) or (rules.below_header(cells) if below else None)
        if reason is None:
            below = 0
            last.append((line, cells))
            if len(last) > TAIL_RECORDS:
                yield last.popleft()[1]
        elif len(cells) > 1 or reason != "empty":
            below -= below > 0 and reason != "empty"
            left_out.note(reason, line, rules.delimiter.join(cells))
    reasons = rules.tail([cells for _, cells in last])
    for _ in range(len(last) - len(reasons)):
        yield last.popleft()[1]
    for (line, cells), reason in zip(last, reasons, strict=True):
        left_out.note(reason, line, rules.delimiter.join(cells))


def _read(read: Callable[[], Result], charset: str) -> Result:
    """Call `read`, and raise `NotACsvError` for bytes that are not in `charset` and for malformed CSV."""
    try:
        return read()
    except UnicodeDecodeError:
        raise NotACsvError(
            f"The bytes are not {charset}. Say what they are: Content-Type: text/csv; charset=gbk, or charset=utf-8."
        ) from None
    except csv.Error as error:
        raise NotACsvError(f"The body cannot be read as a CSV: {error}. Check its quotes.") from None


def _check_width(rows: Sequence[Sequence[str]], width: int, first_row: int) -> None:
    """Raise `NotACsvError` that names the first row whose number of cells differs from the header."""
    if set(map(len, rows)) <= {width}:
        return
    row, cells = next((row, cells) for row, cells in enumerate(rows, start=first_row) if len(cells) != width)
    errors = [{"row": row, "message": f"{len(cells)} columns instead of {width}"}]
    raise NotACsvError(f"Row {row} has {len(cells)} columns, and the header has {width}.", errors)
