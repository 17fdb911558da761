"""Whether the first line of a table names its columns or is a row already."""

import re
from collections.abc import Sequence
from itertools import pairwise

from core.cell_values import MISSING, parse_date

NUMBER = r"[-+−]?[$€£¥]?(?:\d{1,3}(?:[ ',\u00a0]\d{3})+|\d+)?(?:\.\d*)?(?:[eE][-+]?\d+)?\s?[%€]?"
WITH_COMMA = r"[-+−]?[$€£¥]?(?:\d{1,3}(?:[ '.\u00a0]\d{3})+|\d+)?(?:,\d*)?(?:[eE][-+]?\d+)?\s?[%€]?"
# A column is of a kind when all but this share of its cells are.
STRAYS = 0.1
# So many rows are looked at, and cells no longer than this can be dates.
ROWS = 50
LONGEST_DATE = 40
YEARS = range(1800, 2201)


def is_number(cell: str, delimiter: str) -> bool:
    """Whether a cell is some way to write a number; a decimal comma counts where it is not the delimiter."""
    stripped = cell.strip()
    if not any(character.isdigit() for character in stripped):
        return False
    return bool(re.fullmatch(NUMBER, stripped) or (delimiter != "," and re.fullmatch(WITH_COMMA, stripped)))


def has_header(first: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Whether `first` names the columns of `rows`: when in doubt it does.

    A cell of another kind than its column tells a header, one of the same kind a row. Numbers that count on (0, 1, 2)
    or are years name columns, unless the rows below are like that too.
    """
    rows = rows[:ROWS]
    kinds = [_kind(cell, delimiter) for cell in first]
    below = [_column_kind([row[i] for row in rows if i < len(row)], delimiter) for i in range(len(first))]
    pairs = [pair for pair in zip(kinds, below, strict=True) if "" not in pair]
    if any(kind != column for kind, column in pairs if column != "word"):
        return True
    if not rows:
        return "word" in kinds or not any(kinds)
    if not any(kind != "word" for kind, _ in pairs):
        return True
    ordinal = _ordinal(first, kinds)
    return ordinal != "" and all(_ordinal(row, kinds) != ordinal for row in rows[:3])


def _ordinal(row: Sequence[str], kinds: Sequence[str]) -> str:
    """What the numbers of a row would be as names: "count" (one more each time), "years" in their order, or ""."""
    try:
        numbers = [int(cell) for cell, kind in zip(row, kinds, strict=False) if kind == "number"]
    except ValueError:
        return ""
    steps = {after - before for before, after in pairwise(numbers)}
    if all(number in YEARS for number in numbers):
        return "years" if steps and min(steps) > 0 else ""
    return "count" if len(numbers) > 2 and steps == {1} else ""


def _kind(cell: str, delimiter: str) -> str:
    """Number, date or word; "" for a cell that says nothing."""
    stripped = cell.strip()
    if stripped in MISSING:
        return ""
    if is_number(stripped, delimiter):
        return "number"
    is_short = len(stripped) < LONGEST_DATE and any(map(str.isdigit, stripped))
    return "date" if is_short and parse_date(stripped) is not None else "word"


def _column_kind(cells: Sequence[str], delimiter: str) -> str:
    kinds = [kind for cell in cells if (kind := _kind(cell, delimiter))]
    for kind in ("number", "date"):
        if kinds and kinds.count(kind) >= (1 - STRAYS) * len(kinds):
            return kind
    return "word" if kinds else ""
