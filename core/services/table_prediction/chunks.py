"""Divide a stored table into chunks of rows, which workers predict side by side. Needs Arrow.

A chunk is a task of a divided job. Its worker reads the row groups that have its rows, and of the rest of the table the
footer. What all chunks share is fixed in the division: where the chunks begin, the version of the model, and the
columns that were read again from the text of the file.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from core.array_types import Floats
from core.errors import NoSuchFileError
from core.inference.file_cells import FileCells
from core.inference.read_again import ColumnsReadAgain
from core.jobs.commands import TableCommand
from core.packed_columns import Category
from core.services.prediction.loaded_models import find_manifest
from core.services.prediction.stored_texts import read_again_on_disk
from core.services.processing.partial_table import download_rows, read_footer
from core.services.table_prediction.export_table import SLICE_ROWS
from core.services.table_prediction.source import OpenRows, Source
from core.settings import settings
from core.storage.dataset_repository import TABLE
from core.storage.s3.object_store import MissingObjectError
from core.storage.s3.ranges import read_range
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.stored_document import DamagedDocumentError
from core.tables.damage import naming_damage
from core.tables.row_groups import chunk_borders
from core.tables.table import Table
from core.types import Json

# A multipart upload has at most 10,000 parts, and an answer of three lists has three for each chunk. Each task that
# ends lists the markers of all others, 1,000 in a request: 3,000 tasks are 4,500 requests more.
MOST_CHUNKS = 3_000


class Chunks(Source):
    """The chunks of a stored table, and what stays the same for all of them."""

    # The first row of each chunk, and at the end the number of rows.
    borders: list[int]
    table_bytes: int
    # Warnings of the columns that were read again, and their names.
    unreadable: list[str]
    read_again: list[str]

    @classmethod
    def divide(cls, workspace: Workspace, command: TableCommand, job_id: str) -> Division | None:
        """Return how the rows of a stored table are divided into chunks; None where they are too few.

        Raises what `core.services.table_prediction.export_table.export_table` does before it predicts.
        """
        dataset = workspace.datasets.manifest(command.file_id, fresh=True)
        if not 0 < settings().chunk_rows < dataset.rows:
            return None
        chunk_rows = max(settings().chunk_rows, -(-dataset.rows // MOST_CHUNKS))
        model = find_manifest(workspace, command.model_name, command.version, model_info=command.model_info)
        with TemporaryDirectory(prefix="regatta-") as name:
            folder = Path(name)
            try:
                size = workspace.objects.size(workspace.datasets.key(dataset.file_id, TABLE))
                metadata = read_footer(workspace, dataset.file_id, size, folder / TABLE)
            except MissingObjectError as error:
                raise _deleted(dataset.file_id) from error
            borders = chunk_borders(metadata, SLICE_ROWS, chunk_rows)
            if len(borders) <= 2 or borders[-1] != dataset.rows:
                return None
            read_again = read_again_on_disk(workspace, dataset, model.features, folder)
            unreadable = read_again.warnings(strict=command.strict)
            for place, values in enumerate(read_again.values.values()):
                _store_column(
                    workspace, f"{workspace.tasks.folder(job_id)}columns/{place:06}", values, folder / "column"
                )
        chunks = cls(
            borders=borders,
            table_bytes=size,
            version=model.version,
            trained_at=model.created_at,
            unreadable=unreadable,
            read_again=list(read_again.values),
        )
        tasks = len(borders) - 1
        # One row alone takes longer than a row among many, so a chunk takes at most so long.
        seconds = (model.latency_us or 0.0) * 1e-6 * dataset.rows / tasks
        return Division(tasks=tasks, facts=chunks.model_dump(), task_seconds=seconds)

    @contextmanager
    def open(self, workspace: Workspace, command: TableCommand, number: int, job_id: str) -> Iterator[OpenRows]:
        """Give the rows of a chunk, in a table whose file has the row groups of these rows only.

        Raises `NoSuchFileError`, and `NotACsvError` for a table that is damaged.
        """
        model = self.model(workspace, command)
        dataset, rows = workspace.datasets.manifest(command.file_id, fresh=True), self.rows(number)
        with TemporaryDirectory(prefix="regatta-") as name:
            folder = Path(name)
            self._download(workspace, dataset.file_id, rows, folder / TABLE)
            columns = f"{workspace.tasks.folder(job_id)}columns/"
            values = {
                column: _stored_column(workspace, f"{columns}{place:06}", rows)
                for place, column in enumerate(self.read_again)
            }
            table = Table(folder / TABLE, dataset.columns, dataset.rows, dataset.memory_bytes)
            with naming_damage(f" between rows {rows.start + 2:,} and {rows.stop + 1:,}"):
                yield OpenRows(folder, model, table, rows, ColumnsReadAgain(values, FileCells(), first_row=rows.start))

    def warnings(self, outputs: list[Json]) -> list[str]:
        """Return the warnings of the columns that were read again.

        Raises `DamagedDocumentError` unless every chunk has predicted all of its rows.
        """
        for number, output in enumerate(outputs):
            if output["rows"] != len(self.rows(number)):
                raise DamagedDocumentError(
                    f"Chunk {number} has {output['rows']} rows and not {len(self.rows(number))}."
                )
        return self.unreadable

    def rows(self, number: int) -> range:
        """Return the rows of a chunk."""
        return range(self.borders[number], self.borders[number + 1])

    def _download(self, workspace: Workspace, file_id: str, rows: range, path: Path) -> None:
        """Make a file as large as the stored table that has its footer and the row groups of these rows."""
        try:
            download_rows(workspace, file_id, self.table_bytes, rows, path)
        except MissingObjectError as error:
            raise _deleted(file_id) from error


def _deleted(file_id: str) -> NoSuchFileError:
    return NoSuchFileError(f"File {file_id!r} was deleted while it was predicted. Upload it again.")


def _store_column(workspace: Workspace, key: str, values: Floats | Category, path: Path) -> None:
    """Store a column that was read again: its numbers or codes, so that rows of it can be read, and its levels."""
    numbers: Any = values.codes if isinstance(values, Category) else values
    numbers.tofile(path)
    workspace.objects.put_file(f"{key}.{numbers.dtype.str[1:]}", path)
    levels = list(values.levels) if isinstance(values, Category) else None
    workspace.objects.put(f"{key}.json", json.dumps({"dtype": numbers.dtype.str, "levels": levels}).encode())


def _stored_column(workspace: Workspace, key: str, rows: range) -> Floats | Category:
    """Return these rows of a column that `_store_column` has stored."""
    about = json.loads(workspace.objects.get(f"{key}.json"))
    dtype = np.dtype(about["dtype"])
    start, stop = dtype.itemsize * rows.start, dtype.itemsize * rows.stop
    numbers = np.frombuffer(read_range(workspace.objects, f"{key}.{dtype.str[1:]}", start, stop), dtype)
    return numbers if about["levels"] is None else Category(numbers, about["levels"])
