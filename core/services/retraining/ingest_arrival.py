"""From the object that arrived to a dataset, ingested like any upload."""

from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import NoSuchFileError
from core.jobs.commands import RetrainCommand
from core.manifests import DatasetManifest, Reading
from core.progress import ReportProgress
from core.services.processing.ingest import ingest
from core.services.series.arrivals import landed, plain
from core.storage.s3.object_store import MissingObjectError
from core.storage.workspace import Workspace


def fetch(workspace: Workspace, command: RetrainCommand, report_progress: ReportProgress) -> DatasetManifest | None:
    """The dataset of an arrival, stored now unless an earlier attempt did; None where the object is another by now.

    The workspace's current file stays what it is: nobody who works by hand has asked for this one. Raises what
    `ingest` raises, and `UnavailableError`.
    """
    try:
        return workspace.datasets.manifest(command.file_id, fresh=True)
    except NoSuchFileError:
        pass
    key = command.key
    with TemporaryDirectory(prefix="regatta-") as folder:
        source = Path(folder) / "source.csv"
        try:
            workspace.objects.download(key, source)
            # Whatever was read: what is there now was there all the time.
            if plain(workspace.objects.head(key).etag) != command.etag:
                return None
        except MissingObjectError:
            return None
        return ingest(
            workspace,
            landed(key).filename,
            source,
            Reading(),
            file_id=command.file_id,
            current=False,
            report_progress=report_progress,
        )
