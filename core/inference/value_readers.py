"""Convert the values of one feature, JSON values or cells, to a raw column. Here is decided what a text means."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from math import nan
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.amounts import DecimalMark
from core.array_types import Floats
from core.cell_values import EARLIEST, LATEST
from core.date_formats import CLOCK_FORMAT, NUMBER_FORMATS
from core.decimal_marks import AMBIGUOUS, count_decimal_marks
from core.inference.file_cells import FileCells
from core.inference.input_warnings import InputErrors
from core.inference.json_values import (
    is_missing,
    missing_words,
    read_boolean,
    read_clock,
    read_date,
    read_number,
    read_text,
)
from core.manifests import Feature

# A whole number that may be a date: a year, with a month, with a day, or the serial number of a spreadsheet.
COMPACT_DATE = re.compile(r"(?:19|20)\d\d(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])?)?|[2-5]\d{4}")
COMPACT_DATES = (1900, 20991231)
# JSON values, or an array of numbers with NaN for missing.
Values = Sequence[Any] | NDArray[Any]


def raw_column(values: Values, feature: Feature, errors: InputErrors | FileCells) -> NDArray[Any]:
    """Return the values of one feature as its raw column; `errors` collects those that it cannot take."""
    column = READERS[feature.type](values, feature, errors)
    return without_missing(column, feature) if feature.missing else column


def without_missing(column: NDArray[Any], feature: Feature) -> NDArray[Any]:
    """Return a raw column with NaN for each number or date that stands for a missing value in the model's file."""
    if feature.type == "category":
        return column
    stand_for_missing = raw_column(feature.missing, feature.model_copy(update={"missing": []}), FileCells())
    return np.where(np.isin(column, stand_for_missing), nan, column)


def _numbers(values: Values, feature: Feature, errors: InputErrors | FileCells) -> Floats:
    """Read a number feature; add an error for each value that is no finite number."""
    if isinstance(values, np.ndarray):
        numbers = values.astype(np.float64)
        if not np.isinf(numbers).any():
            return numbers
    if feature.format == CLOCK_FORMAT and _quick_numbers(values) is None:
        accepted = "a time of day such as 14:35 or 14:35:20, or the number of seconds since midnight"
        return _checked(read_clock, accepted, values, feature, errors)
    decimal = _decimal_mark(values, feature, errors)
    found = _quick_numbers(values) if decimal != "," else None
    if found is None:
        accepted = f"a finite number, with the unit {feature.unit!r} or without" if feature.unit else "a finite number"
        read = partial(read_number, unit=feature.unit, decimal=decimal)
        found = _checked(read, accepted, values, feature, errors)
    elif isinstance(errors, FileCells):
        errors.add_present(feature, int((~np.isnan(found)).sum()))
    if isinstance(errors, FileCells) and feature.decimal != ",":
        errors.add_marks(feature, [value.strip() for value in values if isinstance(value, str)])
    return found


def _decimal_mark(values: Values, feature: Feature, errors: InputErrors | FileCells) -> DecimalMark:
    """Return the decimal mark of these values: a comma as in the model's file, unless they have certain points.

    The cells of a file decide together.
    """
    settled = errors.settled_mark(feature) if isinstance(errors, FileCells) else None
    if settled is not None or feature.decimal != ",":
        return settled or "."
    texts = [value.strip() for value in values if isinstance(value, str)]
    if isinstance(errors, FileCells):
        return errors.decimal_mark(feature, texts)
    commas, points = count_decimal_marks(texts)
    return "." if points > commas else ","


def ambiguous(values: Values, feature: Feature) -> tuple[str, int] | None:
    """Return the first text whose mark may divide thousands or a fraction, and its position, if none settles it."""
    if isinstance(values, np.ndarray) or str not in set(map(type, values)):
        return None
    search = re.compile(AMBIGUOUS).search
    texts = [value.strip() if isinstance(value, str) else "" for value in values]
    # A point is a decimal mark to every program, except where the model's file has decimal commas.
    marks = ",." if feature.decimal == "," else ","
    position = next((i for i, text in enumerate(texts) if any(map(text.count, marks)) and search(text)), None)
    if position is None or any(count_decimal_marks(texts)):
        return None
    return texts[position], position


def bare_share(values: Values, feature: Feature) -> str | float | None:
    """Return the first number without a unit, if a column in per cent may have shares of 1 there: 0.12 for 12%."""
    if not takes_percent(feature):
        return None
    first: str | float | None = None
    for value in _python_values(values):
        try:
            number = float(value.strip().replace(",", ".") if isinstance(value, str) else value)
        except (TypeError, ValueError, OverflowError):
            continue
        if abs(number) > 1:
            return None
        first = value if first is None and 0 < abs(number) <= 1 else first
    return first


