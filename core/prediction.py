"""From a model and raw rows to predictions. Loads numpy and onnxruntime; no pandas, no scikit-learn, no pickle."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, TooLargeError, UnknownColumnError
from core.manifests import ColumnType, Feature, ModelManifest
from core.scoring.compiled import CompiledModel
from core.scoring.records import clean_row, column_warnings, to_columns
from core.settings import settings
from core.storage.cache import MemoryCache
from core.storage.datasets import COLUMNS
from core.storage.sealing import StoredModel, unseal
from core.storage.wiring import storage
from core.tables.columns import PACKED_ROWS, Category, Columns, unpack
from core.values import moment, read_boolean, write_date

# A loaded tree ensemble takes about this many times the bytes of its graph (onnxruntime 1.32, 2 million nodes).
MEMORY_PER_BYTE = 12
MODELS_KEPT = 256
TABLES_KEPT = 3
DEFAULT_BATCH = 10_000

# What a type of column is called in an error.
SHOWN = {
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "category": "text",
}


@dataclass(frozen=True)
class Model:
    """A model ready to predict."""

    manifest: ModelManifest
    compiled: CompiledModel


@dataclass(frozen=True)
class Predictions:
    """float64 predictions of n rows, and what the caller should know about them."""

    values: NDArray[np.float64]
    warnings: list[str]


@cache
def _models() -> MemoryCache[Model]:
    chosen = settings()
    return MemoryCache(
        storage().counters,
        items=MODELS_KEPT,
        max_bytes=chosen.cache_model_bytes,
        idle_seconds=chosen.cache_ttl_seconds,
    )


@cache
def _tables() -> MemoryCache[Columns]:
    chosen = settings()
    return MemoryCache(
        storage().counters,
        items=TABLES_KEPT,
        max_bytes=chosen.cache_table_bytes,
        idle_seconds=chosen.cache_ttl_seconds,
    )


def find_model(workspace: str, name: str | None, version: int | None = None, model_data: str | None = None) -> Model:
    """A stored model by name (the serving version without `version`), or one that the caller brings along.

    Raises `InvalidInputError` unless exactly one of `name` and `model_data` is given, `NoSuchModelError`,
    `BadSignatureError`, `UnavailableError`.
    """
    if (name is None) == (model_data is None):
        raise InvalidInputError(
            "Send either model_name or model_data.",
            [{"field": "model_name", "message": "one of the two is needed"}],
        )
    if model_data is not None:
        return _compiled(unseal(model_data))
    assert name is not None
    number = storage().models.resolve(workspace, name, version)
    key = f"{workspace}/{name}/{number}"
    found = _models().get(key)
    if found is None:
        found = _compiled(storage().models.load(workspace, name, number))
        _models().put(key, found, MEMORY_PER_BYTE * found.compiled.size_bytes)
    return found


def find_table(workspace: str, file_id: str) -> Columns:
    """The columns of a stored dataset; raises `NoSuchFileError`, `TooLargeError`."""
    # The manifest decides whether the dataset exists; a table may outlive it in this process's memory.
    manifest = storage().datasets.manifest(workspace, file_id)
    _check_rows(manifest.rows, min(settings().max_batch_rows, PACKED_ROWS))
    key = f"{workspace}/{manifest.file_id}"
    found = _tables().get(key)
    if found is None:
        found = unpack(storage().datasets.read(workspace, manifest.file_id, COLUMNS))
        _tables().put(key, found, found.size_bytes)
    return found


def predict_records(model: Model, records: Sequence[Mapping[str, Any]], batch_size: int = DEFAULT_BATCH) -> Predictions:
    """Predict JSON records; raises `InvalidRecordsError`, `TooLargeError`."""
    if len(records) == 1 and (row := clean_row(records[0], model.compiled.levels)) is not None:
        return Predictions(model.compiled.run(row), [])
    _check_rows(len(records), settings().max_batch_rows)
    columns, warnings = to_columns(records, model.manifest.features)
    pieces = [
        model.compiled.run({name: values[start : start + batch_size] for name, values in columns.items()})
        for start in range(0, len(records), batch_size)
    ]
    return Predictions(np.concatenate(pieces) if pieces else np.empty(0), warnings)


def predict_table(model: Model, table: Columns, batch_size: int = DEFAULT_BATCH) -> Predictions:
    """Predict every row of a stored table; raises `UnknownColumnError`, `InvalidInputError`."""
    features = model.manifest.features
    _check_columns(table, features)
    pieces = [
        model.compiled.run({f.name: _raw(piece.values[f.name], f, table.types[f.name]) for f in features})
        for piece in table.slices(batch_size)
    ]
    warnings = [
        warning
        for feature in features
        for warning in column_warnings(_raw(table.values[feature.name], feature, table.types[feature.name]), feature)
    ]
    return Predictions(np.concatenate(pieces), warnings)


def table_rows(table: Columns) -> Iterator[tuple[Any, ...]]:
    """The table's rows as Python values: int, float, bool, datetime or str, None for missing."""
    return zip(*(_cells(column, table.types[name]) for name, column in table.values.items()), strict=True)


