"""Predict a stored table of any size to JSON in the bucket, a slice of rows at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydantic_core import to_json

from core.inference.input_warnings import InputWarnings
from core.inference.intervals import Interval, conformal_interval
from core.inference.read_again import FIRST_FILE_ROW
from core.jobs.commands import PredictTableCommand
from core.model_manifest import ModelManifest
from core.packed_columns import ColumnTable
from core.progress import ReportProgress
from core.services.prediction.loaded_models import LoadedModel, find_model
from core.services.prediction.predict import Predictions, predict_slices
from core.services.prediction.stored_texts import read_again_on_disk
from core.services.processing.open_table import open_table
from core.storage.export_repository import stored_file
from core.storage.workspace import Workspace
from core.tables.table import Table, to_numpy
from core.types import Json

# Rows that are read and predicted at a time, and numbers that are written at a time.
SLICE_ROWS = 1 << 15
# The share of the work that is done when everything is predicted, and when it is written.
PREDICTED, WRITTEN = 0.85, 0.95
# The lists of numbers in the file, and before that files of their own.
LISTS = ("predictions", "lower", "upper")


def predict_stored_table(
    workspace: Workspace, command: PredictTableCommand, report_progress: ReportProgress, job_id: str | None = None
) -> Json:
    """Predict a stored table, and put what POST /predict/batch would answer into the bucket.

    Return where the file is for the next hour, and what it is. In memory is a slice of the table, on disk are eight
    bytes for each number of the answer. `job_id` makes no difference: a job that is done twice leaves two files. Raises
    what `predict_table` does, and `StoppedError` from `report_progress`; a prediction that is no finite number is null
    in the file.
    """
    model = find_model(workspace, command.model_name, command.version, model_info=command.model_info)
    interval = None if command.interval is None else conformal_interval(model.manifest, command.interval)
    input_warnings = InputWarnings(model.manifest.features, strict=command.strict, first_row=FIRST_FILE_ROW)
    with TemporaryDirectory(prefix="regatta-") as folder:
        path = Path(folder) / "predictions.json"
        lists = [Path(folder) / f"{name}.f8" for name in (LISTS if interval else LISTS[:1])]
        with open_table(workspace, command.file_id) as (dataset, table):
            read_again = read_again_on_disk(workspace, dataset, model.manifest.features, Path(folder))
            unreadable = read_again.warnings(strict=command.strict)
            slices = model_slices(table, model, range(table.rows))
            pieces = predict_slices(model, slices, input_warnings, read_again, interval)
            _store(pieces, table.rows, lists, report_progress)
            count = table.rows
        head = answer_head(model.manifest, count, [*unreadable, *input_warnings.warnings()], interval)
        report_progress("writing", PREDICTED)
        with path.open("wb") as file:
            _write(file, head, lists)
        report_progress("storing", WRITTEN)
        name = file_name(model.manifest)
        url = workspace.exports.store(name, path, "application/json")
        return {**head, "format": "json", **stored_file(url, name, path.stat().st_size)}


def answer_head(manifest: ModelManifest, count: int, warnings: list[str], interval: Interval | None) -> Json:
    """Return what the file and the job's result have beside the numbers of the rows."""
    head: Json = {"count": count, "model_name": manifest.model_name, "version": manifest.version, "warnings": warnings}
    return {**head, "interval": interval.summary} if interval else head


def file_name(manifest: ModelManifest) -> str:
    """Return the name of the file for the caller."""
    return f"{manifest.model_name}-v{manifest.version}.json"


def _store(pieces: Iterable[Predictions], rows: int, lists: Sequence[Path], report_progress: ReportProgress) -> None:
    """Write the predictions, and their bounds if there are any, to a file each, as plain float64."""
    done = 0
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("wb")) for path in lists]
        for piece in pieces:
            for file, values in zip(files, piece.columns, strict=True):
                file.write(values.astype("<f8").tobytes())
            done += len(piece.values)
            report_progress("predicting", PREDICTED * done / max(1, rows))


def model_slices(table: Table, model: LoadedModel, rows: range) -> Iterator[ColumnTable]:
    """Yield these rows of the columns that the model takes, as far as the table has them, slice by slice."""
    present = {column.name for column in table.columns}
    names = [feature.name for feature in model.manifest.features if feature.name in present]
    for _, batch in table.slices(names, SLICE_ROWS, rows.start, rows.stop):
        # Asked for "a", Parquet also returns "a.b".
        yield ColumnTable.of({name: to_numpy(batch.column(name)) for name in names}, table.columns)


def _write(file: BinaryIO, head: Mapping[str, Any], lists: Sequence[Path]) -> None:
    """Write one JSON object: `head`, and by the name of each of the `lists` its numbers."""
    file.write(to_json(head)[:-1])
    for path in lists:
        separator = f',"{path.stem}":['.encode()
        for values in _numbers(path):
            file.write(separator + numbers_as_json(values))
            separator = b","
        file.write(b"]")
    file.write(b"}")


def numbers_as_json(values: NDArray[np.float64]) -> bytes:
    """Return the numbers as JSON has them in a list, without its brackets; what is not finite is null."""
    return to_json(values.tolist(), inf_nan_mode="null")[1:-1]


def _numbers(path: Path) -> Iterator[NDArray[np.float64]]:
    with path.open("rb") as file:
        while block := file.read(8 * SLICE_ROWS):
            yield np.frombuffer(block, "<f8")
