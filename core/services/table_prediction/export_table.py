"""Export a stored table of any size with its predictions to a file in the bucket, a slice of rows at a time."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pyarrow as pa

from core.context_threads import ContextThreadPool
from core.exporting.files import NamedFile
from core.freed_memory import return_freed_memory
from core.inference.input_warnings import InputWarnings
from core.inference.intervals import conformal_interval
from core.inference.read_again import FIRST_FILE_ROW, ColumnsReadAgain
from core.jobs.commands import ExportTableCommand
from core.packed_columns import ColumnTable
from core.progress import ReportProgress
from core.services.prediction.export import added_columns, file_options, named_file
from core.services.prediction.loaded_models import LoadedModel, find_model
from core.services.prediction.predict import predict_slices
from core.services.prediction.stored_texts import read_again_on_disk
from core.services.processing.open_table import open_table
from core.settings import settings
from core.storage.export_repository import stored_file
from core.storage.workspace import Workspace
from core.tables.table import Table, to_numpy
from core.tables.table_writers import TABLE_FORMATS
from core.types import Json

# Rows that are read, predicted and written as one: more of them find more that are alike, which a forest is quicker
# with, and take more memory. Per thread there is one slice at work, and one that waits.
SLICE_ROWS = 1 << 14
# The share of the work that is done when the file is written and only has to be stored.
WRITTEN = 0.95

Item = TypeVar("Item")
Result = TypeVar("Result")


def export_table(
    workspace: Workspace, command: ExportTableCommand, report_progress: ReportProgress, job_id: str | None = None
) -> Json:
    """Predict, write the file and put it into the bucket; return where it is for the next hour, and what it is.

    In memory are a few slices of the table, however many rows it has. `job_id` makes no difference: a job that is done
    twice leaves two files, and each is gone after a day. Raises what `core.services.prediction.export.export_rows`
    does but for the number of rows, and `StoppedError` from `report_progress`.
    """
    with TemporaryDirectory(prefix="regatta-") as folder:
        made, warnings = _write_table(workspace, command, Path(folder), report_progress)
        report_progress("storing", WRITTEN)
        url = workspace.exports.store(made.name, made.path, made.media_type)
        stored = stored_file(url, made.name, made.path.stat().st_size)
        return {"media_type": made.media_type, **stored, "warnings": warnings}


def _write_table(
    workspace: Workspace, command: ExportTableCommand, folder: Path, report_progress: ReportProgress
) -> tuple[NamedFile, list[str]]:
    """Write the file; return it with the warnings of the columns that were read again."""
    model = find_model(workspace, command.model_name, command.version, model_info=command.model_info)
    made = named_file(model.manifest, TABLE_FORMATS[command.format], folder)
    with open_table(workspace, command.file_id) as (dataset, table):
        read_again = read_again_on_disk(workspace, dataset, model.manifest.features, folder)
        warnings = read_again.warnings(strict=command.strict)
        rows = range(table.rows)
        write_rows(made.path, model, command, table, rows, read_again, report_progress)
    return made, warnings


def write_rows(
    path: Path,
    model: LoadedModel,
    command: ExportTableCommand,
    table: Table,
    rows: range,
    read_again: ColumnsReadAgain,
    report_progress: ReportProgress,
    *,
    begins: bool = True,
    ends: bool = True,
) -> None:
    """Write these rows of a table with their predictions: a whole file, or one part of it.

    The part that `begins` the file has its header, and the one that `ends` it what stands last. Raises what
    `export_table` does.
    """
    chosen = TABLE_FORMATS[command.format]
    stored = table.schema
    added = added_columns(stored.names, bounds=command.interval is not None)
    schema = pa.schema([*stored, *((name, pa.float64()) for name in added)])
    chosen.check_columns(len(schema))
    chosen.check_names(schema.names, table.rows)
    options = file_options(model.manifest, added, raw=command.raw, style=command.csv_style())
    options = replace(options, begins=begins, ends=ends)
    with (
        path.open("wb") as file,
        closing(_predicted(model, command, table, rows, read_again, schema, report_progress)) as batches,
    ):
        chosen.write(file, schema, batches, options)


def _predicted(
    model: LoadedModel,
    command: ExportTableCommand,
    table: Table,
    rows: range,
    read_again: ColumnsReadAgain,
    schema: pa.Schema,
    report_progress: ReportProgress,
) -> Generator[pa.RecordBatch, None, None]:
    """Yield the rows with their predictions, in order; while one slice is written, others are predicted."""
    interval = None if command.interval is None else conformal_interval(model.manifest, command.interval)

    def predict(numbered: tuple[int, pa.RecordBatch]) -> pa.RecordBatch:
        row, batch = numbered
        features = model.manifest.features
        input_warnings = InputWarnings(features, strict=command.strict, first_row=FIRST_FILE_ROW + row)
        piece = ColumnTable.of({name: to_numpy(batch.column(name)) for name in batch.schema.names}, table.columns)
        (predicted,) = predict_slices(model, [piece], input_warnings, read_again, interval)
        return pa.record_batch([*batch.columns, *map(pa.array, predicted.columns)], schema=schema)

    threads = settings().threads
    done = 0
    with ContextThreadPool(threads) as pool:
        slices = table.slices(None, SLICE_ROWS, rows.start, rows.stop)
        for batch in _map_ahead(pool, predict, slices, threads):
            report_progress("predicting", WRITTEN * done / len(rows))
            yield batch
            done += len(batch)
            return_freed_memory()  # of what was written: else it grows with the rows


def _map_ahead(
    pool: ContextThreadPool, call: Callable[[Item], Result], items: Iterable[Item], count: int
) -> Iterator[Result]:
    """Yield `call` of each item in order; `count` calls run ahead of the one that is taken."""
    coming: deque[Future[Result]] = deque()
    for item in items:
        coming.append(pool.submit(call, item))
        if len(coming) > count:
            yield coming.popleft().result()
    while coming:
        yield coming.popleft().result()
