"""Convert a stored table to the raw columns that a model takes, or to rows of Python values."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats
from core.cell_values import format_date, parse_boolean, to_datetime
from core.errors import InvalidInputError, UnknownColumnError
from core.manifests import ColumnType, Feature
from core.packed_columns import Category, ColumnTable

# The name of a column type in an error message.
TYPE_NAMES = {
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "category": "text",
}


def raw_columns_of_table(table: ColumnTable, features: list[Feature]) -> dict[str, NDArray[Any]]:
    """Return the raw columns of a table, or of a slice of one, that the model's features take.

    Raises `UnknownColumnError` for a feature that the table does not have, `InvalidInputError` for one whose column has
    a type that the feature cannot have.
    """
    check_feature_columns(table.values.keys(), features)
    for feature in features:
        _check_type(table.values[feature.name], table.types[feature.name], feature)
    return {feature.name: _raw(table.values[feature.name], feature, table.types[feature.name]) for feature in features}


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


def _raw(column: Floats | Category, feature: Feature, column_type: ColumnType) -> NDArray[Any]:
    """Return a stored column as the raw column of a feature."""
    if isinstance(column, Category):
        # A column without any value is stored as a category, whatever the type of the feature.
        return column.texts() if feature.type == "category" else np.full(len(column.codes), np.nan)
    if feature.type != "category":
        return column
    texts = np.empty(len(column), dtype=object)
    texts[:] = ["" if cell is None else _text(cell, feature) for cell in _cells(column, column_type)]
    return texts


def _text(cell: Any, feature: Feature) -> str:
    """Return a value as the text that it was in training, when its column had texts."""
    if isinstance(cell, datetime):
        return format_date(cell)
    if isinstance(cell, bool):
        return next((level for level in feature.levels if parse_boolean(level) is cell), str(cell).lower())
    return str(cell)


def _check_type(column: Floats | Category, column_type: ColumnType, feature: Feature) -> None:
    """Raise `InvalidInputError` where a column cannot be the feature."""
    if not fits_feature(column, column_type, feature):
        found, wanted = TYPE_NAMES[column_type], TYPE_NAMES[feature.type]
        raise InvalidInputError(
            f"Column {feature.name!r} is {found} in this file, and the model takes {wanted} there.",
            [{"field": feature.name, "message": f"must be {wanted}"}],
        )


def fits_feature(column: Floats | Category, column_type: ColumnType, feature: Feature) -> bool:
    """Return whether a stored column can be the feature: by its type, or because each of its values fits."""
    if feature.type in ("category", column_type) or (
        feature.type == "number" and column_type in ("integer", "boolean")
    ):
        return True
    if isinstance(column, Category):
        return bool((column.codes == -1).all())
    allowed = (0.0, 1.0) if feature.type == "boolean" and column_type != "date" else ()
    return bool((np.isnan(column) | np.isin(column, allowed)).all())
