"""Datasets in the bucket: data first, then the manifest that makes them exist, then the pointer to the current one."""

import logging
import re
from collections.abc import Iterator
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from core.context_threads import ContextThreadPool
from core.errors import NoCurrentFileError, NoSuchFileError, UnavailableError
from core.manifests import DatasetManifest, Recipe
from core.storage.cache import CachedObjects
from core.storage.changes import changes
from core.storage.documents import Documents
from core.storage.lists.dataset_list import DatasetList
from core.storage.lists.list_index import create_list_index
from core.storage.lists.upkeep import Later
from core.storage.manifest_index import MANIFEST, ManifestIndex
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.stored_document import DamagedDocumentError
from core.types import Json

log = logging.getLogger("regatta")

# The bytes as received, whatever their format.
SOURCE = "source.csv"
# The text of the table where it was received in a container; else the source is that text.
TEXT = "text.csv"
TABLE = "table.parquet"
COLUMNS = "columns.npz"
PROFILE = "profile.json"

# How many files of a dataset are uploaded at a time.
SENDERS = 2

FILE_ID = re.compile(r"[0-9a-z]{8,40}")


class DamagedFileError(NoSuchFileError):
    """The dataset is there, and its manifest cannot be read."""


def text_name(manifest: DatasetManifest) -> str:
    """Return which of a dataset's files is the text that its table was read from."""
    return SOURCE if manifest.container is None else TEXT


class DatasetRepository:
    """The datasets of a workspace. A dataset exists from the moment its manifest does."""

    def __init__(
        self,
        workspace: str,
        objects: ObjectStore,
        documents: Documents,
        cached_objects: CachedObjects,
        index: ManifestIndex,
        later: Later | None = None,
    ) -> None:
        """`later` is as for `core.storage.lists.upkeep.Upkeep`."""
        self._workspace = workspace
        self._objects = objects
        self._documents = documents
        self._cached_objects = cached_objects
        self._index = index
        self._listed = DatasetList(workspace, objects)
        self.list_index = create_list_index(
            workspace, "datasets", objects, documents, cached_objects, index, self._listed, later
        )

    @contextmanager
    def draft(self, file_id: str, *, current: bool = True) -> Iterator["Draft"]:
        """Begin a dataset. It exists once it is committed; when anything fails, nothing of it stays behind.

        It becomes the workspace's current file if `current`.
        """
        manifest_key = _key(self._workspace, file_id, MANIFEST)
        with ContextThreadPool(SENDERS) as senders:
            draft = Draft(self._objects, senders, _key(self._workspace, file_id, ""))
            try:
                yield draft
                manifest = draft.finish()
                etag = self._documents.write(manifest_key, manifest.model_dump())
                if current:
                    self._documents.write(_current_key(self._workspace), {"file_id": file_id})
            except BaseException:
                # If this fails as well, the files that are left have no manifest, so nobody sees them.
                with suppress(UnavailableError):
                    self._documents.delete(manifest_key)
                    changes().undone(manifest_key)
                    draft.discard()
                raise
        self._index.add(manifest_key, etag, manifest.model_dump())

    def manifest(self, file_id: str | None, *, fresh: bool = False) -> DatasetManifest:
        """Return the manifest of a dataset, of the current one without `file_id`.

        Raises `NoSuchFileError`, and `NoCurrentFileError` where there is no current one. `fresh` reads the bucket
        itself and not Redis.
        """
        wanted = file_id or self._pointed_at() or ""
        document = self._manifest_document(wanted, fresh=fresh) if FILE_ID.fullmatch(wanted) else None
        if document is None and not file_id:
            raise NoCurrentFileError(
                "No file is current. POST a CSV to /data/upload, or choose one with POST /data/switch/{file_id}."
            )
        if document is None:
            raise NoSuchFileError(f"There is no file {wanted!r}. GET /data/files lists what there is.")
        try:
            return DatasetManifest.model_validate(document)
        except ValidationError as error:
            log.error("The manifest of file %s is damaged: %s", wanted, error)
            raise DamagedFileError(
                f"The manifest of file {wanted!r} is damaged. Delete it with DELETE /data/files/{wanted}, and upload "
                "the file again."
            ) from error

    def _manifest_document(self, file_id: str, *, fresh: bool) -> Json | None:
        """Return the manifest as it is stored, None where there is none, and {} where it is no JSON."""
        try:
            return self._documents.read(_key(self._workspace, file_id, MANIFEST), fresh=fresh)
        except ValueError:
            return {}

    def exists(self, file_id: str) -> bool:
        """Return whether the bucket has the dataset; raises `NewerFormatError`."""
        try:
            self.manifest(file_id, fresh=True)
        except DamagedFileError:
            return True
        except NoSuchFileError:
            return False
        return True

    def current(self) -> str | None:
        """Return the id of the current file; None where none was chosen, or where it has been deleted since."""
        file_id = self._pointed_at()
        if file_id is None or self._documents.read(_key(self._workspace, file_id, MANIFEST)) is None:
            return None
        return file_id

    def _pointed_at(self) -> str | None:
        key = _current_key(self._workspace)
        document = self._documents.read(key)
        file_id = document.get("file_id") if document else None
        if document is not None and not isinstance(file_id, str):
            raise DamagedDocumentError(
                f"The document {key} is damaged: it names no file. POST /data/switch/{{file_id}}."
            )
        return file_id

    def switch(self, file_id: str) -> DatasetManifest:
        """Make a dataset the current one; raises `NoSuchFileError`."""
        manifest = self.manifest(file_id, fresh=True)
        self._documents.write(_current_key(self._workspace), {"file_id": file_id})
        return manifest

    def set_recipe(self, file_id: str, recipe: Recipe) -> DatasetManifest:
        """Store the recipe of a dataset; raises `NoSuchFileError`, `ConflictError`."""
        return self._change(file_id, {"recipe": recipe.model_dump()})

    def rename(self, file_id: str, filename: str) -> DatasetManifest:
        """Store another name of a dataset's file; raises `NoSuchFileError`, `ConflictError`."""
        self.manifest(file_id, fresh=True)
        return self._change(file_id, {"filename": filename})

    def _change(self, file_id: str, fields: Json) -> DatasetManifest:
        def edit(document: Json | None) -> Json:
            if document is None:
                raise NoSuchFileError(f"File {file_id!r} was deleted in the meantime.")
            return {**document, **fields}

        return DatasetManifest.model_validate(
            self._documents.change(_key(self._workspace, file_id, MANIFEST), edit),
        )

    def key(self, file_id: str, name: str) -> str:
        """Return the key of one of the dataset's files."""
        return _key(self._workspace, file_id, name)

    def read(self, file_id: str, name: str) -> bytes:
        """Return one of the dataset's files (SOURCE, TABLE, ...), which never change; raises `NoSuchFileError`."""
        try:
            return self._cached_objects.read(_key(self._workspace, file_id, name))
        except MissingObjectError as error:
            raise NoSuchFileError(f"File {file_id!r} has no {name}: it was deleted. Upload it again.") from error

    def download(self, file_id: str, name: str, path: Path) -> None:
        """Download one of the dataset's files to `path`; raises `NoSuchFileError`."""
        try:
            self._objects.download(_key(self._workspace, file_id, name), path)
        except MissingObjectError as error:
            raise NoSuchFileError(f"File {file_id!r} has no {name}: it was deleted. Upload it again.") from error

    def attach(self, file_id: str, name: str, body: bytes) -> None:
        """Add a file to a dataset that exists: one that is computed later and never changes either."""
        self._objects.put(_key(self._workspace, file_id, name), body)

    def page(self, limit: int, after: str | None = None) -> tuple[list[Json], str | None]:
        """Return the summaries of up to `limit` datasets after `after`, oldest first, and the last id if more follow.

        Damaged ones are left out. Raises `NewerFormatError`.
        """
        start = "" if after is None else self._listed.place(after)
        listed = list(islice(self._listed.scan(start, limit + 1), limit + 1))
        page, following = listed[:limit], listed[limit:]
        rows = self.list_index.rows(page)
        summaries = [rows[one.key] for one in page if one.key in rows]
        return summaries, self._listed.file_id(page[-1]) if following else None

    def list(self) -> list[DatasetManifest]:
        """Return every dataset of the workspace, oldest first."""
        return [DatasetManifest.model_validate(manifest) for manifest in self._index.manifests()]

    def delete(self, file_id: str) -> None:
        """Delete a dataset; raises `NoSuchFileError`.

        It is gone with its manifest. A pointer to it counts for none from then on, and files that cannot be deleted now
        are left for the janitor; nobody finds them.
        """
        with suppress(DamagedFileError):
            self.manifest(file_id, fresh=True)
        self._documents.delete(_key(self._workspace, file_id, MANIFEST))
        self._index.drop(_key(self._workspace, file_id, MANIFEST))
        try:
            if self._pointed_at() == file_id:
                self._documents.delete(_current_key(self._workspace))
            keys = [item.key for item in self._objects.list(_key(self._workspace, file_id, ""))]
            self._objects.delete(keys)
            self._cached_objects.forget(keys)
        except UnavailableError as error:
            log.warning("Files of the deleted dataset %s are left for the janitor: %s", file_id, error.detail)


