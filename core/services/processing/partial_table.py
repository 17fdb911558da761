"""Download some rows of a stored table: its footer and the row groups that have them. Needs Arrow.

A row group is at most one block of `core.tables.blocks`, so what is read does not grow with the table, but for the
footer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pyarrow import parquet

from core.errors import NoSuchFileError
from core.manifests import DatasetManifest
from core.storage.dataset_repository import TABLE
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.storage.s3.ranges import download_range, read_range
from core.storage.workspace import Workspace
from core.tables.damage import naming_damage
from core.tables.row_groups import TAIL_BYTES, bytes_of_groups, footer_start, groups_of_rows
from core.tables.table import Table


@contextmanager
def open_rows(workspace: Workspace, manifest: DatasetManifest, rows: range) -> Iterator[Table]:
    """Yield a dataset's table, whose file has the row groups of these rows only.

    Raises `NoSuchFileError`, and `NotACsvError` where the table is read and found to be damaged.
    """
    with TemporaryDirectory(prefix="regatta-") as folder, naming_damage():
        path = Path(folder) / TABLE
        try:
            key = workspace.datasets.key(manifest.file_id, TABLE)
            download_rows(workspace.objects, key, workspace.objects.size(key), rows, path)
        except MissingObjectError as error:
            raise NoSuchFileError(f"File {manifest.file_id!r} was deleted in the meantime. Upload it again.") from error
        yield Table(path, manifest.columns, manifest.rows, manifest.memory_bytes)


def download_rows(objects: ObjectStore, key: str, size: int, rows: range, path: Path) -> None:
    """Make a file as large as the table `key`, of `size` bytes, that has its footer and the row groups of these rows.

    Raises `MissingObjectError`, and `NotACsvError` for a table that is damaged.
    """
    metadata = read_footer(objects, key, size, path)
    if rows:
        start, stop = bytes_of_groups(metadata, groups_of_rows(metadata, rows.start, rows.stop))
        download_range(objects, key, start, stop, path)


def read_footer(objects: ObjectStore, key: str, size: int, path: Path) -> parquet.FileMetaData:
    """Make a file of `size` bytes that has the footer of the table `key`, and return what the footer says.

    Raises `MissingObjectError`, and `NotACsvError` for a table that is damaged.
    """
    tail = read_range(objects, key, max(0, size - TAIL_BYTES), size)
    start = footer_start(tail, size)
    with path.open("wb") as file:
        file.truncate(size)
    download_range(objects, key, start, size, path)
    with naming_damage(": its footer cannot be read"):
        return parquet.read_metadata(path)
