"""The list of datasets: in the order of their ids, which is that of their creation."""

from collections.abc import Iterator

from pydantic import ValidationError

from core.manifests import DatasetManifest
from core.storage.lists.segments import ListedManifest
from core.storage.manifest_index import MANIFEST
from core.storage.s3.object_store import LIST_KEYS, ObjectStore
from core.types import Json

# A dataset has up to so many objects.
FILES = 6


class DatasetList:
    """The datasets of a workspace as a `ListSource`. The place of one is the key of its manifest."""

    def __init__(self, workspace: str, objects: ObjectStore) -> None:
        self._folder = f"{workspace}/datasets/"
        self._objects = objects

    def place(self, file_id: str) -> str:
        """Return the place of a dataset."""
        return f"{self._folder}{file_id}/{MANIFEST}"

    def file_id(self, listed: ListedManifest) -> str:
        """Return the id of a listed dataset."""
        return listed.place.removeprefix(self._folder).partition("/")[0]

    def scan(self, after: str = "", together: int = LIST_KEYS) -> Iterator[ListedManifest]:
        """Yield every manifest after a place; about `together` of them are asked for in a request."""
        for item in self._objects.list(self._folder, after, min(FILES * together, LIST_KEYS)):
            if item.size and item.key.endswith(f"/{MANIFEST}"):
                yield ListedManifest(item.key, item.key, item.etag)

    def row(self, manifest: Json) -> Json | None:
        """Return the summary of a dataset, None where its manifest is damaged; raises `NewerFormatError`."""
        try:
            return DatasetManifest.model_validate(manifest).summary()
        except ValidationError:
            return None