class Draft:
    """The files of a dataset that does not exist yet. They are uploaded while others are still being written."""

    def __init__(self, objects: ObjectStore, senders: Executor, prefix: str) -> None:
        self._objects = objects
        self._senders = senders
        self._prefix = prefix
        self._sent: dict[str, Future[object]] = {}
        self._manifest: DatasetManifest | None = None

    def send(self, name: str, body: bytes | Path) -> None:
        """Start to upload one file: bytes, or a file on disk, which is never in memory whole."""
        key = self._prefix + name
        put = self._objects.put_file if isinstance(body, Path) else self._objects.put
        self._sent[key] = self._senders.submit(put, key, body)  # type: ignore[arg-type]

    def copy(self, name: str, source: str) -> None:
        """Start to copy one file from another object of the bucket."""
        key = self._prefix + name
        self._sent[key] = self._senders.submit(self._objects.copy, source, key)

    def commit(self, manifest: DatasetManifest) -> None:
        """Set the manifest that is written once every file has been uploaded."""
        self._manifest = manifest

    def finish(self) -> DatasetManifest:
        """Wait for every file and return the manifest; raises what an upload raised."""
        for sent in self._sent.values():
            sent.result()
        if self._manifest is None:
            raise RuntimeError("A dataset was drafted and never committed.")
        return self._manifest

    def discard(self) -> None:
        """Delete every file of the draft, those that are still being uploaded too."""
        for sent in self._sent.values():
            sent.cancel()
        wait(self._sent.values())
        self._objects.delete(self._sent)


def _key(workspace: str, file_id: str, name: str) -> str:
    return f"{workspace}/datasets/{file_id}/{name}"


def _current_key(workspace: str) -> str:
    return f"{workspace}/datasets/current.json"