def compact_date(values: Values, feature: Feature) -> float | None:
    """Return the first number that is read as seconds since 1970 and looks like a date, such as 20220301."""
    if feature.type != "date" or feature.format in NUMBER_FORMATS:
        return None
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
        values = values[(values >= COMPACT_DATES[0]) & (values <= COMPACT_DATES[1])]
    for value in _python_values(values):
        is_whole = isinstance(value, int | float) and COMPACT_DATES[0] <= value <= COMPACT_DATES[1] and value % 1 == 0
        if is_whole and COMPACT_DATE.fullmatch(str(int(value))):
            return float(value)
    return None


def takes_percent(feature: Feature) -> bool:
    """Return whether a number is in per cent, and usually above 1, so that a bare 0.12 may mean 12%."""
    return feature.type == "number" and feature.unit == "%" and abs(float(feature.fill)) > 1


def _quick_numbers(values: Values) -> Floats | None:
    """Return all values in one conversion if they are numbers and nulls, or texts of numbers; else None."""
    types = set(map(type, values))
    try:
        if types <= {int, float, NoneType}:
            numbers = np.array(values, np.float64)
            nulls = values.count(None) if NoneType in types and isinstance(values, list | tuple) else 0
            # A null has become NaN; a NaN that a caller sent must not pass for one.
            has_nan = int((~np.isfinite(numbers)).sum()) != nulls
            return None if has_nan or np.isinf(numbers).any() else numbers
        if types == {str} and not any("_" in text for text in values):
            numbers = np.array(values, np.float64)
            return numbers if np.isfinite(numbers).all() else None
    except (ValueError, OverflowError):
        pass  # a text that is no number, or an integer beyond float64: `_checked` will name it
    return None


def _booleans(values: Values, feature: Feature, errors: InputErrors | FileCells) -> Floats:
    """Read a boolean feature as 1 and 0; add an error for each other value."""
    if set(map(type, values)) == {bool}:
        return np.array(values, np.float64)
    return _checked(read_boolean, "true or false (or 1, 0, yes, no)", values, feature, errors)


def _dates(values: Values, feature: Feature, errors: InputErrors | FileCells) -> Floats:
    """Read a date feature as seconds since 1970-01-01; add an error for each other value."""
    if isinstance(values, np.ndarray) and feature.format not in NUMBER_FORMATS:
        seconds = values.astype(np.float64)
        present = ~np.isnan(seconds)
        if ((seconds[present] >= EARLIEST) & (seconds[present] < LATEST + 1)).all():
            if isinstance(errors, FileCells):
                errors.add_present(feature, int(present.sum()))
            return seconds
    own_format = f"{feature.format} as in the file, or " if feature.format not in (None, "Y-M-D") else ""
    or_number = "" if feature.format in NUMBER_FORMATS else " or seconds since 1970"
    accepted = f"a date ({own_format}2012-01-31 or 2012-01-31 08:30:00){or_number}"
    date_format = errors.date_format(feature) if isinstance(errors, FileCells) else feature.format
    seconds = _checked(partial(read_date, date_format=date_format), accepted, values, feature, errors)
    if isinstance(errors, FileCells):
        errors.add_dates(feature, (value for value in values if isinstance(value, str)))
    return seconds


def _checked(
    read: Callable[[Any], float | None],
    accepted: str,
    values: Values,
    feature: Feature,
    errors: InputErrors | FileCells,
) -> Floats:
    """Return `read` of each value, NaN for a missing one. Where that is None, add an error: it must be `accepted`."""
    numbers, words, missing = [], missing_words(feature), 0
    # A text is read once: parsing a date takes microseconds.
    known: dict[str, float | None] = {}
    for row, value in enumerate(_python_values(values)):
        if is_missing(value, words):
            missing += 1
            numbers.append(nan)
            continue
        is_text = isinstance(value, str)
        number = known[value] if is_text and value in known else read(value)
        if is_text:
            known[value] = number
        if number is None:
            errors.add_unreadable(feature, accepted, value, row)
        numbers.append(nan if number is None else number)
    if isinstance(errors, FileCells):
        errors.add_present(feature, len(numbers) - missing)
    return np.array(numbers, np.float64)


def _python_values(values: Values) -> Sequence[Any]:
    """Return the values of an array as Python objects, None for NaN."""
    if not isinstance(values, np.ndarray):
        return values
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN alone differs


def _texts(values: Values, feature: Feature, errors: InputErrors | FileCells) -> NDArray[np.object_]:
    """Read a category as texts, "" for missing; add an error for each value that is no text or number."""
    texts = np.empty(len(values), dtype=object)
    words = missing_words(feature)
    if set(map(type, values)) == {str}:
        # A column has few different texts: each is read once.
        read = {value: read_text(value, words) for value in set(values)}
        if None not in read.values():
            texts[:] = list(map(read.__getitem__, values))
            return texts
    for row, value in enumerate(_python_values(values)):
        text = read_text(value, words)
        if text is None:
            errors.add_unreadable(feature, "a text", value, row)
        texts[row] = text or ""
    return texts


READERS: dict[str, Callable[[Values, Feature, InputErrors | FileCells], NDArray[Any]]] = {
    "number": _numbers,
    "boolean": _booleans,
    "date": _dates,
    "category": _texts,
}
