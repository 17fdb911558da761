"""Ingest the object of an arrival as a dataset, as any upload is."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import ArrivalRefusedError, NoSuchFileError
from core.jobs.commands import RetrainCommand
from core.manifests import DatasetManifest, Feature, Reading
from core.progress import ReportProgress
from core.services.processing.ingest import ingest
from core.services.series.arrivals import parse_arrival_key, unquoted_etag
from core.storage.s3.object_store import MissingObjectError
from core.storage.workspace import Workspace


def fetch(
    workspace: Workspace,
    command: RetrainCommand,
    reading: Reading,
    like: Sequence[Feature],
    report_progress: ReportProgress,
) -> DatasetManifest | None:
    """Return the dataset of an arrival, stored now unless an earlier attempt did.

    Its columns are read as `reading` says, and those in `like` as these features are, if their texts allow it. None
    where the object has changed since.

    The workspace's current file stays the same: a person who works by hand has not chosen this one. Raises what
    `ingest` raises, and `UnavailableError`.
    """
    try:
        return workspace.datasets.manifest(command.file_id, fresh=True)
    except NoSuchFileError:
        pass
    key, place = command.key, parse_arrival_key(command.key)
    if place.workspace != workspace.name:
        raise ArrivalRefusedError("The file was put for another workspace. Put it below the prefix of this one.")
    with TemporaryDirectory(prefix="regatta-") as folder:
        source = Path(folder) / "source.csv"
        try:
            workspace.objects.download(key, source)
            # The object still has this ETag, so the bytes that were read are its content.
            if unquoted_etag(workspace.objects.head(key).etag) != command.etag:
                return None
        except MissingObjectError:
            return None
        return ingest(
            workspace,
            place.filename,
            source,
            reading,
            like=like,
            file_id=command.file_id,
            current=False,
            report_progress=report_progress,
        )
