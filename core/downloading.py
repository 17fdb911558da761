"""A stored table as a file: as it was understood, or as its recipe leaves it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

import pyarrow as pa
from pyarrow import parquet

from core.errors import NotEnoughRowsError
from core.exporting.tables import TABLE_FORMATS
from core.learning.cleaning import clean
from core.manifests import Recipe
from core.opening import open_table
from core.tables.table import Table


@dataclass(frozen=True)
class TableFile:
    """A file on this machine's disk, and what it is called elsewhere."""

    path: Path
    name: str
    media_type: str


@contextmanager
def table_file(workspace: str, file_id: str | None, kind: str, *, processed: bool) -> Iterator[TableFile]:
    """A dataset as a file of one of `TABLE_FORMATS`; it is gone when the context ends. In memory for a few row groups.

    `processed` applies the stored recipe, fitted on the whole table: rows that it drops are left out, gaps are filled,
    dates are their parts, and categories columns of 1 and 0. Raises `TooLargeError` where the format cannot hold the
    table, `NotEnoughRowsError` where the recipe leaves nothing, `NoSuchFileError`, `NoCurrentFileError`.
    """
    chosen = TABLE_FORMATS[kind]
    with open_table(workspace, file_id) as (manifest, table):
        rows, schema, batches = _processed(table, manifest.recipe) if processed else _as_it_is(table)
        chosen.check_size(rows, len(schema))
        path = table.path.with_name(f"download.{chosen.ending}")
        with path.open("wb") as file:
            chosen.write(file, schema, batches)
        stem = PurePath(manifest.filename).stem + ("-processed" if processed else "")
        yield TableFile(path, f"{stem}.{chosen.ending}", chosen.media_type)


def _as_it_is(table: Table) -> tuple[int, pa.Schema, Iterator[pa.RecordBatch]]:
    return table.rows, parquet.read_schema(table.path), table.batches()


def _processed(table: Table, recipe: Recipe) -> tuple[int, pa.Schema, Iterator[pa.RecordBatch]]:
    done = clean(table, recipe)
    rows = int(done.kept.sum())
    if not rows or not done.columns:
        raise NotEnoughRowsError("The recipe leaves no value. Choose another one with POST /data/process.")
    return rows, done.schema(), done.batches()
