"""The kind of a cell or column of text, by its look: number, date or word."""

import re
from collections.abc import Iterable, Sequence

from core.cell_values import MISSING, parse_date
from core.decimal_marks import count_decimal_marks

NUMBER = r"[-+−]?[$€£¥]?(?:\d{1,3}(?:[ ',\u00a0]\d{3})+|\d+)?(?:\.\d*)?(?:[eE][-+]?\d+)?\s?[%€]?"
WITH_COMMA = r"[-+−]?[$€£¥]?(?:\d{1,3}(?:[ '.\u00a0]\d{3})+|\d+)?(?:,\d*)?(?:[eE][-+]?\d+)?\s?[%€]?"
# A column is of a kind if all but this fraction of its cells are.
STRAY_SHARE = 0.1
# A letter or two right before a digit is a name such as V12, but for quarters and halves of a year.
_NAME = r"(?![QqHhSs]\d)[A-Za-z]{1,2}\d.*|.*_.*"
# Cells no longer than this can be dates.
LONGEST_DATE = 40


def is_number(cell: str, delimiter: str) -> bool:
    """Return whether a cell is a number in some notation; a decimal comma counts where it is not the delimiter."""
    stripped = cell.strip()
    try:
        # Most numbers are plain, which this shows in a third of the time. "nan" and "1_000" are none.
        float(stripped)
    except ValueError:
        if not any(map(str.isdigit, stripped)):
            return False
        return bool(re.fullmatch(NUMBER, stripped) or (delimiter != "," and re.fullmatch(WITH_COMMA, stripped)))
    return stripped.lstrip("+-.")[:1].isdigit() and "_" not in stripped


def kind_delimiter(rows: Iterable[Sequence[str]], delimiter: str) -> str:
    """Return the delimiter for the kinds of these rows: no comma where those in quotes are decimal marks."""
    if delimiter != ",":
        return delimiter
    commas, points = count_decimal_marks(cell.strip() for row in rows for cell in row)
    return ";" if commas > points else delimiter


def cell_kind(cell: str, delimiter: str) -> str:
    """Return the kind of a cell: number, date or word; "" for a missing value."""
    stripped = cell.strip()
    if stripped in MISSING:
        return ""
    if is_number(stripped, delimiter):
        return "number"
    return "date" if _may_be_date(stripped) and parse_date(stripped) is not None else "word"


def _may_be_date(text: str) -> bool:
    """Return whether a text can be a date; trying all formats takes long, and most words are none at a glance."""
    if not 1 < len(text) < LONGEST_DATE or sum(map(str.isdigit, text)) < 2:
        return False
    return re.fullmatch(_NAME, text) is None


def column_kind(cells: Sequence[str], delimiter: str) -> str:
    """Return the kind of nearly all cells of a column, else word; "" where all are empty."""
    kinds = [kind for cell in cells if (kind := cell_kind(cell, delimiter))]
    for kind in ("number", "date"):
        if kinds and kinds.count(kind) >= (1 - STRAY_SHARE) * len(kinds):
            return kind
    return "word" if kinds else ""
