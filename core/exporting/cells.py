"""What every kind of file has in common: the cells of a row, how they are shown, and which texts are dangerous.

A cell is None, bool, int, float, str, datetime (naive), or whatever JSON a caller sent along.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

Rows = Iterable[Sequence[Any]]

# A text cell that starts with one of these would run as a formula in a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Options:
    """How a file is written, for the kinds of file that it means something to."""

    # CSV: texts that look like formulas stay as they are.
    raw: bool = False
    # Excel: how many decimals are shown of a column of numbers, by its name; the cells hold every digit.
    decimals: Mapping[str, int] = field(default_factory=dict)
    # Excel: what a sheet of its own says about the rows, as labels and cells.
    about: Sequence[tuple[str, Any]] = ()


PLAIN = Options()


def harmless(text: str) -> str:
    """A text that looks like a formula gets a quote in front; numbers are never touched."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def finite(number: float) -> float | None:
    """The number, or None for NaN and infinity, which no file has a cell for."""
    return number if isfinite(number) else None


def nested(value: Any) -> str:
    """A list or an object as the text of its JSON."""
    return json.dumps(jsonable(value), ensure_ascii=False)


def jsonable(value: Any) -> Any:
    """The value with null in place of every NaN and infinity."""
    if isinstance(value, float):
        return finite(value)
    if isinstance(value, list):
        return [jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    return value
