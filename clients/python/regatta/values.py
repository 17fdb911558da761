"""Python values as what the service reads: a number, true or false, a text, or nothing.

Values of pandas and numpy are known by the names of their classes and by their methods, so that neither is imported.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from types import NoneType
from typing import Any

MISSING_CLASSES = frozenset({"NAType", "NaTType"})
NUMPY_TIMES = {"datetime64": "datetime64[us]", "timedelta64": "timedelta64[us]"}


def simple(value: Any) -> Any:
    """Return a value as None, bool, int, float, str, Decimal, datetime, date, time or timedelta.

    None, NaN, NaT and pandas.NA are None. Raises `TypeError` for lists, bytes and the like.
    """
    kind = type(value)
    if kind in KEPT:
        return value
    if kind.__name__ in MISSING_CLASSES:
        return None
    convert = next((convert for base, convert in CONVERTERS if isinstance(value, base)), _of_another_library)
    return convert(value)


def json_value(value: Any) -> Any:
    """Return a value as JSON has it. A number that is not finite becomes its text, so that the service names it."""
    found = simple(value)
    if isinstance(found, float):
        return found if isfinite(found) else repr(found)
    if isinstance(found, Decimal):
        return float(found) if "." in f"{found:f}" else int(found)
    if isinstance(found, timedelta):
        return found.total_seconds()
    return text_of(found) if isinstance(found, date | time) else found


def text_of(value: Any) -> str:
    """Return what `simple` returns as the text of a cell: floats with all their digits, dates in ISO 8601, in UTC."""
    write = WRITERS.get(type(value))
    return write(value) if write else next(write for kind, write in WRITERS.items() if isinstance(value, kind))(value)


def _number(value: float) -> float | None:
    return value if value == value else None  # noqa: PLR0124 - NaN alone differs from itself


def _of_another_library(value: Any) -> Any:
    """Return a scalar of numpy as one of Python, and the text of any other object."""
    kind = type(value)
    if kind.__name__ in NUMPY_TIMES:
        return value.astype(NUMPY_TIMES[kind.__name__]).item()
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return simple(value.item())
    if isinstance(value, bytes | bytearray) or hasattr(value, "__len__"):
        raise TypeError(f"A value is a number, a text, a boolean or a date, not a {kind.__name__}.")
    return str(value)


def _timestamp(value: datetime) -> str:
    """Return a timestamp to the microsecond; one with a zone in UTC, as the service would convert it."""
    moment = value if value.tzinfo is None else value.astimezone(UTC)
    fraction = f".{moment.microsecond:06}" if moment.microsecond else ""
    day = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    return f"{day}T{moment.hour:02}:{moment.minute:02}:{moment.second:02}{fraction}"


KEPT = frozenset({NoneType, bool, int, str, date, datetime, time, timedelta})
# In this order: a class that comes later may be a base of one that comes before.
CONVERTERS: list[tuple[type, Callable[[Any], Any]]] = [
    (Enum, lambda value: simple(value.value)),
    (float, lambda value: _number(float(value))),
    (Decimal, lambda value: None if value.is_nan() else value),
    (date, lambda value: value),
    (time, lambda value: value),
    (timedelta, lambda value: value),
    (str, str),
    (int, int),
]
WRITERS: dict[type, Callable[[Any], str]] = {
    str: str,
    NoneType: lambda value: "",
    bool: lambda value: "true" if value else "false",
    float: repr,
    int: str,
    Decimal: lambda value: f"{value:f}",
    datetime: _timestamp,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: lambda value: repr(value.total_seconds()),
}
