"""Whether a file writes decimal commas or decimal points: the numbers that can be read in one way only show it."""

import re
from collections.abc import Iterable

# What may stand around the digits: a currency, a unit, signs, brackets.
_BEFORE = r"[^\d.,]{0,24}(?:\.[^\d.,]{0,3})?"
_BEHIND = r"(?:\s*[^\d\s.,][^\d,]*|-)?"


def _certain(decimal: str, group: str) -> str:
    """Return the pattern of a number whose decimal mark cannot be taken for a mark of thousands."""
    number = (
        rf"0{decimal}\d+|[1-9]\d*{decimal}(?:\d{{1,2}}|\d{{4,}})|[1-9]\d{{3,}}{decimal}\d+|"
        rf"\d{{1,3}}(?:[{group}' ]\d{{3}})+{decimal}\d+"
    )
    # Thousands are not divided in front of an exponent.
    return rf"{_BEFORE}(?:(?:{number}){_BEHIND}|\d+{decimal}\d+[eE][-+]?\d{{1,3}})\s*"


DECIMAL_COMMA = _certain(",", r"\.")
DECIMAL_POINT = _certain(r"\.", ",")
# A mark before three digits, which may divide thousands or a fraction, for Python's `re` and RE2 alike.
AMBIGUOUS = r"(?:^|[^0-9.,])[1-9][0-9]{0,2}[.,][0-9]{3}(?:$|[^0-9.,])"
LONGEST = 40


def count_decimal_marks(cells: Iterable[str]) -> tuple[int, int]:
    """Return how many cells have a decimal comma for certain, and how many a decimal point."""
    short = [cell for cell in cells if len(cell) <= LONGEST]
    return (
        sum("," in cell and re.fullmatch(DECIMAL_COMMA, cell) is not None for cell in short),
        sum("." in cell and re.fullmatch(DECIMAL_POINT, cell) is not None for cell in short),
    )
