"""Read the rows of a DataFrame as a file of the model is read: as texts where it has texts, else as what they are.

Knows pandas by its methods alone and does not load it.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import RawColumns
from core.cell_values import format_date
from core.date_formats import NUMBER_FORMATS, POINTED
from core.delimited.names import unique_names
from core.errors import InvalidInputError, InvalidRecordsError
from core.inference.file_cells import FileCells
from core.inference.input_batch import InputBatch, raw_columns_of_batch
from core.inference.input_warnings import NAMES_SHOWN, InputWarnings, shortened
from core.inference.lost_texts import (
    AS_TEXTS,
    TrainedFeature,
    as_levels,
    pointed,
    thousands_doubt,
    with_swallowed_level,
)
from core.inference.value_readers import Values
from core.manifests import Feature

WAY_OUT = f"Correct the rows, read them with {AS_TEXTS}, or choose a model that was trained on rows like these."
UNNAMED = "Unnamed: "


class InputWarning(UserWarning):
    """What is in doubt about rows to predict: a value that cannot be read, an unseen level, an absent column."""


@dataclass(frozen=True)
class FrameRows:
    """Raw columns of the rows of a frame, and warnings of what is in doubt about them."""

    columns: RawColumns
    warnings: list[str]


def read_frame(frame: Any, features: Sequence[TrainedFeature], *, strict: bool = False) -> FrameRows:
    """Return the raw columns of a pandas DataFrame of n rows, read as the model reads a file.

    Columns may be in any order; those that the model does not use are ignored. Rows are counted from 0 in messages, as
    `DataFrame.iloc` does. There is no warning of missing values that are imputed. With `strict`, missing, unseen and
    unreadable values are errors.

    Raises `InvalidInputError` for what is no DataFrame, and `InvalidRecordsError` for a column that mostly cannot be
    read, where pandas has made one number of two texts that differ to the model, and where all features are absent.
    """
    _check_frame(frame)
    positions = _positions(list(frame.columns), features)
    if not positions:
        raise _no_feature(list(frame.columns), features)
    columns: dict[str, Values] = {}
    warnings: list[str] = []
    for feature in features:
        if feature.name in positions:
            column = frame.iloc[:, positions[feature.name]]
            values, doubts = _values(column, feature)
            if strict and doubts:
                raise InvalidRecordsError(f"{doubts[0]}.", [{"field": feature.name, "message": doubts[0]}])
            columns[feature.name] = values
            warnings += doubts
    batch = InputBatch(len(frame), columns)
    cells = FileCells(strict=strict, way_out=WAY_OUT)
    while True:
        input_warnings = InputWarnings(features, strict=strict)
        raw = raw_columns_of_batch(batch, features, input_warnings, cells)
        if not cells.must_read_again():
            warnings += [*cells.finish(), *input_warnings.warnings(ordinary=False), *_empty_rows(raw, len(frame))]
            return FrameRows(raw, warnings)


def _check_frame(frame: Any) -> None:
    """Raise `InvalidInputError` for what has no columns with dtypes, as a DataFrame of pandas does."""
    if not hasattr(frame, "iloc") or not hasattr(frame, "columns"):
        raise InvalidInputError(
            f"The rows are a pandas DataFrame with one column a feature, and not {type(frame).__name__}. "
            "pandas.DataFrame(rows) makes one of a list of dicts; other tables have a method to_pandas().",
            [{"field": "rows", "message": "is no DataFrame"}],
        )


def _no_feature(labels: Sequence[Hashable], features: Sequence[Feature]) -> InvalidRecordsError:
    """Return the error of a frame without a column of the model, as of a file that was read with another delimiter."""
    names, found = [feature.name for feature in features][:NAMES_SHOWN], [str(label) for label in labels[:NAMES_SHOWN]]
    return InvalidRecordsError(
        f"The model takes columns such as {', '.join(map(shortened, names))}, and the frame has "
        f"{', '.join(map(shortened, found)) or 'no column'}. Read the file with the sep, encoding and header that it "
        "has: GET /data/info shows what its upload found.",
        [{"field": name, "message": "is absent, and so is every other feature of the model"} for name in names],
    )


def _positions(labels: Sequence[Hashable], features: Sequence[Feature]) -> dict[str, int]:
    """Return by feature the position of its column: the one of its name, else the one that an upload calls so."""
    wanted = {feature.name for feature in features}
    exact: dict[str, int] = {}
    for position, label in enumerate(labels):
        exact.setdefault(str(label), position)
    uploaded = {name: position for position, name in enumerate(unique_names(_headers(labels), [], warns=False))}
    return {name: found for name in wanted if (found := exact.get(name, uploaded.get(name))) is not None}


def _headers(labels: Sequence[Hashable]) -> list[str]:
    """Return the headers of a file whose columns pandas has given these labels."""
    # Read with `header=None`, the columns are counted.
    if list(labels) == list(range(len(labels))):
        return [""] * len(labels)
    headers = []
    for position, label in enumerate(labels):
        text = str(label)
        stem, _, number = text.rpartition(".")
        if text == f"{UNNAMED}{position}":
            text = ""
        elif number.isdecimal() and stem in labels[:position]:
            text = stem
        headers.append(text)
    return headers


def _values(column: Any, feature: TrainedFeature) -> tuple[Values, list[str]]:
    """Return the values of a column of a frame as a reader of the feature takes them, and what is in doubt about them.

    Missing ones are NaN in an array of numbers, and "" among other values.
    """
    if feature.type == "category":
        return with_swallowed_level(as_levels(_objects(column), feature), feature)
    values = _uniform(column, feature)
    if values is not None and feature.type == "date" and feature.format in POINTED:
        return pointed(values, feature.format), []
    if feature.type != "number" or feature.decimal != ",":
        return _objects(column) if values is None else values, []
    if values is not None:
        return values, thousands_doubt(values, feature)
    # Of a large file pandas reads the parts one by one: some may have become numbers.
    objects = _objects(column)
    return objects, thousands_doubt(np.array([v if isinstance(v, float) else nan for v in objects]), feature)


def _uniform(column: Any, feature: Feature) -> NDArray[np.float64] | None:
    """Return a column whose dtype is one of numbers, durations or dates as float64; None for any other."""
    kind = getattr(column.dtype, "kind", "O")
    if kind == "M" and feature.type == "date" and feature.format not in NUMBER_FORMATS:
        return _seconds(column)
    if kind == "m":
        return _numbers(column.dt.total_seconds())
    return _numbers(column) if kind in "iuf" else None


def _numbers(column: Any) -> NDArray[np.float64]:
    """Return a column of numbers of any dtype as float64, NaN for missing."""
    if isinstance(column.dtype, np.dtype):
        return np.asarray(column, np.float64)
    return np.asarray(column.to_numpy(np.float64, na_value=nan))


def _seconds(column: Any) -> NDArray[np.float64]:
    """Return a column of dates as seconds since 1970-01-01, NaN for missing; with a time zone they become UTC."""
    moments = np.asarray(column.to_numpy("datetime64[ms]"))
    return np.where(np.isnat(moments), nan, moments.astype(np.int64) / 1000)


def _objects(column: Any) -> list[Any]:
    """Return the values of a column as texts, numbers and booleans of Python, "" for missing."""
    values = column.to_numpy(object).copy()
    values[np.asarray(column.isna())] = ""
    listed: list[Any] = values.tolist()
    return listed if set(map(type, listed)) == {str} else [_plain(value) for value in listed]


def _plain(value: Any) -> Any:
    """Return a value as one of JSON where it has one: a date as its ISO text, a time of day as its seconds."""
    if isinstance(value, np.generic):
        value = value.item()
    if hasattr(value, "to_timestamp"):
        value = value.to_timestamp()  # a period of pandas is the moment at which it begins
    if isinstance(value, datetime):
        # The wall clock counts as written; with an offset it is UTC.
        offset = value.utcoffset()
        return format_date(value.replace(tzinfo=None) - offset if offset else value.replace(tzinfo=None))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return 3600 * value.hour + 60 * value.minute + value.second + value.microsecond / 1e6
    return float(value) if isinstance(value, Decimal) else value


def _empty_rows(columns: RawColumns, rows: int) -> list[str]:
    """Return a warning of rows without a value in any column of the model."""
    empty = np.ones(rows, bool)
    for values in columns.values():
        empty &= values == "" if values.dtype == object else np.isnan(values)
    count, first = int(empty.sum()), int(np.argmax(empty)) if rows else 0
    if not count:
        return []
    one = count == 1
    return [
        f"{count:,} {'row has' if one else 'rows have'} no value in any column of the model"
        f"{'' if one else ', the first of them'} in row {first}: what is predicted there says nothing"
    ]
