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
# What a spreadsheet may skip before it: blanks, quotes, and what has no width (Unicode's Default_Ignorable_Code_Point).
BLANKS = (
    r"\x00-\x20\x7f-\xa0\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{1680}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{2000}-\x{200f}"
    r"\x{2028}-\x{202f}\x{205f}-\x{206f}\x{2800}\x{3000}\x{3164}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{fff0}-\x{fffb}"
    r"\x{1bca0}-\x{1bca3}\x{1d173}-\x{1d17a}\x{e0000}-\x{e0fff}'\""
)
# Where a reader may end a line, whether or not it knows the quotes of the file.
LINE_ENDS = r"\n\x0b\x0c\r\x1c-\x1e\x{85}\x{2028}\x{2029}"
# What a spreadsheet may divide cells at, because it was set up for another mark than the file has.
MARKS = r";,|\t"
# In the syntax of RE2: a text in which something has to be quoted, or has been.
FORMULA = rf"(^|[{MARKS}{LINE_ENDS}])[{BLANKS}]*[{SIGNS}]|^'*[\t\r\n]"


def _pattern(text: str) -> re.Pattern[str]:
    """Return a pattern in the syntax of RE2 as one of Python."""
    return re.compile(re.sub(r"\\x\{(\w+)\}", lambda code: f"\\U{code[1]:0>8}", text))


_BEGINNING = _pattern(rf"[{BLANKS}]*[{SIGNS}]")
# Each run is taken once, with a sign behind it or without, so that the time is that of the length.
_RUN = _pattern(rf"[{BLANKS}{MARKS}{LINE_ENDS}]+[{SIGNS}]?")
_DIVISION = _pattern(rf"[{MARKS}{LINE_ENDS}]")
# A tab as well may be skipped as a blank.
_TO_LAST_END = _pattern(rf"(?s:.*)[;,|{LINE_ENDS}]")
_SIGN = _pattern(f"[{SIGNS}]")
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
    # CSV and JSON: whether the file begins with the first of the rows, and ends with the last; else it is a part of it.
    begins: bool = True
    ends: bool = True


PLAIN = Options()


def harmless(text: str) -> str:
    """Put a quote before what looks like a formula: at the beginning of a text, and behind a mark that divides cells.

    Whoever removes one quote at each of these places, from a text in which none was missing, has the text again.
    """
    if text.isalnum():
        return text
    begins = _BEGINNING.match(text) is not None or text.lstrip("'").startswith(LINE_STARTS)
    divided = _RUN.sub(_quoted, text) if _DIVISION.search(text) and _SIGN.search(text) else text
    return f"'{divided}" if begins else divided


def _quoted(run: re.Match[str]) -> str:
    """Return blanks, marks and perhaps a sign with quotes behind the marks where a cell would begin with the sign."""
    found = run[0]
    if not _SIGN.match(found[-1]):
        return found
    # Before the last end nothing but an empty cell begins.
    before = _TO_LAST_END.match(found)
    start, quote = (before.end(), "'") if before else (0, "")
    return found[:start] + quote + found[start:].replace("\t", "\t'")


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
