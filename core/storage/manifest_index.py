"""The index of manifests: a Redis hash for each workspace and kind, always checked against a listing of the bucket."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from core.context_threads import ContextThreadPool
from core.storage.redis.bounded_reads import read_fields
from core.storage.redis.keys import manifest_index_key
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.storage.signing import Subject, authenticate, is_authentic

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")

MANIFEST = "manifest.json"

# How many manifests are fetched at a time where Redis does not have them.
FETCHERS = 16
# A longer entry is read from the bucket each time.
ENTRY_BYTES = 4 << 20
# How many entries one command reads.
READ_TOGETHER = 500


@dataclass(frozen=True)
class Audit:
    """The manifests in the bucket, and the entries of Redis that differ from them."""

    # By key a dictionary of `etag` and `manifest`.
    stored: dict[str, dict[str, Any]]
    # Keys of manifests that cannot be read.
    damaged: list[str]
    # By key how an entry of Redis is wrong: `deleted`, `missing` or `different`.
    wrong: dict[str, str]

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
        self, workspace: str, objects: ObjectStore, redis: RedisClient, kind: str, ending: str = f"/{MANIFEST}"
    ) -> None:
        """Index the manifests in the folder `kind` (`datasets`, `models` or `jobs`) whose keys end with `ending`."""
        self._workspace = workspace
        self._objects = objects
        self._redis = redis
        self._kind = kind
        self._ending = ending

    def manifests(self) -> list[dict[str, Any]]:
        """Return the manifests of the workspace, in key order."""
        return list(self.read(self.listed()).values())

    def listed(self, below: str = "") -> dict[str, str]:
        """Return the ETag of every manifest, by key and in key order; only of those below the folder `below`, if given.

        An empty manifest does not count: it only reserves its key, so that no other version gets it.
        """
        found = self._objects.list(f"{self._workspace}/{self._kind}/{below}")
        return {item.key: item.etag for item in found if item.key.endswith(self._ending) and item.size}

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
        if not wanted:
            return {}
        with ContextThreadPool(min(FETCHERS, len(wanted))) as fetchers:
            fetched = zip(wanted, fetchers.map(self._fetch, wanted), strict=True)
            return {key: entry for key, entry in fetched if entry is not None}

    def add(self, key: str, etag: str, manifest: dict[str, Any]) -> None:
        """Add a manifest that was just written. Every write ends with this."""
        self._remember({key: {"etag": etag, "manifest": manifest}})

    def drop(self, key: str) -> None:
        """Remove a manifest that was just deleted."""
        self._run(lambda client: client.hdel(self._redis_key(), _encode(key)), None)

    def audit(self, before: Audit | None = None) -> Audit:
        """Read the manifests of the bucket itself and compare Redis with them; changes nothing.

        Manifests that have not changed since the audit `before` are not read again.
        """
        listed = self.listed()
        known = {} if before is None else before.stored
        stored = {key: known[key] for key, etag in listed.items() if key in known and known[key]["etag"] == etag}
        stored |= self.fetch(key for key in listed if key not in stored)
        left = self.listed() if len(stored) < len(listed) else {}
        return Audit(stored, [key for key in listed if key not in stored and key in left], self._wrong(stored))

    def _wrong(self, stored: Mapping[str, dict[str, Any]]) -> dict[str, str]:
        """Return by key how an entry of Redis is wrong; nothing where Redis does not answer."""
        found: dict[bytes, bytes | None] | None = self._run(lambda client: self._read_all(client, len(stored)), None)
        if found is None:
            return {}
        indexed = {(key := _decode(name)): self._read_entry(key, entry) for name, entry in found.items()}
        gone = {key: "deleted" for key in indexed if key not in stored}
        absent = {key: "missing" for key in stored if key not in indexed}
        other = {key: "different" for key in stored if indexed.get(key, stored[key]) != stored[key]}
        return {**gone, **absent, **other}

    def mend(self, keys: Iterable[str]) -> None:
        """Copy these manifests from the bucket to Redis."""
        for key in keys:
            entry = self._fetch(key)
            if entry is None:
                self.drop(key)
            else:
                self._remember({key: entry})

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
            if small:
                self._run(lambda client: client.hset(self._redis_key(), mapping=small), None)

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

    def _read_all(self, client: "Redis", stored: int) -> dict[bytes, bytes | None]:
        """Return every entry; a hash that is far larger than what is stored is not ours, and is removed."""
        if client.hlen(self._redis_key()) > 2 * stored + READ_TOGETHER:
            client.delete(self._redis_key())
        names: Any = client.hkeys(self._redis_key())
        return dict(zip(names, self._read_fields(client, [_decode(name) for name in names]), strict=True))

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


def _content(entry: Mapping[str, Any]) -> bytes:
    return json.dumps([entry["etag"], entry["manifest"]]).encode("utf-8", "surrogatepass")


def _decode(key: bytes) -> str:
    """Return a key of Redis as a text, whatever its bytes are; `_encode` returns them."""
    return key.decode("utf-8", "surrogateescape")


def _encode(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape")
