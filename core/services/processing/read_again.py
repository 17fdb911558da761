"""Read the bytes of a dataset again, otherwise than before: a new dataset that names the first one as its parent."""

from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import NoSuchFileError
from core.jobs.commands import ReadAgainCommand
from core.jobs.effort import BYTES_PER_SECOND, Effort
from core.manifests import DatasetManifest
from core.progress import ReportProgress
from core.reading_fields import changed_reading
from core.services.processing.ingest import ingest
from core.settings import settings
from core.storage.dataset_repository import SOURCE
from core.storage.s3.object_store import MissingObjectError
from core.storage.workspace import Workspace
from core.stored_document import new_file_id
from core.types import Json


def check_read_again(workspace: Workspace, submitted: ReadAgainCommand) -> tuple[ReadAgainCommand, Effort]:
    """Return the command with its reading and the id of the new dataset, and what it should take.

    It takes forever to a caller who waits (`inf`) where the file is larger than one request may bring. Raises
    `NoSuchFileError`, and `InvalidInputError` for fields that exclude each other.
    """
    parent = workspace.datasets.manifest(submitted.parent, fresh=True)
    reading = changed_reading(parent.reading, submitted.changes)
    command = submitted.model_copy(update={"reading": reading, "file_id": new_file_id()})
    if parent.size_bytes > settings().max_upload_bytes:
        return command, Effort(inf)
    return command, Effort(max(parent.size_bytes, parent.memory_bytes) / BYTES_PER_SECOND)


def read_again(
    workspace: Workspace, command: ReadAgainCommand, report_progress: ReportProgress, job_id: str | None
) -> Json:
    """Store the new dataset, as the current file if its parent is; return the answer of an upload.

    A file of a series is read like the series reads its columns, where the reading does not say otherwise.

    An attempt that was broken off after the dataset was stored is only finished. Raises what `ingest` raises.
    """
    datasets = workspace.datasets
    try:
        manifest = datasets.manifest(command.file_id, fresh=True)
    except NoSuchFileError:
        manifest = _ingest(workspace, command, report_progress)
    if datasets.current() == command.parent:
        datasets.switch(manifest.file_id)
    return {**manifest.summary(), **manifest.understanding()}


def _ingest(workspace: Workspace, command: ReadAgainCommand, report_progress: ReportProgress) -> DatasetManifest:
    """Ingest the bytes of the parent; raises `NoSuchFileError` also where it is deleted meanwhile."""
    parent = workspace.datasets.manifest(command.parent, fresh=True)
    with TemporaryDirectory(prefix="regatta-") as folder:
        source = Path(folder) / "source.csv"
        workspace.datasets.download(parent.file_id, SOURCE, source)
        try:
            return ingest(
                workspace,
                parent.filename,
                source,
                command.reading,
                file_id=command.file_id,
                received=workspace.datasets.key(parent.file_id, SOURCE),
                like=parent.like,
                parent=parent,
                current=False,
                report_progress=report_progress,
            )
        except MissingObjectError as error:
            raise NoSuchFileError(f"File {parent.file_id!r} was deleted while it was read again.") from error
