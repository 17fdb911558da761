"""Convert rows of JSON values to the raw columns that a model takes, and check each value."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import isfinite, nan
from operator import itemgetter
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.amounts import EXACT_INTEGER, DecimalMark
from core.array_types import Floats, RawColumns
from core.date_formats import CLOCK_FORMAT, NUMBER_FORMATS
from core.decimal_marks import AMBIGUOUS, count_decimal_marks
from core.errors import InvalidInputError
from core.inference.input_warnings import NAMES_SHOWN, InputErrors, InputWarnings, shortened
from core.inference.json_values import is_missing, read_boolean, read_clock, read_date, read_number, read_text
from core.manifests import Feature

# JSON values, or an array of numbers with NaN for missing.
Values = Sequence[Any] | NDArray[Any]


@dataclass(frozen=True)
class InputBatch:
    """Unchecked rows by column: the `columns` that are features (n values each), and the names of `ignored` columns."""

    rows: int
    columns: Mapping[str, Values]
    ignored: Iterable[str] = ()


def batch_from_records(records: Sequence[Mapping[str, Any]], features: Sequence[Feature]) -> InputBatch:
    """Return the batch of JSON objects, one a row; an absent key is null. Raises `InvalidInputError` for others."""
    if not all(issubclass(kind, dict) for kind in set(map(type, records))):
        row = next(row for row, record in enumerate(records) if not isinstance(record, dict))
        errors = [{"field": f"data[{row}]", "message": "is not an object"}]
        raise InvalidInputError("data is a list of objects, one a row. Or send columns and rows.", errors)
    columns: dict[str, Values] = {}
    complete = True
    for feature in features:
        try:
            columns[feature.name] = list(map(itemgetter(feature.name), records))
        except KeyError:
            complete = False
            if any(feature.name in record for record in records):
                columns[feature.name] = [record.get(feature.name) for record in records]
    if complete and set(map(len, records)) <= {len(features)}:
        return InputBatch(len(records), columns)
    known = _names(features)
    ignored = [name for name in dict.fromkeys(chain.from_iterable(records)) if name not in known]
    return InputBatch(len(records), columns, ignored)


def batch_from_rows(names: Sequence[str], rows: Sequence[Sequence[Any]], features: Sequence[Feature]) -> InputBatch:
    """Return the batch of rows whose values are in the order of the column `names`, and as many."""
    known = _names(features)
    values = zip(*rows, strict=True) if rows else ((),) * len(names)
    columns = {name: column for name, column in zip(names, values, strict=True) if name in known}
    return InputBatch(len(rows), columns, [name for name in names if name not in known])


def raw_columns_of_batch(batch: InputBatch, features: Sequence[Feature], input_warnings: InputWarnings) -> RawColumns:
    """Return raw columns of n rows; what is imputed, unseen or ignored is added to `input_warnings`.

    Numbers may be strings, dates texts or seconds, booleans words. Null, a text such as "NA" and an absent column are
    missing values. Raises `InvalidRecordsError` that names every field of a wrong type, and where all features are
    absent.
    """
    errors = InputErrors()
    columns: dict[str, NDArray[Any]] = {}
    absent = [feature.name for feature in features if feature.name not in batch.columns]
    if len(absent) == len(features):
        for name in absent[:NAMES_SHOWN]:
            errors.add(name, "is absent, and so is every other feature of the model")
        errors.raise_if_any(input_warnings.next_row, batch.rows)
    for feature in features:
        values = batch.columns.get(feature.name)
        if values is None:
            columns[feature.name] = _missing(batch.rows, feature)
        else:
            columns[feature.name] = READERS[feature.type](values, feature, errors)
            if feature.type == "number" and (example := _ambiguous(values, feature)) is not None:
                text, position = example
                input_warnings.add_reading(feature.name, text, float(columns[feature.name][position]))
    errors.raise_if_any(input_warnings.next_row, batch.rows)
    input_warnings.update(columns, batch.rows, absent, batch.ignored)
    return columns


def raw_columns_of_clean_row(
    record: Mapping[str, Any], levels: Mapping[str, frozenset[str | bool] | None]
) -> RawColumns | None:
    """Return the raw columns of one row without missing or unusual values; None for every other row.

    `levels` has, by feature, the values that a category or boolean may have, and None for a number. Most requests are
    such rows, and take a quarter of the time of `raw_columns_of_batch`.
    """
    if len(record) != len(levels):
        return None
    columns: dict[str, NDArray[Any]] = {}
    for name, known in levels.items():
        value = record.get(name)
        if known is None:
            exact = isfinite(value) if type(value) is float else type(value) is int and abs(value) <= EXACT_INTEGER
            if not exact:
                return None
            columns[name] = np.array([value], np.float64)
        elif type(value) is str and value in known:
            columns[name] = np.array([value], object)
        elif type(value) is bool and value in known:
            columns[name] = np.array([value], np.float64)
        else:
            return None
    return columns


def _names(features: Sequence[Feature]) -> set[str]:
    """Return the names of the features."""
    return {feature.name for feature in features}


def _missing(rows: int, feature: Feature) -> NDArray[Any]:
    """Return a column without any value."""
    return np.full(rows, "", object) if feature.type == "category" else np.full(rows, nan)


def _numbers(values: Values, feature: Feature, errors: InputErrors) -> Floats:
    """Read a number feature; add an error for each value that is no finite number."""
    if isinstance(values, np.ndarray):
        numbers = values.astype(np.float64)
        if not np.isinf(numbers).any():
            return numbers
    decimal = _decimal_mark(values, feature)
    quick = _quick_numbers(values) if decimal != "," else None
    if quick is not None:
        return quick
    if feature.format == CLOCK_FORMAT:
        accepted = "a time of day such as 14:35 or 14:35:20, or the number of seconds since midnight"
        return _checked(read_clock, accepted, values, feature, errors)
    accepted = f"a finite number, with the unit {feature.unit!r} or without" if feature.unit else "a finite number"
    return _checked(partial(read_number, unit=feature.unit, decimal=decimal), accepted, values, feature, errors)


def _decimal_mark(values: Values, feature: Feature) -> DecimalMark:
    """Return the decimal mark of these values: a comma as in the model's file, unless they have certain points."""
    if feature.decimal != ",":
        return "."
    commas, points = count_decimal_marks(value.strip() for value in values if isinstance(value, str))
    return "." if points > commas else ","


