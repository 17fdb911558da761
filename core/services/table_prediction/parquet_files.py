"""The files of a divided export in Parquet, one of each task, and the manifest that names them in order.

A Parquet file cannot be continued: its end says where everything in it is. A program that reads all files as one table
needs the same types in all of them, so some are written anew with columns cast.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from pyarrow import parquet

from core.context_threads import run_in_threads
from core.freed_memory import return_freed_memory
from core.services.table_prediction.export_table import SLICE_ROWS
from core.storage.s3.object_store import ObjectStore
from core.storage.workspace import Workspace
from core.tables.column_types import ARROW_TYPES
from core.tables.table_writers import TABLE_FORMATS
from core.types import ColumnType, Json

PARQUET = "parquet"
# How many files are copied at a time.
COPIERS = 8
# How many files a task casts, which takes some seconds each.
CAST_FILES = 4


@dataclass(frozen=True)
class TaskFile:
    """What a task has stored."""

    key: str
    size_bytes: int
    rows: int


def store_files(
    workspace: Workspace, name: str, files: Sequence[TaskFile], report_share: Callable[[float], object]
) -> Json:
    """Store the files of all tasks as exports, and a manifest that names them in order; return where the manifest is.

    They are copied inside the store.
    """

    def store(number: int) -> Json:
        filename, file = f"{name}-{number:05}.{PARQUET}", files[number]
        url = workspace.exports.copy(filename, file.key)
        return {"url": url, "filename": filename, "rows": file.rows, "size_bytes": file.size_bytes}

    parts = run_in_threads(store, range(len(files)), COPIERS, report_share)
    manifest = {"format": PARQUET, "rows": sum(file.rows for file in files), "parts": parts}
    stored = workspace.exports.store_manifest(f"{name}.manifest.json", manifest)
    return {"media_type": "application/json", **stored, "parts": len(parts)}


def cast_file(
    objects: ObjectStore, key: str, made_key: str, casts: Mapping[str, ColumnType], look: Callable[[], object]
) -> int:
    """Store a file with these columns cast under another key; return its size in bytes.

    The bytes are the same each time. `look` is called every few rows, and ends the work by what it raises.
    """
    with TemporaryDirectory(prefix="regatta-") as folder:
        found, made = Path(folder) / "found", Path(folder) / "made"
        objects.download(key, found)
        with parquet.ParquetFile(found, pre_buffer=False) as stored:
            schema = stored.schema_arrow
            for name, kind in casts.items():
                schema = schema.set(schema.get_field_index(name), pa.field(name, ARROW_TYPES[kind]))
            with made.open("wb") as file:
                TABLE_FORMATS[PARQUET].write(file, schema, _cast_batches(stored, schema, look))
        objects.put_file(made_key, made)
        return made.stat().st_size


def _cast_batches(
    stored: parquet.ParquetFile, schema: pa.Schema, look: Callable[[], object]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows with the types of the schema; the row groups stay as they are."""
    for group in range(stored.num_row_groups):
        for batch in stored.iter_batches(SLICE_ROWS, row_groups=[group]):
            look()
            yield pa.record_batch(list(map(_cast, batch.columns, schema.types)), schema=schema)
            return_freed_memory()


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return values of another type, each of them exactly; raises `ArrowInvalid` where that cannot be.

    Whole numbers of a table are within those that float64 keeps, and what has another type besides has no value.
    """
    return pa.nulls(len(values), kind) if values.null_count == len(values) else values.cast(kind)
