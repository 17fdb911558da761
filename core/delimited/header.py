"""Decide whether the first line of a table is a header or a row."""

from collections.abc import Sequence
from itertools import pairwise

from core.delimited.cell_kinds import cell_kind, column_kind, kind_delimiter

# So many rows are checked.
CHECKED_ROWS = 50
YEARS = range(1800, 2201)


def has_header(first: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Return whether `first` is the header of `rows`; when in doubt it is.

    A cell of another kind than its column suggests a header, one of the same kind a row. Consecutive numbers (0, 1, 2)
    and years are names of columns, unless the rows below are alike.
    """
    rows = rows[:CHECKED_ROWS]
    delimiter = kind_delimiter(rows, delimiter)
    kinds = [cell_kind(cell, delimiter) for cell in first]
    below = [column_kind([row[i] for row in rows if i < len(row)], delimiter) for i in range(len(first))]
    pairs = [pair for pair in zip(kinds, below, strict=True) if "" not in pair]
    if any(kind != column for kind, column in pairs if column != "word"):
        return True
    if rows and not any(kinds) and any(map(str.strip, first)):
        return False  # spellings of missing values name no columns
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
