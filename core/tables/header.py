"""Decide whether the first line of a table is a header or a row."""

import re
from collections.abc import Sequence
from itertools import pairwise

from core.cell_values import MISSING, parse_date

NUMBER = r"[-+−]?[$€£¥]?(?:\d{1,3}(?:[ ',\u00a0]\d{3})+|\d+)?(?:\.\d*)?(?:[eE][-+]?\d+)?\s?[%€]?"
WITH_COMMA = r"[-+−]?[$€£¥]?(?:\d{1,3}(?:[ '.\u00a0]\d{3})+|\d+)?(?:,\d*)?(?:[eE][-+]?\d+)?\s?[%€]?"
# A column is of a kind when all but this fraction of its cells are.
STRAYS = 0.1
# So many rows are looked at, and cells no longer than this can be dates.
ROWS = 50
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
    rows = rows[:ROWS]
    type_candidates = [_kind(cell, delimiter) for cell in first]
    below = [_column_kind([row[i] for row in rows if i < len(row)], delimiter) for i in range(len(first))]
    pairs = [pair for pair in zip(type_candidates, below, strict=True) if "" not in pair]
    if any(kind != column for kind, column in pairs if column != "word"):
        return True
    if not rows:
        return "word" in type_candidates or not any(type_candidates)
    if not any(kind != "word" for kind, _ in pairs):
        return True
    ordinal = _ordinal(first, type_candidates)
    return ordinal != "" and all(_ordinal(row, type_candidates) != ordinal for row in rows[:3])


def _ordinal(row: Sequence[str], type_candidates: Sequence[str]) -> str:
    """Return what the numbers of a row are as names: "count" (one more each time), "years" in their order, or ""."""
    try:
        numbers = [int(cell) for cell, kind in zip(row, type_candidates, strict=False) if kind == "number"]
    except ValueError:
        return ""
    steps = {after - before for before, after in pairwise(numbers)}
    if all(number in YEARS for number in numbers):
        return "years" if steps and min(steps) > 0 else ""
    return "count" if len(numbers) > 2 and steps == {1} else ""


def _kind(cell: str, delimiter: str) -> str:
    """Return the kind of a cell: number, date or word; "" for an empty one."""
    stripped = cell.strip()
    if stripped in MISSING:
        return ""
    if is_number(stripped, delimiter):
        return "number"
    is_short = len(stripped) < LONGEST_DATE and any(map(str.isdigit, stripped))
    return "date" if is_short and parse_date(stripped) is not None else "word"


def _column_kind(cells: Sequence[str], delimiter: str) -> str:
    type_candidates = [kind for cell in cells if (kind := _kind(cell, delimiter))]
    for kind in ("number", "date"):
        if type_candidates and type_candidates.count(kind) >= (1 - STRAYS) * len(type_candidates):
            return kind
    return "word" if type_candidates else ""
