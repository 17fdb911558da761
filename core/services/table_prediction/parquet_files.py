"""The files of a divided export in Parquet, one of each task, and the manifest that names them in order.

A Parquet file cannot be continued: its end says where everything in it is. A program that reads all files as one table
needs the same types in all of them, so the columns of some are cast where the files are put together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore

import pyarrow as pa
from pyarrow import parquet

from core.context_threads import run_in_threads
from core.manifests import ColumnType
from core.services.table_prediction.export_table import SLICE_ROWS
from core.storage.workspace import Workspace
from core.tables.column_types import ARROW_TYPES
from core.tables.table_writers import TABLE_FORMATS
from core.types import Json

PARQUET = "parquet"
# How many files are copied at a time, and how many cast, which takes 30 MB of memory each.
COPIERS, CASTERS = 8, 2


@dataclass(frozen=True)
class TaskFile:
    """What a task has stored, and by name the columns that are of another type in the whole table, with that type."""

    key: str
    size_bytes: int
    rows: int
    casts: Mapping[str, ColumnType]


def store_files(
    workspace: Workspace, name: str, files: Sequence[TaskFile], report_share: Callable[[float], object]
) -> Json:
    """Store the files of all tasks as exports, and a manifest that names them in order; return where the manifest is.

    What needs no cast is copied inside the store.
    """
    casting = BoundedSemaphore(CASTERS)

    def store(number: int) -> Json:
        filename, file = f"{name}-{number:05}.{PARQUET}", files[number]
        if file.casts:
            with casting:
                url, size = _store_cast(workspace, filename, file)
        else:
            url, size = workspace.exports.copy(filename, file.key), file.size_bytes
        return {"url": url, "filename": filename, "rows": file.rows, "size_bytes": size}

    parts = run_in_threads(store, range(len(files)), COPIERS, report_share)
    manifest = {"format": PARQUET, "rows": sum(file.rows for file in files), "parts": parts}
    stored = workspace.exports.store_manifest(f"{name}.manifest.json", manifest)
    return {"media_type": "application/json", **stored, "parts": len(parts)}


def _store_cast(workspace: Workspace, filename: str, file: TaskFile) -> tuple[str, int]:
    """Store a file with its columns cast; return its URL and its size in bytes."""
    with TemporaryDirectory(prefix="regatta-") as folder:
        found, made = Path(folder) / "found", Path(folder) / "made"
        workspace.objects.download(file.key, found)
        _cast_file(found, made, file.casts)
        return workspace.exports.store(filename, made, TABLE_FORMATS[PARQUET].media_type), made.stat().st_size


def _cast_file(found: Path, made: Path, casts: Mapping[str, ColumnType]) -> None:
    """Write a Parquet file anew, with the same row groups and these columns cast."""
    with parquet.ParquetFile(found, pre_buffer=False) as stored:
        schema = stored.schema_arrow
        for name, kind in casts.items():
            schema = schema.set(schema.get_field_index(name), pa.field(name, ARROW_TYPES[kind]))
        with made.open("wb") as file:
            TABLE_FORMATS[PARQUET].write(file, schema, _cast_batches(stored, schema))


def _cast_batches(stored: parquet.ParquetFile, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for group in range(stored.num_row_groups):
        for batch in stored.iter_batches(SLICE_ROWS, row_groups=[group]):
            yield pa.record_batch(list(map(_cast, batch.columns, schema.types)), schema=schema)


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return values of another type, each of them exactly; raises `ArrowInvalid` where that cannot be.

    Whole numbers of a table are within those that float64 keeps, and what has another type besides has no value.
    """
    return pa.nulls(len(values), kind) if values.null_count == len(values) else values.cast(kind)
