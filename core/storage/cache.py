"""Caches of objects that never change: decoded values in process memory, bytes in Redis."""

import re
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeGuard, TypeVar

from core.storage.quota_repository import KnownQuotas
from core.storage.redis.bounded_reads import read_fields, read_value
from core.storage.redis.entries import CODE_BYTES, pack, unpack
from core.storage.redis.keys import cache_counts_key, cached_object_key
from core.storage.redis.redis_client import RedisClient
from core.storage.redis.shares import RedisShares, workspace_of
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.telemetry.facts import note_level
from core.telemetry.metrics import count

if TYPE_CHECKING:
    from redis import Redis

V = TypeVar("V")

STATS_FLUSH_SECONDS = 1.0
LEVELS = ("memory", "redis", "storage")
# Hits are counted under the name of the level, misses under the name with this suffix.
MISSED = ":missed"
# A count of more digits is none of ours.
COUNT_DIGITS = 18


class Counters:
    """Hits and misses of each level, counted in the process and added to Redis at most once a second."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._pending: dict[str, int] = {}
        self._flushed_at = 0.0
        self._lock = threading.Lock()

    def add(self, level: str, *, hit: bool = True) -> None:
        """Count one lookup in `memory`, `redis` or `storage` as a hit or a miss."""
        count("cache_lookups", level, "hit" if hit else "miss")
        if hit:
            note_level(level)
        counted = level if hit else level + MISSED
        with self._lock:
            self._pending[counted] = self._pending.get(counted, 0) + 1
            if time.monotonic() - self._flushed_at < STATS_FLUSH_SECONDS:
                return
            self._flushed_at = time.monotonic()
        self.flush()

    def flush(self) -> None:
        """Add the counts to Redis. They are lost when Redis is down, since nothing depends on them."""
        with self._lock:
            counted, self._pending = self._pending, {}

        def send(client: "Redis") -> None:
            from redis.exceptions import ResponseError

            pipeline = client.pipeline(transaction=False)
            for name, times in counted.items():
                pipeline.hincrby(cache_counts_key(), name, times)
            answers = pipeline.execute(raise_on_error=False)
            if any(isinstance(answer, ResponseError) for answer in answers):  # these are no counts of ours
                client.delete(cache_counts_key())

        if counted:
            self._redis.run(send, None)

    def read(self) -> dict[str, dict[str, int]]:
        """Return `hits` and `misses` of each level over all processes since Redis started; nothing without Redis."""
        self.flush()
        names = [level + ending for level in LEVELS for ending in ("", MISSED)]
        key = cache_counts_key()

        def read_counts(client: "Redis") -> dict[str, int]:
            stored = read_fields(client, key, names, COUNT_DIGITS)
            counted = {name: int(count) for name, count in zip(names, stored, strict=True) if _is_count(count)}
            if client.hlen(key) != len(counted):  # something in it is no count of ours
                client.delete(key)
            return counted

        counted: dict[str, int] | None = self._redis.run_on(key, read_counts, None)
        if counted is None:
            return {}
        return {level: {"hits": counted.get(level, 0), "misses": counted.get(level + MISSED, 0)} for level in LEVELS}


class MemoryCache(Generic[V]):
    """A cache of decoded values of one kind, bounded by count, bytes and idle time.

    A key begins with the name of a workspace and a slash. Where there is no more room, the least recently used value of
    the workspace that has most goes first: so what a workspace uses takes nothing from one that uses less than its
    even share.
    """

    def __init__(self, counters: Counters, *, items: int, max_bytes: int, idle_seconds: float) -> None:
        """Bound the cache by `items` and by `max_bytes`; a value larger than `max_bytes` is not kept."""
        self._counters = counters
        self._items = items
        self._max_bytes = max_bytes
        self._idle_seconds = idle_seconds
        self._entries: OrderedDict[str, tuple[V, int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, *, count_miss: bool = True) -> V | None:
        """Return the value, or None when it is not cached or was idle too long.

        A caller that looks again before it makes the value counts the miss only then.
        """
        now = time.monotonic()
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is not None and now - entry[2] > self._idle_seconds:
                entry = None
            if entry is not None:
                self._entries[key] = (entry[0], entry[1], now)
        if count_miss or entry is not None:
            self._counters.add("memory", hit=entry is not None)
        return None if entry is None else entry[0]

    def put(self, key: str, value: V, size: int, most_items: int | None = None) -> None:
        """Cache `value` of `size` bytes and evict what no longer fits.

        `most_items` is how many values the workspace of the key may have.
        """
        if size > self._max_bytes:
            return
        now = time.monotonic()
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = (value, size, now)
            if most_items is not None:
                own = [k for k in self._entries if workspace_of(k) == workspace_of(key)]
                for surplus in own[: max(0, len(own) - most_items)]:
                    del self._entries[surplus]
            while len(self._entries) > self._items:
                self._evict(lambda _: 1)
            while self._bytes() > self._max_bytes:
                self._evict(lambda entry_bytes: entry_bytes)
            for idle in [k for k, entry in self._entries.items() if now - entry[2] > self._idle_seconds]:
                del self._entries[idle]

    @property
    def count(self) -> int:
        """Return how many values are cached."""
        return len(self._entries)

    def drop(self, key: str) -> None:
        """Evict the value."""
        with self._lock:
            self._entries.pop(key, None)

    def _evict(self, weight: Callable[[int], int]) -> None:
        """Evict the least recently used value of the workspace whose values weigh most, by their bytes."""
        weights: Counter[str] = Counter()
        for key, (_, size, _) in self._entries.items():
            weights[workspace_of(key)] += weight(size)
        heaviest = max(weights, key=weights.__getitem__)
        del self._entries[next(key for key in self._entries if workspace_of(key) == heaviest)]

    def _bytes(self) -> int:
        return sum(size for _, size, _ in self._entries.values())


class CachedObjects:
    """Objects that never change, read from Redis when they are there, else from the object store."""

    def __init__(
        self,
        objects: ObjectStore,
        redis: RedisClient,
        counters: Counters,
        *,
        entry_bytes: int,
        ttl_seconds: int,
        quotas: KnownQuotas | None = None,
    ) -> None:
        """Keep entries of up to `entry_bytes` in Redis for `ttl_seconds` after they were last read.

        `quotas` say how many bytes of a workspace.
        """
        self._objects = objects
        self._redis = redis
        self._counters = counters
        self._entry_bytes = entry_bytes
        self._ttl = ttl_seconds
        self._quotas = quotas
        self._shares = RedisShares(redis, ttl_seconds)

    def read(self, key: str) -> bytes:
        """Return the object's bytes; raises `MissingObjectError` or `UnavailableError`.

        An entry that is not what was stored under this key is replaced.
        """
        name = cached_object_key(key)
        most = self._entry_bytes + CODE_BYTES

        def read(client: "Redis") -> bytes | None:
            return read_value(client, name, most, renew_seconds=self._ttl)

        cached = unpack(name, self._redis.run_on(name, read, None))
        if cached is not None:
            self._counters.add("redis")
            if self._quotas is not None and self._quotas.recall(workspace_of(key)).redis_bytes is not None:
                self._shares.read(key, len(cached))
            return cached
        if self._redis.configured:
            self._counters.add("redis", hit=False)
        try:
            body = self._objects.get(key)
        except MissingObjectError:
            self._counters.add("storage", hit=False)
            raise
        self._counters.add("storage")
        if self._redis.configured and len(body) <= self._entry_bytes:
            self._store(key, body)
        return body

    def _store(self, key: str, body: bytes) -> None:
        """Store an object in Redis, within the share of its workspace."""
        name = cached_object_key(key)
        share = None if self._quotas is None else self._quotas.ask(workspace_of(key)).redis_bytes
        if share is not None and len(body) > share:
            return
        self._redis.store(name, lambda client: client.set(name, pack(name, body), ex=self._ttl))
        if share is not None:
            self._shares.stored(key, len(body), share)

    def forget(self, keys: list[str]) -> None:
        """Remove these objects from Redis, because they were deleted."""
        self._shares.drop(keys)


def _is_count(stored: bytes | None) -> TypeGuard[bytes]:
    return stored is not None and re.fullmatch(rb"[0-9]+", stored) is not None
