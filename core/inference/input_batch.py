"""From what a caller sends to what a model takes: JSON values as numpy columns, checked field by field."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import inf, isfinite, nan
from operator import itemgetter
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cell_values import EARLIEST, LATEST, MISSING, read_boolean, read_date
from core.errors import InvalidInputError
from core.inference.input_warnings import NAMES_SHOWN, Errors, Notices, shown
from core.manifests import Feature

# Up to here every integer is a float64.
EXACT_INTEGER = 2**53

Columns = dict[str, NDArray[Any]]
# Values as JSON has them, or a tensor of numbers in which NaN is a gap.
Values = Sequence[Any] | NDArray[Any]


@dataclass(frozen=True)
class Sent:
    """Some rows as they came, by column: those that are a feature (n values each), and the names of all others."""

    rows: int
    columns: Mapping[str, Values]
    ignored: Iterable[str] = ()


def sent_records(records: Sequence[Mapping[str, Any]], features: Sequence[Feature]) -> Sent:
    """One JSON object a row; a key that a row lacks is null there. Raises `InvalidInputError` for anything else."""
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
        return Sent(len(records), columns)
    known = _names(features)
    ignored = [name for name in dict.fromkeys(chain.from_iterable(records)) if name not in known]
    return Sent(len(records), columns, ignored)


def sent_rows(names: Sequence[str], rows: Sequence[Sequence[Any]], features: Sequence[Feature]) -> Sent:
    """Rows of values in the order of the column `names`, each of them as long as that."""
    known = _names(features)
    values = zip(*rows, strict=True) if rows else ((),) * len(names)
    columns = {name: column for name, column in zip(names, values, strict=True) if name in known}
    return Sent(len(rows), columns, [name for name in names if name not in known])


def to_columns(sent: Sent, features: Sequence[Feature], notices: Notices) -> Columns:
    """Raw columns for `CompiledModel.run` (n rows each); `notices` learns what is imputed, unseen or ignored.

    Numbers may come as strings, dates as text or seconds, booleans as words; null, a text such as "NA" and a column
    that is not there are missing values. Raises `InvalidRecordsError` that names every field of the wrong type, and
    where no feature came at all.
    """
    errors = Errors()
    columns: Columns = {}
    absent = [feature.name for feature in features if feature.name not in sent.columns]
    if len(absent) == len(features):
        for name in absent[:NAMES_SHOWN]:
            errors.add(name, "is absent, and so is every other feature of the model")
        errors.check(notices.next_row, sent.rows)
    for feature in features:
        values = sent.columns.get(feature.name)
        if values is None:
            columns[feature.name] = _gaps(sent.rows, feature)
        else:
            columns[feature.name] = READERS[feature.type](values, feature, errors)
    errors.check(notices.next_row, sent.rows)
    notices.look(columns, sent.rows, absent, sent.ignored)
    return columns


def clean_row(record: Mapping[str, Any], levels: Mapping[str, frozenset[str | bool] | None]) -> Columns | None:
    """The columns of one row that needs no check, repair or warning; None for every other one.

    `levels` holds, by feature, the values that a category or boolean may have, and None for a number. This is what
    most requests are, and it takes a quarter of the time of `to_columns`.
    """
    if len(record) != len(levels):
        return None
    columns: Columns = {}
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
    return {feature.name for feature in features}


def _gaps(rows: int, feature: Feature) -> NDArray[Any]:
    return np.full(rows, "", object) if feature.type == "category" else np.full(rows, nan)


def _numbers(values: Values, feature: Feature, errors: Errors) -> NDArray[np.float64]:
    if isinstance(values, np.ndarray):
        numbers = values.astype(np.float64)
        if not np.isinf(numbers).any():
            return numbers
    quick = _quick_numbers(values)
    return quick if quick is not None else _checked(_number, "a finite number", values, feature, errors)


def _quick_numbers(values: Values) -> NDArray[np.float64] | None:
    """The numbers, read all at once, if they are numbers and nulls, or texts of numbers only; else None."""
    kinds = set(map(type, values))
    try:
        if kinds <= {int, float, NoneType}:
            numbers = np.array(values, np.float64)
            nulls = values.count(None) if NoneType in kinds and isinstance(values, list | tuple) else 0
            odd = int((~np.isfinite(numbers)).sum()) != nulls
            # A null is NaN by now, and so would a NaN be that somebody sent.
            return None if odd or np.isinf(numbers).any() else numbers
        if kinds == {str} and not any("_" in text for text in values):
            numbers = np.array(values, np.float64)
            return numbers if np.isfinite(numbers).all() else None
    except (ValueError, OverflowError):
        pass  # a text that is no number, an integer beyond float64: found again, and named, one by one
    return None


def _booleans(values: Values, feature: Feature, errors: Errors) -> NDArray[np.float64]:
    if set(map(type, values)) == {bool}:
        return np.array(values, np.float64)
    return _checked(_boolean, "true or false (or 1, 0, yes, no)", values, feature, errors)


def _dates(values: Values, feature: Feature, errors: Errors) -> NDArray[np.float64]:
    own = f"{feature.format} as in the file, or " if feature.format not in (None, "Y-M-D") else ""
    accepted = f"a date ({own}2012-01-31 or 2012-01-31 08:30:00) or seconds since 1970"
    return _checked(partial(_date, form=feature.format), accepted, values, feature, errors)


def _checked(
    read: Callable[[Any], float | None], accepted: str, values: Values, feature: Feature, errors: Errors
) -> NDArray[np.float64]:
    """What `read` makes of each value, NaN for a gap; where that is None, an error says what is `accepted`."""
    numbers = []
    for row, value in enumerate(_plain(values)):
        number = nan if _is_gap(value) else read(value)
        if number is None:
            errors.add(feature.name, f"must be {accepted}, not {shown(value)}", row)
        numbers.append(nan if number is None else number)
    return np.array(numbers, np.float64)


def _plain(values: Values) -> Sequence[Any]:
    """The values of a tensor as Python has them, None for NaN."""
    if not isinstance(values, np.ndarray):
        return values
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN alone differs


def _number(value: Any) -> float | None:
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return None
    try:
        # Python alone would take "1_000" for a number.
        number = inf if isinstance(value, str) and "_" in value else float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _boolean(value: Any) -> float | None:
    if isinstance(value, int | float) and value in (0, 1):
        return float(value)
    if isinstance(value, str):
        return {"1": True, "0": False}.get(value.strip(), read_boolean(value))
    return None


def _date(value: Any, form: str | None) -> float | None:
    """A text in the file's own way or ISO 8601, or seconds; a number as text may be anything, and is none."""
    seconds = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if isinstance(value, str):
        seconds = read_date(value, form)
    return float(seconds) if seconds is not None and EARLIEST <= seconds < LATEST + 1 else None


def _is_gap(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in MISSING)


def _texts(values: Values, feature: Feature, errors: Errors) -> NDArray[np.object_]:
    texts = np.empty(len(values), dtype=object)
    if set(map(type, values)) == {str}:
        # A column has few different texts: each of them is looked at once.
        read = {value: _text(value) for value in set(values)}
        if None not in read.values():
            texts[:] = list(map(read.__getitem__, values))
            return texts
    for row, value in enumerate(_plain(values)):
        text = _text(value)
        if text is None:
            errors.add(feature.name, f"must be a text, not {shown(value)}", row)
        texts[row] = text or ""
    return texts


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        text = value.strip()
        if _is_text(text):
            return "" if text in MISSING else text
    if value is None:
        return ""
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return str(value)
    return None


def _is_text(text: str) -> bool:
    """Whether UTF-8 can hold it: JSON can smuggle in half a surrogate pair, which no text is."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


READERS: dict[str, Callable[[Values, Feature, Errors], NDArray[Any]]] = {
    "number": _numbers,
    "boolean": _booleans,
    "date": _dates,
    "category": _texts,
}
