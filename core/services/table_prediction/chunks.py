"""Divide a stored table into chunks of rows, which workers predict side by side. Needs Arrow.

A chunk is a task of a divided job. Its worker reads the row groups that have its rows, and of the rest of the table the
footer. What all chunks share is fixed in the division: where the chunks begin, the version of the model, and the
columns that were read again from the text of the file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import NoSuchFileError
from core.jobs.commands import TableCommand
from core.progress import ReportProgress
from core.services.prediction.loaded_models import find_manifest
from core.services.prediction.stored_texts import read_again_on_disk
from core.services.processing.partial_table import download_rows, read_footer
from core.services.table_prediction.export_table import SLICE_ROWS
from core.services.table_prediction.kept_columns import store_columns, stored_columns
from core.services.table_prediction.source import MOST_TASKS, OpenRows, Source
from core.settings import settings
from core.storage.dataset_repository import TABLE
from core.storage.s3.object_store import MissingObjectError
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.stored_document import DamagedDocumentError
from core.tables.damage import naming_damage
from core.tables.row_groups import chunk_borders
from core.tables.table import Table
from core.types import Json


class Chunks(Source):
    """The chunks of a stored table, and what stays the same for all of them."""

    # The first row of each chunk, and at the end the number of rows.
    borders: list[int]
    table_bytes: int
    # Warnings of the columns that were read again, and their names.
    unreadable: list[str]
    read_again: list[str]

    @classmethod
    def divide(
        cls, workspace: Workspace, command: TableCommand, report_progress: ReportProgress, job_id: str
    ) -> Division | None:
        """Return how the rows of a stored table are divided into chunks; None where they are too few.

        Raises what `core.services.table_prediction.export_table.export_table` does before it predicts.
        """
        dataset = workspace.datasets.manifest(command.file_id, fresh=True)
        if not 0 < settings().chunk_rows < dataset.rows:
            return None
        chunk_rows = max(settings().chunk_rows, -(-dataset.rows // MOST_TASKS))
        model = find_manifest(workspace, command.model_name, command.version, model_info=command.model_info)
        with TemporaryDirectory(prefix="regatta-") as name:
            folder = Path(name)
            try:
                key = workspace.datasets.key(dataset.file_id, TABLE)
                size = workspace.objects.size(key)
                metadata = read_footer(workspace.objects, key, size, folder / TABLE)
            except MissingObjectError as error:
                raise _deleted(dataset.file_id) from error
            borders = chunk_borders(metadata, SLICE_ROWS, chunk_rows)
            if len(borders) <= 2 or borders[-1] != dataset.rows:
                return None
            read_again = read_again_on_disk(workspace, dataset, model.features, folder)
            unreadable = read_again.warnings(strict=command.strict)
            stored = store_columns(workspace.objects, _columns(workspace, job_id), read_again, folder)
        chunks = cls(
            borders=borders,
            table_bytes=size,
            version=model.version,
            trained_at=model.created_at,
            unreadable=unreadable,
            read_again=stored,
        )
        tasks = len(borders) - 1
        # One row alone takes longer than a row among many, so a chunk takes at most so long.
        seconds = (model.latency_us or 0.0) * 1e-6 * dataset.rows / tasks
        return Division(tasks=tasks, facts=chunks.model_dump(), task_seconds=seconds)

    @contextmanager
    def open(
        self,
        workspace: Workspace,
        command: TableCommand,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> Iterator[OpenRows]:
        """Give the rows of a chunk, in a table whose file has the row groups of these rows only.

        Raises `NoSuchFileError`, and `NotACsvError` for a table that is damaged.
        """
        model = self.model(workspace, command)
        dataset, rows = workspace.datasets.manifest(command.file_id, fresh=True), self.rows(number)
        with TemporaryDirectory(prefix="regatta-") as name:
            folder = Path(name)
            self._download(workspace, dataset.file_id, rows, folder / TABLE)
            read_again = stored_columns(workspace.objects, _columns(workspace, job_id), self.read_again, rows)
            table = Table(folder / TABLE, dataset.columns, dataset.rows, dataset.memory_bytes)
            with naming_damage(f" between rows {rows.start + 2:,} and {rows.stop + 1:,}"):
                yield OpenRows(folder, model, table, rows, read_again)

    def in_order(self) -> range:
        """Return the numbers of the tasks in the order of their rows."""
        return range(len(self.borders) - 1)

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
            key = workspace.datasets.key(file_id, TABLE)
            download_rows(workspace.objects, key, self.table_bytes, rows, path)
        except MissingObjectError as error:
            raise _deleted(file_id) from error


def _columns(workspace: Workspace, job_id: str) -> str:
    """Return how the keys of the columns begin that were read again."""
    return f"{workspace.tasks.folder(job_id)}columns/"


def _deleted(file_id: str) -> NoSuchFileError:
    return NoSuchFileError(f"File {file_id!r} was deleted while it was predicted. Upload it again.")