def _ambiguous(values: Values, feature: Feature) -> tuple[str, int] | None:
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


def _booleans(values: Values, feature: Feature, errors: InputErrors) -> Floats:
    """Read a boolean feature as 1 and 0; add an error for each other value."""
    if set(map(type, values)) == {bool}:
        return np.array(values, np.float64)
    return _checked(read_boolean, "true or false (or 1, 0, yes, no)", values, feature, errors)


def _dates(values: Values, feature: Feature, errors: InputErrors) -> Floats:
    """Read a date feature as seconds since 1970-01-01; add an error for each other value."""
    own_format = f"{feature.format} as in the file, or " if feature.format not in (None, "Y-M-D") else ""
    or_number = "" if feature.format in NUMBER_FORMATS else " or seconds since 1970"
    accepted = f"a date ({own_format}2012-01-31 or 2012-01-31 08:30:00){or_number}"
    return _checked(partial(read_date, date_format=feature.format), accepted, values, feature, errors)


def _checked(
    read: Callable[[Any], float | None], accepted: str, values: Values, feature: Feature, errors: InputErrors
) -> Floats:
    """Return `read` of each value, NaN for a missing one. Where that is None, add an error: it must be `accepted`."""
    numbers = []
    for row, value in enumerate(_python_values(values)):
        number = nan if is_missing(value) else read(value)
        if number is None:
            errors.add(feature.name, f"must be {accepted}, not {shortened(value)}", row)
        numbers.append(nan if number is None else number)
    return np.array(numbers, np.float64)


def _python_values(values: Values) -> Sequence[Any]:
    """Return the values of an array as Python objects, None for NaN."""
    if not isinstance(values, np.ndarray):
        return values
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN alone differs


def _texts(values: Values, feature: Feature, errors: InputErrors) -> NDArray[np.object_]:
    """Read a category as texts, "" for missing; add an error for each value that is no text or number."""
    texts = np.empty(len(values), dtype=object)
    levels = frozenset(feature.levels)
    if set(map(type, values)) == {str}:
        # A column has few different texts: each is read once.
        read = {value: read_text(value, levels) for value in set(values)}
        if None not in read.values():
            texts[:] = list(map(read.__getitem__, values))
            return texts
    for row, value in enumerate(_python_values(values)):
        text = read_text(value, levels)
        if text is None:
            errors.add(feature.name, f"must be a text, not {shortened(value)}", row)
        texts[row] = text or ""
    return texts


READERS: dict[str, Callable[[Values, Feature, InputErrors], NDArray[Any]]] = {
    "number": _numbers,
    "boolean": _booleans,
    "date": _dates,
    "category": _texts,
}
