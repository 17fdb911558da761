"""The index of manifests: a Redis hash for each workspace and kind, always checked against a listing of the bucket."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from core.context_threads import run_in_threads
from core.storage.redis.bounded_reads import read_fields, scan_fields
from core.storage.redis.keys import manifest_index_key
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_metadata import ObjectSummary
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.storage.signing import Subject, authenticate, is_authentic

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")

MANIFEST = "manifest.json"

# Redis weighs so many entries of a hash to say how many bytes all of them take.
SAMPLES = 20
# How many manifests are fetched at a time where Redis does not have them.
FETCHERS = 16
# A longer entry is read from the bucket each time.
ENTRY_BYTES = 4 << 20
# How many entries one command reads.
READ_TOGETHER = 500
# An audit reads manifests of so many bytes at a time, or one that is longer.
PAGE_BYTES = 8 << 20


@dataclass(frozen=True)
class AuditPage:
    """Some of the manifests in the bucket, and the entries of Redis that differ from them."""

    # By key a dictionary of `etag` and `manifest`.
    stored: dict[str, dict[str, Any]]
    # Keys of manifests that cannot be read.
    damaged: list[str]
    # By key how an entry of Redis is wrong: `deleted`, `missing` or `different`.
    wrong: dict[str, str]
    # When the last of the manifests was written, by the bucket's clock (seconds since 1970).
    newest: float = 0.0

    @property
    def manifests(self) -> list[dict[str, Any]]:
        """Return the manifests that can be read."""
        return [entry["manifest"] for entry in self.stored.values()]


class ManifestIndex:
    """Every manifest below a prefix, fetched once and kept in Redis under the ETag it was read with.

    A listing of the bucket says which manifests there are and their ETags; Redis only saves fetching them again. So
    an index that is missing, stale or wrong (Redis lost, restarted or cut off in the middle of a write) mends itself
    on the next read and never shows in an answer.
    """

    def __init__(
        self,
        workspace: str,
        objects: ObjectStore,
        redis: RedisClient,
        kind: str,
        ending: str = f"/{MANIFEST}",
        most_bytes: Callable[[], int | None] = lambda: None,
    ) -> None:
        """Index the manifests in the folder `kind` (`datasets`, `models` or `jobs`) whose keys end with `ending`.

        Nothing is added to what Redis has while that takes more than `most_bytes()`; None is no limit.
        """
        self._workspace = workspace
        self._objects = objects
        self._redis = redis
        self._kind = kind
        self._ending = ending
        self._most_bytes = most_bytes

    def manifests(self) -> list[dict[str, Any]]:
        """Return the manifests of the workspace, in key order."""
        return list(self.read(self.listed()).values())

    def listed(self, below: str = "") -> dict[str, str]:
        """Return the ETag of every manifest, by key and in key order; only of those below the folder `below`, if given.

        An empty manifest does not count: it only reserves its key, so that no other version gets it.
        """
        return {item.key: item.etag for item in self._items(below)}

    def _items(self, below: str = "") -> Iterator[ObjectSummary]:
        found = self._objects.list(f"{self._workspace}/{self._kind}/{below}")
        return (item for item in found if item.key.endswith(self._ending) and item.size)

    def read(self, listed: Mapping[str, str | None]) -> dict[str, dict[str, Any]]:
        """Return the manifests of these keys with these ETags, without those that were deleted since or are damaged.

        An ETag of None stands for whatever the manifest has: it is one that never changes.
        """
        keys = list(listed)
        indexed: list[bytes | None] = []
        if keys:
            indexed = self._run(lambda client: self._read_fields(client, keys), [])
        known = {
            key: entry for key, stored in zip(keys, indexed, strict=False) if (entry := self._read_entry(key, stored))
        }
        fresh = {key: entry for key, entry in known.items() if listed[key] in (None, entry["etag"])}
        fetched = self.fetch(key for key in keys if key not in fresh)
        self._remember(fetched)
        fresh |= fetched
        return {key: fresh[key]["manifest"] for key in keys if key in fresh}

    def fetch(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Read these manifests from the bucket itself; return by key the `etag` and the `manifest` of each that is."""
        wanted = list(keys)
        fetched = zip(wanted, run_in_threads(self._fetch, wanted, FETCHERS), strict=True)
        return {key: entry for key, entry in fetched if entry is not None}

    def add(self, key: str, etag: str, manifest: dict[str, Any]) -> None:
        """Add a manifest that was just written. Every write ends with this."""
        self._remember({key: {"etag": etag, "manifest": manifest}})

    def drop(self, key: str) -> None:
        """Remove a manifest that was just deleted."""
        self._run(lambda client: client.hdel(self._redis_key(), _encode(key)), None)

    def audit(self, since: float = 0.0) -> Iterator[AuditPage]:
        """Read the manifests from the bucket itself, page by page in key order, and compare Redis with them.

        The last pages have the entries of Redis without a manifest. With `since`, only manifests are read that were
        written then or later, by the bucket's clock, and none is compared. Nothing is changed.
        """
        digests: set[int] = set()
        for items in _pages(item for item in self._items() if item.modified >= since):
            keys = [item.key for item in items]
            stored = self.fetch(keys)
            damaged = [key for key in keys if key not in stored and self._is_there(key)]
            digests.update(map(hash, keys))
            wrong = {} if since else self._wrong(stored)
            yield AuditPage(stored, damaged, wrong, max(item.modified for item in items))
        if not since:
            for names in self._strangers(digests):
                yield AuditPage({}, [], dict.fromkeys(names, "deleted"))

    def _is_there(self, key: str) -> bool:
        """Return whether a manifest that could not be read has not been deleted meanwhile."""
        return any(item.key == key and item.size for item in self._objects.list(key))

    def _wrong(self, stored: Mapping[str, dict[str, Any]]) -> dict[str, str]:
        """Return by key how the entries of these manifests are wrong; nothing where Redis does not answer."""
        found: list[bytes | None] = self._run(lambda client: self._read_fields(client, list(stored)), [])
        return {
            key: "missing" if entry is None else "different"
            for (key, manifest), entry in zip(stored.items(), found, strict=False)
            if self._read_entry(key, entry) != manifest
        }

    def _strangers(self, digests: Set[int]) -> Iterator[list[str]]:
        """Yield the keys of entries whose `hash` is not among these; nothing where Redis does not answer.

        A hash in Redis that is far larger than what is stored is not ours, and is removed.
        """
        if (self.size() or 0) > 2 * len(digests) + READ_TOGETHER:
            self._run(lambda client: client.delete(self._redis_key()), None)
        place: bytes | None = b"0"
        while place is not None:
            scanned: tuple[bytes, list[bytes]] | None = self._run(self._scan(place), None)
            next_place, names = (b"0", []) if scanned is None else scanned
            yield [key for name in names if hash(key := _decode(name)) not in digests]
            place = next_place if next_place != b"0" else None

    def _scan(self, place: bytes) -> Callable[["Redis"], tuple[bytes, list[bytes]]]:
        return lambda client: scan_fields(client, self._redis_key(), place, READ_TOGETHER)

    def mend(self) -> None:
        """Copy the manifests whose entries in Redis are wrong to it, and drop the entries without a manifest."""
        for page in self.audit():
            self._remember({key: page.stored[key] for key in page.wrong if key in page.stored})
            for key in page.wrong:
                if key not in page.stored:
                    self.drop(key)

    def size(self) -> int | None:
        """Return how many manifests Redis holds of the workspace, or None when it does not answer."""
        size: int | None = self._run(lambda client: client.hlen(self._redis_key()), None)
        return size

    def _fetch(self, key: str) -> dict[str, Any] | None:
        try:
            body, etag = self._objects.get_with_etag(key)
            manifest = json.loads(body)
        except (MissingObjectError, ValueError, RecursionError):
            # It was deleted since the listing, or is damaged. One bad manifest does not hide the others.
            return None
        return {"etag": etag, "manifest": manifest} if isinstance(manifest, dict) else None

    def _remember(self, entries: Mapping[str, dict[str, Any]]) -> None:
        if entries:
            mapping: Any = {_encode(key): self._write_entry(key, entry) for key, entry in entries.items()}
            small = {key: entry for key, entry in mapping.items() if len(entry) <= ENTRY_BYTES}
            most, name = self._most_bytes(), self._redis_key()

            def add(client: "Redis") -> None:
                if most is None or (client.memory_usage(name, SAMPLES) or 0) <= most:
                    client.hset(name, mapping=small)

            if small:
                self._run(add, None)

    def _run(self, command: Callable[["Redis"], Any], default: T) -> T | Any:
        return self._redis.run_on(self._redis_key(), command, default)

    def _read_fields(self, client: "Redis", keys: Sequence[str]) -> list[bytes | None]:
        """Return the entries of these keys, a few hundred at a time, because other commands wait meanwhile."""
        batches = (keys[start : start + READ_TOGETHER] for start in range(0, len(keys), READ_TOGETHER))
        return [
            entry
            for batch in batches
            for entry in read_fields(client, self._redis_key(), [_encode(key) for key in batch], ENTRY_BYTES)
        ]

    def _write_entry(self, key: str, entry: Mapping[str, Any]) -> str:
        """Return an entry as Redis stores it: with a code, which shows what another wrote or what was cut off."""
        return json.dumps({**entry, "digest": authenticate(self._subject(key), _content(entry))})

    def _read_entry(self, key: str, stored: bytes | None) -> dict[str, Any] | None:
        """Return an entry of Redis, or None for what is none: it is read from the bucket then, and written anew."""
        try:
            entry = json.loads(stored or b"")
            code = entry.pop("digest")
            is_entry = isinstance(entry["etag"], str) and isinstance(entry["manifest"], dict) and isinstance(code, str)
            return entry if is_entry and is_authentic(code, self._subject(key), _content(entry)) else None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def _subject(self, key: str) -> Subject:
        return Subject("index", self._workspace, key)

    def _redis_key(self) -> str:
        return manifest_index_key(self._workspace, self._kind)


def _pages(items: Iterable[ObjectSummary]) -> Iterator[list[ObjectSummary]]:
    """Yield the items in lists that one command reads, of `PAGE_BYTES` at most unless one item has more."""
    page: list[ObjectSummary] = []
    size = 0
    for item in items:
        if page and (len(page) == READ_TOGETHER or size + item.size > PAGE_BYTES):
            yield page
            page, size = [], 0
        page.append(item)
        size += item.size
    if page:
        yield page


def _content(entry: Mapping[str, Any]) -> bytes:
    return json.dumps([entry["etag"], entry["manifest"]]).encode("utf-8", "surrogatepass")


def _decode(key: bytes) -> str:
    """Return a key of Redis as a text, whatever its bytes are; `_encode` returns them."""
    return key.decode("utf-8", "surrogateescape")


def _encode(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape")
