"""Cells of exported files: how values are written, and which texts are dangerous.

A cell is None, bool, int, float, str, datetime (naive), or any JSON value that a caller sent.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from core.exporting.csv_style import COMMAS_AND_POINTS, CsvStyle

Rows = Iterable[Sequence[Any]]

# A text cell that starts with one of these would run as a formula in a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Options:
    """Options of a file; each applies to the formats that know it."""

    # CSV: whether texts that look like formulas stay as they are, and the marks.
    raw: bool = False
    style: CsvStyle = COMMAS_AND_POINTS
    # Excel: how many decimals a column of numbers shows, by its name; the cells hold every digit.
    decimals: Mapping[str, int] = field(default_factory=dict)
    # Excel: the unit that a column of numbers shows behind each figure, by its name; the cells hold numbers.
    units: Mapping[str, str] = field(default_factory=dict)
    # Excel: labels and cells of a sheet about the rows.
    about: Sequence[tuple[str, Any]] = ()


PLAIN = Options()


def harmless(text: str) -> str:
    """Put a quote before a text that looks like a formula; numbers stay as they are."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def finite(number: float) -> float | None:
    """Return the number, or None for NaN and infinity, which no format can hold."""
    return number if isfinite(number) else None


def nested(value: Any) -> str:
    """Return a list or an object as JSON text."""
    return json.dumps(jsonable(value), ensure_ascii=False)


def jsonable(value: Any) -> Any:
    """Return the value with null in place of every NaN and infinity."""
    if isinstance(value, float):
        return finite(value)
    if isinstance(value, list):
        return [jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    return value
