"""The tables of large objects that several tasks of a job predict: the first task stores one, and the others read it.

Below `{workspace}/tasks/{job_id}/tables/` an object has `{place}.parquet`, its columns that were read again, and at
last `{place}.json`, which says that everything is there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from pyarrow import parquet
from pydantic import BaseModel, ConfigDict

from core.inference.read_again import ColumnsReadAgain
from core.manifests import Column
from core.services.processing.partial_table import download_rows
from core.services.table_prediction.export_table import SLICE_ROWS
from core.services.table_prediction.kept_columns import store_columns, stored_columns
from core.services.table_prediction.open_part import OpenPart
from core.storage.s3.object_store import MissingObjectError
from core.storage.workspace import Workspace
from core.tables.row_groups import chunk_borders
from core.tables.table import Table
from core.types import Json


class StoredTable(BaseModel):
    """What is known of a stored table; of the chunks at its end some may have no row."""

    model_config = ConfigDict(frozen=True)

    columns: list[Column]
    memory_bytes: int
    table_bytes: int
    # The first row of each chunk, and at the end the number of rows.
    borders: list[int]
    read_again: list[str]
    # What the tasks of the object return of how it was read.
    facts: Json


class ChunkOfPart(NamedTuple):
    """The rows of a chunk on this machine's disk, in a table whose file has the row groups of these rows only."""

    folder: Path
    table: Table
    rows: range
    read_again: ColumnsReadAgain


class PartTables:
    """The tables of the objects of a job, by the place of the object."""

    def __init__(self, workspace: Workspace, job_id: str) -> None:
        self._objects = workspace.objects
        self._folder = f"{workspace.tasks.folder(job_id)}tables/"

    def find(self, place: int) -> StoredTable | None:
        """Return what is known of a table; None where it was not stored yet."""
        try:
            return StoredTable.model_validate_json(self._objects.get(self._key(place, "json")))
        except MissingObjectError:
            return None

    def store(self, place: int, opened: OpenPart, chunks: int, facts: Json) -> StoredTable:
        """Store a table that was read, for so many chunks; the bytes are the same whoever reads it."""
        self._objects.put_file(self._key(place, "parquet"), opened.table.path)
        rows = opened.table.rows
        borders = chunk_borders(parquet.read_metadata(opened.table.path), SLICE_ROWS, -(-rows // chunks))
        stored = StoredTable(
            columns=opened.manifest.columns,
            memory_bytes=opened.table.memory_bytes,
            table_bytes=opened.table.path.stat().st_size,
            borders=borders + [rows] * (chunks + 1 - len(borders)),
            read_again=store_columns(self._objects, self._key(place, ""), opened.read_again, opened.folder),
            facts=facts,
        )
        self._objects.put(self._key(place, "json"), stored.model_dump_json().encode())
        return stored

    @contextmanager
    def open(self, place: int, stored: StoredTable, chunk: int) -> Iterator[ChunkOfPart]:
        """Give the rows of a chunk."""
        rows = range(stored.borders[chunk], stored.borders[chunk + 1])
        with TemporaryDirectory(prefix="regatta-") as name:
            path = Path(name) / "table.parquet"
            download_rows(self._objects, self._key(place, "parquet"), stored.table_bytes, rows, path)
            read_again = stored_columns(self._objects, self._key(place, ""), stored.read_again, rows)
            yield ChunkOfPart(
                Path(name), Table(path, stored.columns, stored.borders[-1], stored.memory_bytes), rows, read_again
            )

    def _key(self, place: int, ending: str) -> str:
        return f"{self._folder}{place:06}.{ending}"