def _cells(column: NDArray[np.float64] | Category, kind: ColumnType) -> list[Any]:
    if isinstance(column, Category):
        return [text or None for text in column.texts()]
    convert: dict[str, Callable[[float], Any]] = {"integer": int, "boolean": bool, "date": moment}
    make = convert.get(kind, float)
    return [None if isnan(value) else make(value) for value in column.tolist()]


def _raw(column: NDArray[np.float64] | Category, feature: Feature, kind: ColumnType) -> NDArray[Any]:
    """One stored column in the form that the model's feature takes."""
    if isinstance(column, Category):
        return column.texts()
    if feature.type != "category":
        return column
    texts = np.empty(len(column), dtype=object)
    texts[:] = ["" if cell is None else _text(cell, feature) for cell in _cells(column, kind)]
    return texts


def _text(cell: Any, feature: Feature) -> str:
    """A value as the text that it was when the model was trained and its column held texts."""
    if isinstance(cell, datetime):
        return write_date(cell)
    if isinstance(cell, bool):
        return next((level for level in feature.levels if read_boolean(level) is cell), str(cell).lower())
    return str(cell)


def _check_columns(table: Columns, features: list[Feature]) -> None:
    absent = [feature.name for feature in features if feature.name not in table.values]
    if absent:
        raise UnknownColumnError(
            f"The file lacks columns that the model needs: {', '.join(absent)}. Upload a file that has them.",
            [{"field": name, "message": "no such column in the file"} for name in absent],
        )
    for feature in features:
        column = table.values[feature.name]
        if not _fits(column, table.types[feature.name], feature):
            found, wanted = SHOWN[table.types[feature.name]], SHOWN[feature.type]
            raise InvalidInputError(
                f"Column {feature.name!r} is {found} in this file, and the model takes {wanted} there.",
                [{"field": feature.name, "message": f"must be {wanted}"}],
            )


def _fits(column: NDArray[np.float64] | Category, kind: ColumnType, feature: Feature) -> bool:
    """Whether a stored column can be the feature: by its type, or because it has no value that cannot be."""
    if feature.type in ("category", kind) or (feature.type == "number" and kind in ("integer", "boolean")):
        return True
    if isinstance(column, Category):
        return False
    allowed = (0.0, 1.0) if feature.type == "boolean" and kind != "date" else ()
    return bool((np.isnan(column) | np.isin(column, allowed)).all())


def _check_rows(rows: int, limit: int) -> None:
    if rows > limit:
        raise TooLargeError(f"{rows:,} rows are more than the {limit:,} that one request predicts. Send them in parts.")


def _compiled(stored: StoredModel) -> Model:
    return Model(stored.manifest, CompiledModel(stored.graph, stored.manifest.features))
