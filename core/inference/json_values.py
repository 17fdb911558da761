"""The meaning of one JSON value: as a number, a boolean, a time of day, a date or a text."""

from collections.abc import Collection
from math import inf, isfinite
from typing import Any

from core.amounts import DecimalMark, parse_amount
from core.cell_values import EARLIEST, LATEST, MISSING, parse_boolean, parse_clock, parse_date
from core.date_formats import NUMBER_FORMATS, POINTED
from core.manifests import Feature


def read_number(value: Any, unit: str | None = None, decimal: DecimalMark = ".") -> float | None:
    """Return a JSON number, or a text of one, as a finite float; None for another value.

    An amount is read as in the file of the model: with its unit or without, and with its decimal mark.
    """
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return None
    if isinstance(value, str) and decimal == "," and (amount := parse_amount(value, unit, decimal)) is not None:
        return amount
    try:
        # Python would accept "1_000" as a number.
        number = inf if isinstance(value, str) and "_" in value else float(value)
    except ValueError:
        return parse_amount(value, unit, decimal) if isinstance(value, str) else None
    except OverflowError:
        return None
    return number if isfinite(number) else None


def read_boolean(value: Any) -> float | None:
    """Return true, 1 or a word for it as 1.0, their opposites as 0.0; None for another value."""
    if isinstance(value, int | float) and value in (0, 1):
        return float(value)
    if isinstance(value, str):
        return {"1": True, "0": False}.get(value.strip(), parse_boolean(value))
    return None


def read_clock(value: Any) -> float | None:
    """Return the seconds since midnight of a time of day, or a number as it is; None for another value."""
    number = read_number(value)
    return parse_clock(value) if number is None and isinstance(value, str) else number


def read_date(value: Any, date_format: str | None) -> float | None:
    """Return the seconds of a text, in the file's format or ISO 8601, or of a number; a number as text is no date.

    Where the file's dates are numbers, such as 20220301, a number is one of these and not seconds.
    """
    if date_format in NUMBER_FORMATS and isinstance(value, int | float) and not isinstance(value, bool):
        # A float does not tell 2018.1 from 2018.10.
        value = None if date_format in POINTED else str(int(value)) if value == value // 1 else repr(value)
    seconds = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if isinstance(value, str):
        seconds = parse_date(value, date_format)
    return float(seconds) if seconds is not None and EARLIEST <= seconds < LATEST + 1 else None


def missing_words(feature: Feature) -> Collection[str]:
    """Return the texts that are a missing value of a feature.

    A level, and a word that its file was told to keep, is an answer; so is a word for true or false that is written
    like one for a missing value.
    """
    if feature.type == "category":
        return MISSING.union(feature.missing).difference(feature.levels, feature.keep) | {""}
    if feature.type == "boolean":
        own = [*feature.keep, *(feature.format or "").split("/")]
        return MISSING.union(feature.missing).difference(word for word in own if parse_boolean(word) is not None)
    return MISSING.union(feature.missing) if feature.missing else MISSING


def is_missing(value: Any, words: Collection[str] = MISSING) -> bool:
    """Return whether a JSON value is null or one of the `words` for a missing value."""
    return value is None or (isinstance(value, str) and value.strip() in words)


def read_text(value: Any, words: Collection[str] = MISSING) -> str | None:
    """Return a JSON value as the text of a category, "" for missing; None for a value that cannot be one.

    `words` are those that mean a missing value.
    """
    if isinstance(value, str):
        text = value.strip()
        if _is_text(text):
            return "" if text in words else text
    if value is None:
        return ""
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        text = str(value)
        return "" if text in words else text
    return None


def _is_text(text: str) -> bool:
    """Return whether UTF-8 can encode it: in JSON a text may have half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
