"""Decide whether the first line of a table is a header or a row."""

import re
from collections.abc import Sequence
from itertools import pairwise

from core.cell_values import MISSING, parse_date

NUMBER = r"[-+−]?[$€£¥]?(?:\d{1,3}(?:[ ',\u00a0]\d{3})+|\d+)?(?:\.\d*)?(?:[eE][-+]?\d+)?\s?[%€]?"
WITH_COMMA = r"[-+−]?[$€£¥]?(?:\d{1,3}(?:[ '.\u00a0]\d{3})+|\d+)?(?:,\d*)?(?:[eE][-+]?\d+)?\s?[%€]?"
# A column is of a kind if all but this fraction of its cells are.
STRAY_SHARE = 0.1
# So many rows are checked, and cells no longer than this can be dates.
CHECKED_ROWS = 50
LONGEST_DATE = 40
YEARS = range(1800, 2201)


def is_number(cell: str, delimiter: str) -> bool:
    """Return whether a cell is a number in some notation; a decimal comma counts where it is not the delimiter."""
    stripped = cell.strip()
    if not any(character.isdigit() for character in stripped):
        return False
    return bool(re.fullmatch(NUMBER, stripped) or (delimiter != "," and re.fullmatch(WITH_COMMA, stripped)))


def has_header(first: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Return whether `first` is the header of `rows`; when in doubt it is.

    A cell of another kind than its column suggests a header, one of the same kind a row. Consecutive numbers (0, 1, 2)
    and years are names of columns, unless the rows below are alike.
    """
    rows = rows[:CHECKED_ROWS]
    kinds = [_kind(cell, delimiter) for cell in first]
    below = [_column_kind([row[i] for row in rows if i < len(row)], delimiter) for i in range(len(first))]
    pairs = [pair for pair in zip(kinds, below, strict=True) if "" not in pair]
    if any(kind != column for kind, column in pairs if column != "word"):
        return True
    if not rows:
        return "word" in kinds or not any(kinds)
    if not any(kind != "word" for kind, _ in pairs):
        return True
    sequence = _sequence_kind(first, kinds)
    return sequence != "" and all(_sequence_kind(row, kinds) != sequence for row in rows[:3])


def _sequence_kind(row: Sequence[str], kinds: Sequence[str]) -> str:
    """Return the kind of sequence that the numbers of a row are: "count" (0, 1, 2), ascending "years", or ""."""
    try:
        numbers = [int(cell) for cell, kind in zip(row, kinds, strict=False) if kind == "number"]
    except ValueError:
        return ""
    steps = {after - before for before, after in pairwise(numbers)}
    if all(number in YEARS for number in numbers):
        return "years" if steps and min(steps) > 0 else ""
    return "count" if len(numbers) > 2 and steps == {1} else ""


def _kind(cell: str, delimiter: str) -> str:
    """Return the kind of a cell: number, date or word; "" for a missing value."""
    stripped = cell.strip()
    if stripped in MISSING:
        return ""
    if is_number(stripped, delimiter):
        return "number"
    is_short = len(stripped) < LONGEST_DATE and any(map(str.isdigit, stripped))
    return "date" if is_short and parse_date(stripped) is not None else "word"


def _column_kind(cells: Sequence[str], delimiter: str) -> str:
    """Return the kind of nearly all cells of a column, else word; "" where all are empty."""
    kinds = [kind for cell in cells if (kind := _kind(cell, delimiter))]
    for kind in ("number", "date"):
        if kinds and kinds.count(kind) >= (1 - STRAY_SHARE) * len(kinds):
            return kind
    return "word" if kinds else ""
