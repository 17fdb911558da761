"""From what a caller sends to what a model takes: JSON records as numpy columns, checked field by field."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf, isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidRecordsError
from core.manifests import Feature
from core.values import EARLIEST, LATEST, MISSING, read_boolean, read_date, write_date

ERRORS_SHOWN = 20
LEVELS_SHOWN = 5
# Up to here every integer is a float64.
EXACT_INTEGER = 2**53

Columns = dict[str, NDArray[Any]]
Errors = list[dict[str, Any]]


def to_columns(records: Sequence[Mapping[str, Any]], features: list[Feature]) -> tuple[Columns, list[str]]:
    """Raw columns for `CompiledModel.run` (n rows each), and warnings about what was imputed, unseen or ignored.

    Numbers may come as strings, dates as text or seconds, booleans as words; null or a text such as "NA" is a missing
    value. Raises `InvalidRecordsError` that names every field that is absent or of the wrong type.
    """
    errors: Errors = []
    warnings: list[str] = []
    columns: Columns = {}
    for feature in features:
        values = _values(records, feature.name, errors)
        columns[feature.name] = READERS[feature.type](values, feature, errors)
    if errors:
        raise _refusal(errors, len(records))
    for feature in features:
        warnings += column_warnings(columns[feature.name], feature)
    known = {feature.name for feature in features}
    ignored = dict.fromkeys(name for record in records for name in record if name not in known)
    warnings += [f"the model does not use {name!r}; it was ignored" for name in ignored]
    return columns, warnings


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


def column_warnings(values: NDArray[Any], feature: Feature) -> list[str]:
    """What a caller should know about one raw column: missing values that are imputed, levels never seen."""
    if feature.type != "category":
        missing = int(np.isnan(values).sum())
        return [_imputed(missing, feature)] if missing else []
    seen = dict.fromkeys(values.tolist())
    missing = int((values == "").sum()) if "" in seen else 0
    warnings = [_imputed(missing, feature)] if missing else []
    unseen = list(seen.keys() - {*feature.levels, ""})
    if unseen:
        shown = ", ".join(map(repr, sorted(unseen)[:LEVELS_SHOWN]))
        more = f" and {len(unseen) - LEVELS_SHOWN} more" if len(unseen) > LEVELS_SHOWN else ""
        warnings.append(f"{feature.name!r} has values that training never saw: {shown}{more}")
    return warnings


def _imputed(count: int, feature: Feature) -> str:
    values = "1 missing value" if count == 1 else f"{count} missing values"
    return f"{feature.name!r} has {values}, imputed with {_readable(feature)}"


def _readable(feature: Feature) -> str:
    """A feature's fill as its column would show it."""
    if feature.type == "date":
        return write_date(float(feature.fill))
    if feature.type == "boolean":
        share = float(feature.fill)
        return str(share == 1).lower() if share in (0, 1) else f"{share:.3g}, between false (0) and true (1)"
    return repr(feature.fill)


def _values(records: Sequence[Mapping[str, Any]], name: str, errors: Errors) -> list[tuple[int, Any]] | list[Any]:
    try:
        return [record[name] for record in records]
    except KeyError:
        values = []
        for row, record in enumerate(records):
            if name not in record:
                errors.append({"row": row, "field": name, "message": "is absent; send null when it is unknown"})
            values.append(record.get(name))
        return values


def _numbers(values: list[Any], feature: Feature, errors: Errors) -> NDArray[np.float64]:
    if {type(value) for value in values} <= {int, float}:
        try:
            numbers = np.array(values, np.float64)
            if np.isfinite(numbers).all():
                return numbers
        except OverflowError:
            pass  # an integer beyond float64: found again, and named, below
    return _checked(_number, "a finite number", values, feature, errors)


def _booleans(values: list[Any], feature: Feature, errors: Errors) -> NDArray[np.float64]:
    return _checked(_boolean, "true or false (or 1, 0, yes, no)", values, feature, errors)


def _dates(values: list[Any], feature: Feature, errors: Errors) -> NDArray[np.float64]:
    own = f"{feature.format} as in the file, or " if feature.format not in (None, "Y-M-D") else ""
    accepted = f"a date ({own}2012-01-31 or 2012-01-31 08:30:00) or seconds since 1970"
    return _checked(partial(_date, form=feature.format), accepted, values, feature, errors)


def _checked(
    read: Callable[[Any], float | None], accepted: str, values: list[Any], feature: Feature, errors: Errors
) -> NDArray[np.float64]:
    """What `read` makes of each value, NaN for a gap; where that is None, an error says what is `accepted`."""
    numbers = []
    for row, value in enumerate(values):
        number = nan if _is_gap(value) else read(value)
        if number is None:
            errors.append({"row": row, "field": feature.name, "message": f"must be {accepted}, not {_shown(value)}"})
        numbers.append(nan if number is None else number)
    return np.array(numbers, np.float64)


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


def _texts(values: list[Any], feature: Feature, errors: Errors) -> NDArray[np.object_]:
    texts = np.empty(len(values), dtype=object)
    texts[:] = [_text(value, row, feature.name, errors) for row, value in enumerate(values)]
    return texts


def _text(value: Any, row: int, name: str, errors: Errors) -> str:
    if isinstance(value, str):
        text = value.strip()
        if _is_text(text):
            return "" if text in MISSING else text
    if value is None:
        return ""
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return str(value)
    errors.append({"row": row, "field": name, "message": f"must be a text, not {_shown(value)}"})
    return ""


def _is_text(text: str) -> bool:
    """Whether UTF-8 can hold it: JSON can smuggle in half a surrogate pair, which no text is."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _refusal(errors: Errors, rows: int) -> InvalidRecordsError:
    fields = ", ".join(dict.fromkeys(repr(error["field"]) for error in errors))
    if rows == 1:
        errors = [{key: value for key, value in error.items() if key != "row"} for error in errors]
    more = f" The first {ERRORS_SHOWN} of {len(errors)} are listed." if len(errors) > ERRORS_SHOWN else ""
    return InvalidRecordsError(f"Correct {fields} and send again.{more}", errors[:ERRORS_SHOWN])


READERS: dict[str, Callable[[list[Any], Feature, Errors], NDArray[Any]]] = {
    "number": _numbers,
    "boolean": _booleans,
    "date": _dates,
    "category": _texts,
}
