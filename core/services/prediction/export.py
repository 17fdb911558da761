"""Export predictions as a file within one request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from math import floor, inf, log10
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.bounds import check_density, size_of_names
from core.exporting.cells import Options
from core.exporting.csv_style import CsvStyle, CsvStyleFields
from core.exporting.files import FORMATS, Format, NamedFile
from core.inference.stored_columns import rows_of_table
from core.jobs.fields import Explain, ExportFormat, IntervalLevel, PartsPrefix, RawTexts, Strict
from core.manifests import Feature
from core.model_manifest import ModelManifest
from core.packed_columns import ColumnTable
from core.services.prediction.loaded_models import find_model, stale_seconds
from core.services.prediction.predict import find_table, predict_records, predict_table
from core.services.prediction.requests import ModelChoice
from core.services.prediction.stored_texts import columns_read_again
from core.storage.workspace import Workspace
from core.types import Json

if TYPE_CHECKING:
    from core.jobs.commands import ExportTableCommand

Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]

PREDICTION = "prediction"
BOUNDS = ("prediction_lower", "prediction_upper")
BASE_VALUE, CONTRIBUTION = "base_value", "contribution_"
# How many rows of a stored table are Python objects at a time.
ROWS = 1 << 13
# Enough decimals to distinguish predictions that differ by a hundredth of the model's error; float64 has no more.
MOST_DECIMALS = 15


class ExportRequest(CsvStyleFields, ModelChoice):
    """A request to predict rows and return them as a file."""

    # The first row that is no object is one error enough.
    data: Annotated[list[Json], Field(fail_fast=True)] | None = None
    file_id: str | None = None
    prefix: PartsPrefix = None
    strict: Strict = False
    interval: IntervalLevel = None
    explain: Explain = False
    format: ExportFormat = "csv"
    raw: RawTexts = False

    def table_command(self) -> "ExportTableCommand | None":
        """Return the command that does this as a job; None unless a stored model is to predict stored rows.

        What is explained is never so much that it needs a job.
        """
        if self.data is not None or self.model_name is None or self.explain:
            return None
        from core.jobs.commands import ExportTableCommand  # most requests start without it

        return ExportTableCommand(**self.model_dump(exclude={"data", "model_data", "explain"}, exclude_none=True))


def export_rows(workspace: Workspace, request: ExportRequest, folder: Path) -> NamedFile:
    """Predict and write the file into `folder`: the columns as they were sent, and `prediction` at the end.

    A stored table is read from its packed columns, so it must be one that light functions take;
    `core.services.table_prediction.export_table` takes every one. Raises `TooLargeError` for more rows or columns than
    that, or a text that no cell of Excel holds, and what `find_model`, `find_table` and predicting raise.
    """
    model = find_model(workspace, request.model_name, request.version, request.model_data, request.model_info)
    explainer = None
    if request.explain:
        from core.services.prediction.explanations import find_explainer  # most requests start without it

        explainer = find_explainer(workspace, model, request.model_data)
    asked: dict[str, Any] = {"strict": request.strict, "interval": request.interval, "explainer": explainer}
    if request.file_id is not None:
        dataset = workspace.datasets.manifest(request.file_id)
        if explainer is not None:
            explainer.check_rows(dataset.rows)
        table = find_table(workspace, request.file_id)
        read_again = columns_read_again(workspace, dataset, model.manifest.features)
        predicted = predict_table(model, table, read_again=read_again, **asked)
        header, rows = list(table.values), _table_rows(table)
    else:
        records = request.data or []
        predicted = predict_records(model, records, **asked)
        header = list(dict.fromkeys(chain.from_iterable(records)))
        check_density(len(records), header, sum(map(size_of_names, records)))
        rows = _record_rows(records, header, model.manifest.features)
    chosen = FORMATS[request.format]
    explained = [] if explainer is None else explainer.columns
    added = added_columns(header, bounds=request.interval is not None, explained=explained)
    chosen.check_columns(len(header) + len(added))
    chosen.check_names(header, len(predicted.values))
    made = named_file(model.manifest, chosen, folder)
    with made.path.open("wb") as file:
        options = file_options(model.manifest, added, raw=request.raw, style=request.csv_style())
        chosen.write(file, [*header, *added], _joined(rows, predicted.columns), options)
    return replace(made, stale_seconds=stale_seconds(workspace, request.model_name, model))


def added_columns(header: Sequence[str], *, bounds: bool = False, explained: Sequence[str] = ()) -> list[str]:
    """Return the names of the prediction columns, with a number where the table has such a column itself.

    Of columns whose contributions are `explained` they are `base_value` and `contribution_` with the column's name.
    """
    wanted = [PREDICTION, *(BOUNDS if bounds else ())]
    if explained:
        wanted += [BASE_VALUE, *(CONTRIBUTION + name for name in explained)]
    taken, added = set(header), []
    for name in wanted:
        added.append(_free_name(name, taken))
        taken.add(added[-1])
    return added


def named_file(model: ModelManifest, kind: Format[Any], folder: Path) -> NamedFile:
    """Return the path of the file and its name for the caller."""
    name = f"{model.model_name}-v{model.version}.{kind.ending}"
    return NamedFile(folder / f"predictions.{kind.ending}", name, kind.media_type)


def file_options(model: ModelManifest, added: Iterable[str], *, raw: bool, style: CsvStyle) -> Options:
    """Return how the file shows the columns that were `added`, and what it says about the model."""
    units = {feature.name: feature.unit for feature in model.features if feature.unit is not None}
    if model.target is not None and model.target.unit is not None:
        units |= dict.fromkeys(added, model.target.unit)
    return Options(raw=raw, style=style, decimals=_decimals(model, added), units=units, about=_about(model))


def _decimals(model: ModelManifest, added: Iterable[str]) -> Mapping[str, int]:
    error = model.metrics.get("rmse") or 0.0
    if not 0 < error < inf:
        return {}
    return dict.fromkeys(added, min(max(0, 2 - floor(log10(error))), MOST_DECIMALS))


def _about(model: ModelManifest) -> list[tuple[str, Any]]:
    scores = model.cross_validation
    return [
        ("model", model.model_name),
        ("version", model.version),
        ("regressor", model.model_type),
        ("target", model.target_column),
        ("trained (UTC)", datetime.fromisoformat(model.created_at).replace(tzinfo=None)),
        ("trained on", model.dataset.filename),
        ("training rows", model.dataset.rows_train),
        ("held-out rows", model.dataset.rows_test),
        *((f"{name} on held-out rows", value) for name, value in model.metrics.items()),
        ("r2, cross-validated", scores.mean),
        ("r2, standard deviation between folds", scores.std),
        ("exported (UTC)", datetime.now(UTC).replace(tzinfo=None, microsecond=0)),
    ]


def _table_rows(table: ColumnTable) -> Iterator[tuple[Any, ...]]:
    for piece in table.slices(ROWS):
        yield from rows_of_table(piece)


def _record_rows(
    records: Sequence[Mapping[str, Any]], header: Sequence[str], features: Iterable[Feature]
) -> Iterator[tuple[Any, ...]]:
    """Return the records' values; a text of a number becomes a number where the model takes one."""
    numbers = {feature.name for feature in features if feature.type == "number"}
    for record in records:
        yield tuple(
            _number(record[name]) if name in numbers and name in record else record.get(name) for name in header
        )


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _joined(rows: Iterable[Sequence[Any]], added: Sequence[NDArray[np.float64]]) -> Iterator[tuple[Any, ...]]:
    for row, *values in zip(rows, *(column.tolist() for column in added), strict=True):
        yield (*row, *values)


def _free_name(wanted: str, taken: Set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name
