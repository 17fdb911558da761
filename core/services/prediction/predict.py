"""Predict raw rows with a stored model. Light: loads numpy and onnxruntime, no pandas, no scikit-learn, no pickle."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import RawColumns
from core.deadlines import check_deadline
from core.departures import check_departure
from core.errors import InvalidRecordsError, TooLargeError
from core.inference.file_cells import FileCells
from core.inference.input_batch import InputBatch, batch_from_records, raw_columns_of_batch, raw_columns_of_clean_row
from core.inference.input_warnings import ERRORS_SHOWN, InputWarnings
from core.inference.intervals import Interval, conformal_interval
from core.inference.read_again import FIRST_FILE_ROW, NOTHING_READ_AGAIN, ColumnsReadAgain
from core.inference.stored_columns import raw_columns_of_table
from core.packed_columns import PACKED_ROWS, ColumnTable, unpack
from core.services.prediction.loaded_models import LoadedModel
from core.settings import settings
from core.storage.cache import Counters, MemoryCache
from core.storage.dataset_repository import COLUMNS
from core.storage.workspace import Workspace
from core.telemetry.facts import note_rows
from core.telemetry.metrics import count, set_gauge

if TYPE_CHECKING:
    # Most requests start without it.
    from core.inference.contributions.explainer import Explainer, Explanation

TABLES_KEPT = 3
DEFAULT_BATCH = 10_000

# The way out for a request with too many rows.
IN_PARTS = "Send the rows in parts, or upload them as a file and name its file_id."


@dataclass(frozen=True)
class Predictions:
    """Predictions (float64, n rows), warnings for the caller, and the prediction interval if one was asked for."""

    values: NDArray[np.float64]
    warnings: list[str]
    interval: Interval | None = None
    explanation: "Explanation | None" = None

    @property
    def columns(self) -> list[NDArray[np.float64]]:
        """Return the predictions, their bounds and what columns contribute, as far as those were asked for."""
        explained = self.explanation
        return [
            self.values,
            *(self.interval.bounds(self.values) if self.interval else ()),
            *((np.full(len(self.values), explained.base_value), *explained.contributions.T) if explained else ()),
        ]


@cache
def _tables(counters: Counters) -> MemoryCache[ColumnTable]:
    chosen = settings()
    return MemoryCache(
        counters,
        items=TABLES_KEPT,
        max_bytes=chosen.cache_table_bytes,
        idle_seconds=chosen.cache_ttl_seconds,
    )


def most_table_rows() -> int:
    """Return the most rows of a stored table that one request predicts; packed columns hold no more."""
    return min(settings().max_batch_rows, PACKED_ROWS)


def find_table(workspace: Workspace, file_id: str) -> ColumnTable:
    """Return the columns of a stored dataset; raises `NoSuchFileError`, `TooLargeError`."""
    # The manifest decides whether the dataset exists; a table may outlive it in this process's memory.
    manifest = workspace.datasets.manifest(file_id)
    _check_rows(manifest.rows, most_table_rows(), "A stored model_name, and not model_data, predicts it as a job.")
    key = f"{workspace.name}/{manifest.file_id}"
    found = _tables(workspace.counters).get(key)
    if found is None:
        found = unpack(workspace.datasets.read(manifest.file_id, COLUMNS))
        _tables(workspace.counters).put(key, found, found.size_bytes)
    return found


def predict_records(
    model: LoadedModel,
    records: Sequence[Mapping[str, Any]],
    batch_size: int = DEFAULT_BATCH,
    *,
    strict: bool = False,
    interval: float | None = None,
    explainer: "Explainer | None" = None,
) -> Predictions:
    """Predict JSON records; raises what `predict_batches` does."""
    if len(records) == 1 and (row := raw_columns_of_clean_row(records[0], model.compiled.levels)) is not None:
        width = None if interval is None else conformal_interval(model.manifest, interval)
        predicted = _predict(model, row, width)
        if not isfinite(predicted.values[0]):
            _check_finite(predicted.values, 0)
        _note_rows(model, 1)
        return predicted if explainer is None else replace(predicted, explanation=_explanation(explainer, [row]))
    _check_rows(len(records), settings().max_batch_rows)
    batches = (
        batch_from_records(records[start : start + batch_size], model.manifest.features)
        for start in range(0, len(records), batch_size)
    )
    return predict_batches(model, batches, strict=strict, interval=interval, explainer=explainer)


def predict_batches(
    model: LoadedModel,
    batches: Iterable[InputBatch],
    *,
    strict: bool = False,
    interval: float | None = None,
    first_row: int = 0,
    cells: FileCells | None = None,
    explainer: "Explainer | None" = None,
) -> Predictions:
    """Predict unchecked rows batch by batch, with one batch in memory at a time unless they are explained.

    `first_row` is the number of the first row in errors; `cells` collects what cannot be read where the rows are those
    of a file. With `strict`, warnings are errors. Raises
    `InvalidRecordsError`, `TooLargeError`, and `InvalidInputError` for an `interval` that the model does not support.
    """
    width = None if interval is None else conformal_interval(model.manifest, interval)
    input_warnings = InputWarnings(model.manifest.features, strict=strict, first_row=first_row)
    predicted: list[Predictions] = []
    kept: list[RawColumns] = []
    rows = 0
    for batch in batches:
        _check_time()
        start = input_warnings.next_row
        _check_rows(start - first_row + batch.rows, settings().max_batch_rows)
        columns = raw_columns_of_batch(batch, model.manifest.features, input_warnings, cells)
        predicted.append(_predict(model, columns, width))
        _check_finite(predicted[-1].values, start)
        if explainer is not None:
            kept.append(columns)
            rows += batch.rows
            explainer.check_rows(rows)
    joined = _joined(predicted, width)
    _note_rows(model, len(joined.values))
    return replace(joined, warnings=input_warnings.warnings(), explanation=_explanation(explainer, kept))


def predict_table(
    model: LoadedModel,
    table: ColumnTable,
    batch_size: int = DEFAULT_BATCH,
    *,
    read_again: ColumnsReadAgain = NOTHING_READ_AGAIN,
    strict: bool = False,
    interval: float | None = None,
    explainer: "Explainer | None" = None,
) -> Predictions:
    """Predict every row of a stored table, with the columns that were `read_again` from its source.

    Raises what `predict_slices` does, what `ColumnsReadAgain.warnings` does, and what `Explainer.explain` does.
    """
    warnings = read_again.warnings(strict=strict)
    width = None if interval is None else conformal_interval(model.manifest, interval)
    input_warnings = InputWarnings(model.manifest.features, strict=strict, first_row=FIRST_FILE_ROW)
    slices = predict_slices(model, table.slices(batch_size), input_warnings, read_again, width)
    joined = _joined(list(slices), width)
    _check_finite(joined.values, FIRST_FILE_ROW)
    explanation = None
    if explainer is not None:
        columns = raw_columns_of_table(table, model.manifest.features, read_again.rows(0, table.rows))
        explanation = explainer.explain([columns], _check_time)
    return replace(joined, warnings=[*warnings, *input_warnings.warnings()], explanation=explanation)


def predict_slices(
    model: LoadedModel,
    slices: Iterable[ColumnTable],
    input_warnings: InputWarnings,
    read_again: ColumnsReadAgain = NOTHING_READ_AGAIN,
    interval: Interval | None = None,
) -> Iterator[Predictions]:
    """Yield the predictions of each slice of a stored table, and add what is unusual to `input_warnings` alone.

    `read_again` has all rows of the columns that were read again; the next row of `input_warnings` is the first one;
    `interval` is what `conformal_interval` returns.
    Raises `UnknownColumnError`, `InvalidInputError`, and `InvalidRecordsError` where `input_warnings` is strict.
    """
    features = model.manifest.features
    for some in slices:
        _check_time()
        start = input_warnings.next_row - FIRST_FILE_ROW
        columns = raw_columns_of_table(some, features, read_again.rows(start, start + some.rows))
        input_warnings.update(columns, some.rows)
        _note_rows(model, some.rows)
        yield _predict(model, columns, interval)


def _explanation(explainer: "Explainer | None", batches: Sequence[RawColumns]) -> "Explanation | None":
    return None if explainer is None else explainer.explain(batches, _check_time)


def _check_time() -> None:
    """Raise where nobody reads the answer any more: `DepartedError`, or `DeadlineError` where its time is over.

    On AWS nothing says that a caller has left, and the deadline is the end of the invocation.
    """
    check_departure()
    check_deadline()


def _note_rows(model: LoadedModel, rows: int) -> None:
    note_rows(rows)
    count("rows_predicted", by=rows)
    set_gauge("model_age_seconds", time.time() - model.trained_at)


def _predict(model: LoadedModel, columns: RawColumns, interval: Interval | None) -> Predictions:
    """Predict raw columns; `interval` is what `conformal_interval` returns."""
    if interval is None or not interval.is_adaptive:
        return Predictions(model.compiled.run(columns), [], interval)
    values, spreads = model.compiled.run_with_spread(columns)
    return Predictions(values, [], interval.of_rows(spreads))


def _joined(pieces: Sequence[Predictions], interval: Interval | None) -> Predictions:
    """Return the rows of all pieces, one after the other; `interval` is what `conformal_interval` returns."""
    if not pieces:
        return Predictions(np.empty(0), [], interval)
    values = np.concatenate([piece.values for piece in pieces])
    if interval is None or not interval.is_adaptive:
        return Predictions(values, [], interval)
    widths = [piece.interval.half_width for piece in pieces if piece.interval]
    return Predictions(values, [], replace(interval, half_width=np.concatenate(widths)))


def _check_finite(values: NDArray[np.float64], first_row: int) -> None:
    """Raise `InvalidRecordsError` where a prediction is not finite, which JSON cannot hold."""
    finite = np.isfinite(values)
    if not finite.all():
        wrong = np.flatnonzero(~finite)
        errors = [
            {"row": row, "field": "prediction", "message": "is beyond what a float64 holds"}
            for row in (first_row + wrong[:ERRORS_SHOWN]).tolist()
        ]
        raise InvalidRecordsError("Some values are so large that the model's answer is no number. Check them.", errors)


def _check_rows(rows: int, limit: int, instead: str = IN_PARTS) -> None:
    if rows > limit:
        raise TooLargeError(f"{rows:,} rows are more than the {limit:,} that one request predicts. {instead}")
