"""Which records of a CSV are rows of its table, and which are left out."""

from collections import deque
from collections.abc import Iterable, Iterator

from core.delimited.dialect import Dialect
from core.delimited.junk_rows import TAIL_RECORDS, UNIT_RECORDS
from core.delimited.junk_tail import confirmed_tail
from core.delimited.left_out import LeftOut
from core.delimited.records import Record


def classified(records: Iterable[Record], dialect: Dialect, left_out: LeftOut) -> Iterator[tuple[Record, bool]]:
    """Yield each record, and whether it stays: the header, blank lines and rows of the table do.

    Those that are left out are noted in `left_out`.
    """
    last: deque[tuple[Record, bool]] = deque()
    for pair in _classified_by_rules(records, dialect, left_out):
        last.append(pair)
        if len(last) > TAIL_RECORDS:
            yield last.popleft()
    tail = [record if stays else record._replace(cells=[]) for record, stays in last]
    reasons = dialect.rules.tail([record.cells for record in tail])
    if any(len(record.cells) == dialect.width for record in tail[len(tail) - len(reasons) :]):
        reasons = confirmed_tail(dialect, tail, reasons, left_out)
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
        if reason == "empty":
            if len(cells) > 1:
                left_out.note(reason, record.line)
        elif reason is not None:
            left_out.note(reason, record.line, dialect.original_delimiter.join(cells))
        yield record, reason is None
