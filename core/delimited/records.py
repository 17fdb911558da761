"""The records of a CSV: which of them are rows of its table, and which are rows that are left out."""

from collections import deque
from collections.abc import Iterable, Iterator
from io import TextIOBase
from typing import NamedTuple

from core.delimited.dialect import Dialect
from core.delimited.junk_rows import TAIL_RECORDS, UNIT_RECORDS, LeftOut


class Record(NamedTuple):
    """A record: the line where it begins, its text with line ends if that is needed, and its cells."""

    line: int
    text: str
    cells: list[str]


def records_with_text(source: TextIOBase, dialect: Dialect) -> Iterator[Record]:
    """Yield each record below the skipped lines with its text; `source` is at the first of them."""
    lines: list[str] = []

    def taken() -> Iterator[str]:
        for line in source:
            lines.append(line)
            yield line

    number = dialect.skip_lines + 1
    for cells in dialect.quoting.rows(taken(), dialect.delimiter):
        yield Record(number, "".join(lines), cells)
        number += len(lines)
        lines.clear()


def records_without_text(source: TextIOBase, dialect: Dialect) -> Iterator[Record]:
    """Yield each record below the skipped lines without its text, which takes half the time."""
    reader = dialect.quoting.rows(source, dialect.delimiter)
    line = dialect.skip_lines + 1
    for cells in reader:
        yield Record(line, "", cells)
        line = dialect.skip_lines + reader.line_num + 1


def classified(records: Iterable[Record], dialect: Dialect, left_out: LeftOut) -> Iterator[tuple[Record, bool]]:
    """Yield each record, and whether it stays: the header, blank lines and rows of the table do.

    Those that are left out are noted in `left_out`.
    """
    last: deque[tuple[Record, bool]] = deque()
    for pair in _classified_by_rules(records, dialect, left_out):
        last.append(pair)
        if len(last) > TAIL_RECORDS:
            yield last.popleft()
    reasons = dialect.rules.tail([record.cells if stays else [] for record, stays in last])
    for _ in range(len(last) - len(reasons)):
        yield last.popleft()
    for (record, stays), reason in zip(last, reasons, strict=True):
        if stays and record.cells:
            left_out.note(reason, record.line, dialect.original_delimiter.join(record.cells))
        yield record, False


def _classified_by_rules(
    records: Iterable[Record], dialect: Dialect, left_out: LeftOut
) -> Iterator[tuple[Record, bool]]:
    """Yield the records, and whether they stay: not those that are empty, repeat the header, or are units below it."""
    rules = dialect.rules
    is_header, below = dialect.has_header, UNIT_RECORDS if dialect.has_header else 0
    for record in records:
        cells = record.cells
        if not cells or is_header:
            is_header = is_header and not cells
            yield record, True
            continue
        reason = rules.reason(cells) or (rules.below_header(cells) if below else None)
        if reason is None:
            below = 0
        elif reason != "empty":
            below -= below > 0
        if reason is not None and (len(cells) > 1 or reason != "empty"):
            left_out.note(reason, record.line, dialect.original_delimiter.join(cells))
        yield record, reason is None
