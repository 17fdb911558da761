"""The rows of a list in the bucket: segments of up to 1,000 rows in the list's order, and a directory of them.

    {workspace}/index/{kind}/directory.json          which segments there are, with their first and last places
    {workspace}/index/{kind}/segments/{digest}.json  the rows of one segment; never changed, named by its SHA-256

They are copies that save reading manifests one by one: each row has the ETag of the manifest that it was made from, and
is used for that manifest only. So they may be missing, old or damaged.
"""

import hashlib
import json
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from threading import Lock
from typing import Literal, NamedTuple

from pydantic import Field, ValidationError

from core.errors import NewerFormatError
from core.storage.cache import CachedObjects
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.stored_document import Document, FormattedDocument
from core.types import Json

SEGMENT_ROWS = 1000
# How many segments, of some hundred kilobytes each, a process keeps in memory.
SEGMENTS_KEPT = 8
# How long a process uses the directory that it has read. An older one only lacks the newest rows.
DIRECTORY_SECONDS = 30.0


class ListedManifest(NamedTuple):
    """A manifest that is in the bucket; an ETag of None is that of one that never changes."""

    # The places of a list's manifests sort as the list does.
    place: str
    key: str
    etag: str | None


class IndexedRow(NamedTuple):
    """What a list shows of one manifest, made when that had this ETag."""

    place: str
    key: str
    etag: str
    row: Json


class Segment(Document):
    """One segment as the directory has it."""

    digest: str
    first: str
    last: str
    rows: int


class Directory(FormattedDocument):
    """The segments of one list, in order; no two overlap."""

    format: Literal[1] = 1
    segments: list[Segment] = Field(default_factory=list)


class Segments:
    """The segments of one list."""

    def __init__(self, workspace: str, kind: str, objects: ObjectStore, cached_objects: CachedObjects) -> None:
        self._folder = f"{workspace}/index/{kind}/"
        self._objects = objects
        self._cached_objects = cached_objects
        self._directory: tuple[Directory, float] | None = None
        self._loaded: OrderedDict[str, dict[str, IndexedRow]] = OrderedDict()
        self._lock = Lock()

    def find(self, listed: Sequence[ListedManifest]) -> dict[str, Json]:
        """Return by key the rows that were made of these manifests as they are now."""
        segments = self._known_directory().segments
        lasts = [segment.last for segment in segments]
        found: dict[str, Json] = {}
        for one in listed:
            position = bisect_left(lasts, one.place)
            if position < len(segments) and segments[position].first <= one.place:
                row = self._rows(segments[position]).get(one.key)
                if row is not None and one.etag in (None, row.etag):
                    found[one.key] = row.row
        return found

    def directory(self) -> tuple[Directory, str]:
        """Return the directory as the bucket has it, and its ETag: an empty one, and "", where there is none.

        A damaged one counts as none. Raises `NewerFormatError`.
        """
        try:
            body, etag = self._objects.get_with_etag(self._folder + "directory.json")
        except MissingObjectError:
            return Directory(), ""
        try:
            return Directory.model_validate_json(body), etag
        except ValidationError:
            return Directory(), etag

    def publish(self, segments: Sequence[Segment], etag: str) -> str | None:
        """Replace the directory that has this ETag; return the new ETag, None where another was published since."""
        directory, key = Directory(segments=list(segments)), self._folder + "directory.json"
        body = directory.model_dump_json().encode()
        published = self._objects.replace(key, body, etag) if etag else self._objects.create(key, body)
        self._directory = (directory, time.monotonic()) if published else None
        return published

    def store(self, rows: Sequence[IndexedRow]) -> Segment:
        """Store rows, which are in order, as a segment."""
        body = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
        digest = hashlib.sha256(body).hexdigest()
        self._objects.put(self._key(digest), body, "application/json")
        return Segment(digest=digest, first=rows[0].place, last=rows[-1].place, rows=len(rows))

    def read(self, segment: Segment) -> list[IndexedRow]:
        """Return the rows of a segment from the bucket itself; none where it is missing or not what was stored."""
        try:
            return _parse(self._objects.get(self._key(segment.digest)), segment) or []
        except MissingObjectError:
            return []

    def discard(self, segments: Iterable[Segment]) -> None:
        """Delete segments that no directory names any more."""
        self.delete(self._key(segment.digest) for segment in segments)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete segments by their keys."""
        doomed = list(keys)
        self._objects.delete(doomed)
        self._cached_objects.forget(doomed)

    def unnamed(self, directory: Directory, before: float) -> Iterator[str]:
        """Yield the keys of segments that were stored before a time, and that the directory does not name."""
        named = {self._key(segment.digest) for segment in directory.segments}
        for item in self._objects.list(f"{self._folder}segments/"):
            if item.key not in named and item.modified < before:
                yield item.key

    def _known_directory(self) -> Directory:
        known = self._directory
        if known is None or time.monotonic() - known[1] > DIRECTORY_SECONDS:
            directory = Directory()
            with suppress(NewerFormatError):  # of a newer version; its rows are read one by one
                directory, _ = self.directory()
            self._directory = known = directory, time.monotonic()
        return known[0]

    def _rows(self, segment: Segment) -> dict[str, IndexedRow]:
        """Return the rows of a segment by key, from memory or Redis where they are there."""
        with self._lock:
            rows = self._loaded.get(segment.digest)
            if rows is not None:
                self._loaded.move_to_end(segment.digest)
                return rows
        rows = {row.key: row for row in self._load(segment)}
        with self._lock:
            self._loaded[segment.digest] = rows
            while len(self._loaded) > SEGMENTS_KEPT:
                self._loaded.popitem(last=False)
        return rows

    def _load(self, segment: Segment) -> list[IndexedRow]:
        key = self._key(segment.digest)
        try:
            found = _parse(self._cached_objects.read(key), segment)
            if found is None:  # what Redis holds is not what was stored
                self._cached_objects.forget([key])
                found = _parse(self._objects.get(key), segment)
        except MissingObjectError:
            self._directory = None  # another one was published since
            found = None
        return found or []

    def _key(self, digest: str) -> str:
        return f"{self._folder}segments/{digest}.json"


def _parse(body: bytes, segment: Segment) -> list[IndexedRow] | None:
    """Return the rows of a segment, or None where the bytes are not those that were stored under this digest."""
    if hashlib.sha256(body).hexdigest() != segment.digest:
        return None
    try:
        rows = [IndexedRow(*row) for row in json.loads(body)]
    except (ValueError, TypeError, RecursionError):
        return None
    are_rows = all(isinstance(row.row, dict) and all(isinstance(one, str) for one in row[:3]) for row in rows)
    return rows if are_rows else None
