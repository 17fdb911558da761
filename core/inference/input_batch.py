"""Convert rows of JSON values to the raw columns that a model takes, and check each value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import isfinite, nan
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.amounts import EXACT_INTEGER
from core.array_types import RawColumns
from core.errors import InvalidInputError
from core.inference.file_cells import FileCells
from core.inference.input_warnings import NAMES_SHOWN, InputErrors, InputWarnings
from core.inference.value_readers import Values, ambiguous, bare_share, compact_date, raw_column
from core.manifests import Feature


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


def raw_columns_of_batch(
    batch: InputBatch, features: Sequence[Feature], input_warnings: InputWarnings, cells: FileCells | None = None
) -> RawColumns:
    """Return raw columns of n rows; what is imputed, unseen or ignored is added to `input_warnings`.

    Numbers may be strings, dates texts or seconds, booleans words. Null, a text such as "NA" and an absent column are
    missing values. Raises `InvalidRecordsError` that names every field of a wrong type, and where all features are
    absent. If the batch is part of a file, a value of a wrong type is missing, and `cells` collects it.
    """
    errors = InputErrors()
    if cells is not None:
        cells.begin_batch(input_warnings.next_row)
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
            columns[feature.name] = raw_column(values, feature, errors if cells is None else cells)
            if feature.type == "number" and (example := ambiguous(values, feature)) is not None:
                text, position = example
                number = float(columns[feature.name][position])
                if cells is None:
                    input_warnings.add_reading(feature.name, text, number)
                else:
                    cells.add_ambiguous(feature, text, number)
            if (seconds := compact_date(values, feature)) is not None:
                input_warnings.add_seconds(feature.name, seconds)
            if (share := bare_share(values, feature)) is not None:
                (input_warnings if cells is None else cells).add_share(feature, share)
    errors.raise_if_any(input_warnings.next_row, batch.rows)
    if cells is not None:
        cells.raise_if_strict()
    input_warnings.update(columns, batch.rows, absent, batch.ignored)
    return columns


def raw_columns_of_clean_row(record: Any, levels: Mapping[str, frozenset[str | bool] | None]) -> RawColumns | None:
    """Return the raw columns of one row without missing or unusual values; None for everything else.

    `levels` has, by feature, the values that a category or boolean may have, and None for a number. Most requests are
    such rows, and take a quarter of the time of `raw_columns_of_batch`.
    """
    if not isinstance(record, dict) or len(record) != len(levels):
        return None
    columns: dict[str, NDArray[Any]] = {}
    numbers: dict[str, Any] = {}
    for name, known in levels.items():
        value = record.get(name)
        if known is None:
            exact = isfinite(value) if type(value) is float else type(value) is int and abs(value) <= EXACT_INTEGER
            if not exact:
                return None
            numbers[name] = value
        elif type(value) is str and value in known:
            columns[name] = np.array([value], object)
        elif type(value) is bool and value in known:
            numbers[name] = value
        else:
            return None
    # One array in place of one for each number.
    packed = np.array([*numbers.values()], np.float64)
    for position, name in enumerate(numbers):
        columns[name] = packed[position : position + 1]
    return columns


def _names(features: Sequence[Feature]) -> set[str]:
    """Return the names of the features."""
    return {feature.name for feature in features}


def _missing(rows: int, feature: Feature) -> NDArray[Any]:
    """Return a column without any value."""
    return np.full(rows, "", object) if feature.type == "category" else np.full(rows, nan)
