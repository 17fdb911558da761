"""The list of the versions of all models: by name, then by number."""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby, islice

from pydantic import ValidationError

from core.model_manifest import ModelManifest, VersionId
from core.storage.lists.segments import ListedManifest
from core.storage.s3.object_metadata import ObjectSummary
from core.storage.s3.object_store import ObjectStore
from core.storage.versions import ONE_LISTING, VERSION_KEY, last_taken, manifest_key
from core.stored_document import Document
from core.types import Json

# How many numbers are looked at together.
SPAN = 128
DIGITS = 12


class ModelRow(Document):
    """What a list shows of one version."""

    model_name: str
    version: int
    model_type: str
    target_column: str
    created_at: str
    metrics: dict[str, float | None]
    size_bytes: int
    # The job that trained it, if one did.
    job_id: str | None = None


class ModelList:
    """The versions of a workspace as a `ListSource`."""

    def __init__(self, workspace: str, objects: ObjectStore, deleted: Callable[[str], Collection[int]]) -> None:
        """`deleted` returns which versions of a name are deleted."""
        self._workspace = workspace
        self._folder = f"{workspace}/models/"
        self._objects = objects
        self._deleted = deleted

    def scan(self, after: str = "") -> Iterator[ListedManifest]:
        """Yield every manifest after a place, of a large name after listing all of that."""
        name, _, number = after.partition("/")
        for found, items in self._by_name(f"{self._folder}{name}/" if name else self._first):
            yield from self._versions(items, int(number) if found == name else 0)

    def page_after(self, after: VersionId | None = None) -> Iterator[ListedManifest]:
        """Yield what `scan` does, with a constant number of requests for each listing's worth.

        The versions of a large name come without their ETags, and some that are no version among them.
        """
        start = self._first if after is None else f"{self._folder}{after.name}/"
        while True:
            large = None
            for name, items in self._by_name(start):
                number = after.number if after is not None and after.name == name else 0
                some = list(islice(items, ONE_LISTING + 1))
                if len(some) > ONE_LISTING:
                    large = name
                    yield from self._walk(name, number)
                    break
                yield from self._versions(some, number)
            if large is None:
                return
            start = f"{self._folder}{large}/~"

    def row(self, manifest: Json) -> Json | None:
        """Return the row of a version, None where its manifest is damaged; raises `NewerFormatError`."""
        try:
            read = ModelManifest.model_validate(manifest)
        except ValidationError:
            return None
        fields = read.model_dump(include=set(ModelRow.model_fields) - {"size_bytes"})
        return {**fields, "size_bytes": read.graph.size_bytes}

    @property
    def _first(self) -> str:
        """Return a key before those of all models, and after those of folders that no model can be called."""
        return f"{self._folder}.~"

    def _by_name(self, start: str) -> Iterator[tuple[str, Iterator[ObjectSummary]]]:
        """Yield each name that has objects after the key `start`, with those."""
        listed = self._objects.list(self._folder, start)
        return groupby(listed, lambda item: item.key[len(self._folder) :].partition("/")[0])

    def _versions(self, items: Iterable[ObjectSummary], after: int) -> Iterator[ListedManifest]:
        """Yield the versions after a number among the objects of one name, by number."""
        found = {
            int(match[2]): item
            for item in items
            if item.size and (match := VERSION_KEY.fullmatch(item.key)) and int(match[2]) > after
        }
        for number, item in sorted(found.items(), key=lambda pair: pair[0]):
            name = item.key[len(self._folder) :].partition("/")[0]
            yield ListedManifest(place(VersionId(name, number)), item.key, item.etag)

    def _walk(self, name: str, number: int) -> Iterator[ListedManifest]:
        """Yield the versions of a name after a number: numbers have no gaps, so they need not be listed."""
        deleted = set(self._deleted(name))
        while True:
            last = last_taken(self._objects, self._workspace, name, number, number + SPAN)
            for version in (n for n in range(number + 1, last + 1) if n not in deleted):
                key = manifest_key(self._workspace, name, version)
                yield ListedManifest(place(VersionId(name, version)), key, None)
            if last < number + SPAN:
                return
            number = last


def place(version: VersionId) -> str:
    """Return the place of a version. Places sort by name as the bucket does, then by number."""
    return f"{version.name}/{version.number:0{DIGITS}d}"


def version_at(place: str) -> VersionId:
    """Return the version at a place."""
    name, _, number = place.rpartition("/")
    return VersionId(name, int(number))
