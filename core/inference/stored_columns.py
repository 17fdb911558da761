"""Convert a stored table to the raw columns that a model takes, or to rows of Python values."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from functools import partial
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats, RawColumns
from core.cell_values import format_date, parse_boolean, parse_clock, read_date, to_datetime
from core.date_formats import CLOCK_FORMAT, EXCEL_EPOCH
from core.errors import InvalidInputError, UnknownColumnError
from core.inference.json_values import missing_words
from core.inference.value_readers import without_missing
from core.manifests import Feature
from core.packed_columns import Category, ColumnTable
from core.types import ColumnType

# The name of a column type in an error message.
TYPE_NAMES = {
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "category": "text",
}


def raw_columns_of_table(
    table: ColumnTable, features: list[Feature], read_again: RawColumns | None = None
) -> dict[str, NDArray[Any]]:
    """Return the raw columns of a table, or of a slice of one, that the model's features take.

    `read_again` has the raw columns of features whose stored columns may mean something else.

    Raises `UnknownColumnError` for a feature that the table does not have, `InvalidInputError` for one whose column has
    a type that the feature cannot have.
    """
    check_feature_columns(table.values.keys(), features)
    found = dict(read_again or {})
    stored = [feature for feature in features if feature.name not in found]
    for feature in stored:
        _check_type(table, feature)
    for feature in stored:
        column = _raw(table, feature)
        found[feature.name] = without_missing(column, feature) if feature.missing else column
    return {feature.name: found[feature.name] for feature in features}


def check_feature_columns(columns: Collection[str], features: Sequence[Feature]) -> None:
    """Raise `UnknownColumnError` unless every feature is among the columns of a table."""
    absent = [feature.name for feature in features if feature.name not in columns]
    if absent:
        raise UnknownColumnError(
            f"The file lacks columns that the model needs: {', '.join(absent)}. Upload a file that has them.",
            [{"field": name, "message": "no such column in the file"} for name in absent],
        )


def rows_of_table(table: ColumnTable) -> Iterator[tuple[Any, ...]]:
    """Yield the table's rows as Python values: int, float, bool, datetime or str, None for missing."""
    return zip(*(_cells(column, table.types[name]) for name, column in table.values.items()), strict=True)


def _cells(column: Floats | Category, column_type: ColumnType) -> list[Any]:
    """Return the values of a column as Python objects, None for missing."""
    if isinstance(column, Category):
        return [text or None for text in column.texts()]
    convert: dict[str, Callable[[float], Any]] = {"integer": int, "boolean": bool, "date": to_datetime}
    to_python = convert.get(column_type, float)
    return [None if isnan(value) else to_python(value) for value in column.tolist()]


def _raw(table: ColumnTable, feature: Feature) -> NDArray[Any]:
    """Return a stored column as the raw column of a feature."""
    column, column_type = table.values[feature.name], table.types[feature.name]
    date_format = table.formats.get(feature.name)
    if isinstance(column, Category):
        # A column without any value is stored as a category, whatever the type of the feature.
        return _answers(column, feature).texts() if feature.type == "category" else np.full(len(column.codes), np.nan)
    if feature.type == "number" and column_type == "date" and date_format in NUMBERS_OF_DATES:
        return NUMBERS_OF_DATES[date_format](column)
    if feature.type != "category":
        return column
    known = _levels_by_value(feature, date_format)
    texts = np.empty(len(column), dtype=object)
    for row, (value, cell) in enumerate(zip(column.tolist(), _cells(column, column_type), strict=True)):
        texts[row] = "" if cell is None else known.get(value) or _text(cell, feature)
    return texts


def _answers(column: Category, feature: Feature) -> Category:
    """Return a category without the texts that are a missing value to the model."""
    words = missing_words(feature)
    missing = [level for level in column.levels if level in words]
    if not missing:
        return column
    return Category(column.codes, ["" if level in words else level for level in column.levels])


def _levels_by_value(feature: Feature, date_format: str | None) -> dict[float, str]:
    """Return the levels that are dates, or times of day, in the format of a column by its values.

    An earlier version read such columns as texts.
    """
    if date_format is None:
        return {}
    read = parse_clock if date_format == CLOCK_FORMAT else partial(read_date, name=date_format)
    return {value: level for level in feature.levels if (value := read(level)) is not None}


def _of_calendar(seconds: Floats, month_factor: int, day_factor: int) -> Floats:
    """Return dates as the digits of year, month and day, such as 20220301.0; NaN stays."""
    numbers = np.full(len(seconds), np.nan)
    present = ~np.isnan(seconds)
    days = np.floor(seconds[present]).astype(np.int64).astype("datetime64[s]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    year, month = months.astype("datetime64[Y]").astype(np.int64) + 1970, months.astype(np.int64) % 12 + 1
    day = (days - months).astype(np.int64) + 1
    numbers[present] = year * 100 * month_factor + month * month_factor + day * day_factor
    return numbers


# By the format of dates that are numbers in their file: how to get these back, for models that took them as numbers.
NUMBERS_OF_DATES: dict[str | None, Callable[[Floats], Floats]] = {
    "YYYYMMDD": partial(_of_calendar, month_factor=100, day_factor=1),
    "YYYYMM": partial(_of_calendar, month_factor=1, day_factor=0),
    "Excel": lambda seconds: seconds / 86_400 + EXCEL_EPOCH,
}


def _text(cell: Any, feature: Feature) -> str:
    """Return a value as the text that it was in training, when its column had texts."""
    if isinstance(cell, datetime):
        return format_date(cell)
    if isinstance(cell, bool):
        return next((level for level in feature.levels if parse_boolean(level) is cell), str(cell).lower())
    return str(cell)


def _check_type(table: ColumnTable, feature: Feature) -> None:
    """Raise `InvalidInputError` where a column cannot be the feature."""
    column_type = table.types[feature.name]
    if not fits_feature(table.values[feature.name], column_type, feature, table.formats.get(feature.name)):
        found, wanted = TYPE_NAMES[column_type], TYPE_NAMES[feature.type]
        raise InvalidInputError(
            f"Column {feature.name!r} is {found} in this file, and the model takes {wanted} there.",
            [{"field": feature.name, "message": f"must be {wanted}"}],
        )


def fits_feature(
    column: Floats | Category, column_type: ColumnType, feature: Feature, date_format: str | None = None
) -> bool:
    """Return whether a stored column can be the feature: by its type, or because each of its values fits."""
    if feature.type in ("category", column_type) or (
        feature.type == "number" and column_type in ("integer", "boolean")
    ):
        return True
    if feature.type == "number" and column_type == "date" and date_format in NUMBERS_OF_DATES:
        return True
    if isinstance(column, Category):
        return bool((column.codes == -1).all())
    allowed = (0.0, 1.0) if feature.type == "boolean" and column_type != "date" else ()
    return bool((np.isnan(column) | np.isin(column, allowed)).all())
