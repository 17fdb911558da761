"""Cells of exported files: how values are written, and which texts are dangerous.

A cell is None, bool, int, float, str, datetime (naive), or any JSON value that a caller sent.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from core.exporting.csv_style import COMMAS_AND_POINTS, CsvStyle

Rows = Iterable[Sequence[Any]]

# What begins a formula in a spreadsheet, in the forms of Chinese and Japanese keyboards too.
SIGNS = r"=+\-@＝＋－＠﹦﹢﹣﹫"
# What a spreadsheet skips before it: blanks, quotes, and characters without width.
BLANKS = r"\s\x00-\x1f\x7f-\xa0\x{ad}\x{180e}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}-\x{206f}\x{3000}\x{feff}\""
# Where a cell begins, or one that the spreadsheet makes itself because it divides lines at another mark than the file.
BEGINNINGS = r"^|[;,\r\n]"
# In the syntax of RE2: a text in which something has to be quoted, or has been.
FORMULA = rf"({BEGINNINGS})'*[{BLANKS}]*[{SIGNS}]|^'*[\t\r\n]"
_BLANKS = re.sub(r"\\x\{(\w+)\}", lambda code: f"\\u{code[1]:0>4}", BLANKS)
_QUOTED = re.compile(rf"'*[{_BLANKS}]*[{SIGNS}]")
_LEADING = re.compile(rf"['{_BLANKS}]*")
_DIVIDED = re.compile(rf"([;,\r\n])(?='*(?:(?![\r\n])[{_BLANKS}])*[{SIGNS}])")
LINE_STARTS = ("\t", "\r", "\n")


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
    """Put a quote before what looks like a formula: at the beginning of a text, and behind a mark that divides cells.

    Whoever removes one quote at each of these places, from a text in which none was missing, has the text again.
    """
    if text.isalnum():
        return text
    start = _LEADING.match(text)
    assert start is not None  # it matches nothing, too
    begins = _QUOTED.match(text) is not None or text.lstrip("'").startswith(LINE_STARTS)
    head, rest = text[: start.end()], text[start.end() :]
    return ("'" if begins else "") + head + _DIVIDED.sub(r"\1'", rest)


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
