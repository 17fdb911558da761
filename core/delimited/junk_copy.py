"""Leave rows out of a CSV that are no rows of its table: make a copy in which their lines are blank."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from io import TextIOBase
from pathlib import Path

from core.delimited.dialect import Dialect
from core.delimited.junk_rows import TAIL_RECORDS, UNIT_RECORDS, LeftOut

Record = tuple[int, str, list[str]]


def leave_out_junk(dialect: Dialect, folder: Path) -> tuple[Dialect, list[str]]:
    """Write a copy without junk rows to `folder`; return the dialect of it, and warnings that name the rows.

    Where there are none, it is the dialect of the file itself, now known to have none. Every other line keeps its
    number.
    """
    path = folder / "clean.csv"
    left_out = LeftOut()
    with (
        dialect.path.open(encoding="utf-8-sig", newline="") as source,
        path.open("w", encoding="utf-8", newline="") as copy,
    ):
        for _ in range(dialect.skip_lines):
            copy.write(source.readline())
        last: deque[Record] = deque()
        for record in _kept(_records(source, dialect), dialect, left_out):
            last.append(record)
            if len(last) > TAIL_RECORDS:
                copy.write(last.popleft()[1])
        reasons = dialect.rules.tail([cells for _, _, cells in last])
        for position, (line, text, cells) in enumerate(last):
            at = position - len(last) + len(reasons)
            if at >= 0 and len(cells) > 0:
                left_out.note(reasons[at], line, dialect.original_delimiter.join(cells))
            copy.write(text if at < 0 else _blank(text))
    if not left_out:
        return replace(dialect, is_clean=True), []
    return replace(dialect, path=path, is_clean=True), left_out.warnings()


def _kept(records: Iterator[Record], dialect: Dialect, left_out: LeftOut) -> Iterator[Record]:
    """Yield the records with those blank that are empty, repeat the header, or are units below it."""
    rules = dialect.rules
    is_header, below = dialect.has_header, UNIT_RECORDS if dialect.has_header else 0
    for line, text, cells in records:
        if not cells or is_header:
            is_header = is_header and not cells
            yield line, text, cells
            continue
        reason = rules.reason(cells) or (rules.below_header(cells) if below else None)
        below = below - 1 if reason not in (None, "empty") else below * (reason == "empty")
        if reason is None:
            yield line, text, cells
            continue
        if len(cells) > 1 or reason != "empty":
            left_out.note(reason, line, dialect.original_delimiter.join(cells))
        yield line, _blank(text), []


def _records(source: TextIOBase, dialect: Dialect) -> Iterator[Record]:
    """Yield each record: the number of its first line, its text with line ends, and its cells."""
    lines: list[str] = []

    def taken() -> Iterator[str]:
        for line in source:
            lines.append(line)
            yield line

    number = dialect.skip_lines + 1
    for cells in dialect.quoting.rows(taken(), dialect.delimiter):
        yield number, "".join(lines), cells
        number += len(lines)
        lines.clear()


def _blank(text: str) -> str:
    """Return the line ends of a text alone."""
    return "".join(line[len(line.rstrip("\r\n")) :] for line in text.splitlines(keepends=True) if line[-1] in "\r\n")
