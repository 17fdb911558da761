"""The cache is bounded by count, bytes and idle time, and no answer depends on it."""

import pytest

from core.storage import cache
from core.storage.cache import CachedObjects, Counters, MemoryCache
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import MissingObjectError, ObjectStore


class Clock:
    """Stands in for the time module."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(cache, "time", made)
    return made


def memory(items: int = 3, max_bytes: int = 100, idle_seconds: float = 60) -> MemoryCache[str]:
    return MemoryCache(Counters(RedisClient(None)), items=items, max_bytes=max_bytes, idle_seconds=idle_seconds)


def kept(found: MemoryCache[str], keys: str = "abcdef") -> str:
    return "".join(key for key in keys if found.get(key) is not None)


def test_a_value_is_kept_and_may_be_dropped() -> None:
    values = memory()
    values.put("a", "A", 1)
    assert values.get("a") == "A"
    assert values.get("b") is None
    values.drop("a")
    values.drop("b")
    assert values.get("a") is None


def test_the_least_recently_used_goes_first() -> None:
    values = memory(items=3)
    for key in "abc":
        values.put(key, key, 1)
    values.get("a")
    values.put("d", "d", 1)
    assert kept(values) == "acd"


def test_putting_again_counts_as_use_and_replaces() -> None:
    values = memory(items=2)
    values.put("a", "old", 1)
    values.put("b", "b", 1)
    values.put("a", "new", 1)
    values.put("c", "c", 1)
    assert kept(values) == "ac"
    assert values.get("a") == "new"


def test_the_bytes_are_bounded_beside_the_count() -> None:
    values = memory(items=10, max_bytes=100)
    values.put("a", "a", 60)
    values.put("b", "b", 40)
    assert kept(values) == "ab"
    values.put("c", "c", 1)
    assert kept(values) == "bc"


def test_replacing_a_value_gives_its_bytes_back() -> None:
    values = memory(items=10, max_bytes=100)
    values.put("a", "a", 90)
    values.put("a", "a", 10)
    values.put("b", "b", 90)
    assert kept(values) == "ab"


def test_a_value_larger_than_everything_is_not_kept() -> None:
    values = memory(max_bytes=100)
    values.put("a", "a", 101)
    assert values.get("a") is None


def test_a_value_nobody_reads_is_let_go_and_one_in_use_is_not(clock: Clock) -> None:
    values = memory(idle_seconds=60)
    values.put("a", "a", 1)
    values.put("b", "b", 1)
    for _ in range(4):
        clock.now += 40
        assert values.get("a") == "a"
    assert values.get("b") is None


def test_an_idle_value_gives_its_memory_back_without_being_asked_for(clock: Clock) -> None:
    values = memory(idle_seconds=60)
    values.put("a", "a", 1)
    clock.now += 61
    values.put("b", "b", 1)
    assert list(values._entries) == ["b"]


def test_bytes_come_from_the_bucket_without_redis(bucket: ObjectStore) -> None:
    shared = RedisClient(None)
    cached = CachedObjects(bucket, shared, Counters(shared), entry_bytes=10, ttl_seconds=60)
    bucket.put("key", b"body")
    assert cached.read("key") == b"body"
    cached.forget(["key"])
    cached.forget([])
    bucket.delete(["key"])
    with pytest.raises(MissingObjectError):
        cached.read("key")


def test_counting_without_redis_is_harmless() -> None:
    counters = Counters(RedisClient(None))
    counters.add("memory")
    assert counters.read() == {}


def test_a_value_over_the_budget_does_not_flush_the_cache() -> None:
    cache: MemoryCache[str] = MemoryCache(Counters(RedisClient(None)), items=9, max_bytes=100, idle_seconds=60)
    cache.put("small", "kept", 50)
    cache.put("large", "too large", 101)
    assert cache.get("small") == "kept"


def test_the_workspace_that_has_most_makes_room() -> None:
    values = memory(items=4)
    values.put("quiet/a", "a", 1)
    for place in range(20):
        values.put(f"loud/{place}", str(place), 1)
    assert list(values._entries) == ["quiet/a", "loud/17", "loud/18", "loud/19"]


def test_the_bytes_of_a_workspace_push_out_its_own() -> None:
    values = memory(items=100, max_bytes=100)
    values.put("quiet/a", "a", 40)
    values.put("loud/a", "a", 50)
    values.put("loud/b", "b", 30)
    assert list(values._entries) == ["quiet/a", "loud/b"]


def test_a_workspace_keeps_as_many_values_as_its_quota_says() -> None:
    values = memory(items=100)
    values.put("other/a", "a", 1)
    for place in range(5):
        values.put(f"acme/{place}", str(place), 1, 2)
    assert list(values._entries) == ["other/a", "acme/3", "acme/4"]
    values.get("acme/3")
    values.put("acme/5", "5", 1, 2)
    assert list(values._entries) == ["other/a", "acme/3", "acme/5"]
    values.put("acme/6", "6", 1, 0)
    assert list(values._entries) == ["other/a"]
