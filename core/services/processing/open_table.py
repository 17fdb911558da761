"""Open a stored dataset's table on this machine's disk for as long as it is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core.manifests import DatasetManifest
from core.storage.dataset_repository import TABLE
from core.storage.workspace import Workspace
from core.tables.damage import naming_damage
from core.tables.table import Table


@contextmanager
def open_table(workspace: Workspace, file_id: str | None) -> Iterator[tuple[DatasetManifest, Table]]:
    """Yield the dataset's manifest, fresh from the bucket, and its table.

    Raises `NoSuchFileError`, `NoCurrentFileError`, and `NotACsvError` where it is read and found to be damaged.
    """
    manifest = workspace.datasets.manifest(file_id, fresh=True)
    with TemporaryDirectory(prefix="regatta-") as folder:
        path = Path(folder) / TABLE
        workspace.datasets.download(manifest.file_id, TABLE, path)
        with naming_damage():
            yield manifest, Table(path, manifest.columns, manifest.rows, manifest.memory_bytes, manifest.warnings)
