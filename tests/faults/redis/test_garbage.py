"""What somebody put into Redis is read from the bucket instead, and replaced."""

import pytest
from redis import Redis

from core.jobs.commands import IngestCommand
from core.jobs.service import new_job
from core.storage.cache import CachedObjects, Counters
from core.storage.job_repository import JobProgress
from core.storage.redis.keys import cache_counts_key, cached_object_key, document_key, job_progress_key
from core.storage.redis.redis_client import (
    RedisClient,
)
from tests.support.redis_documents import KEY, NAME, MemoryStore, Process

GARBAGE = [b"", b"\n", b"{}", b"not ours", b'{"version": 9}', b"9999999999.000000 9999999999.000000\n" + bytes(40)]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_in_place_of_a_document_is_replaced(
    process: Process, store: MemoryStore, redis: Redis, garbage: bytes
) -> None:
    store.bodies[KEY] = b'{"version": 1}'
    redis.set(NAME, garbage)
    assert process().read(KEY) == {"version": 1}
    assert process().read(KEY) == {"version": 1}
    assert store.reads == 1


def test_an_entry_of_another_key_or_type_is_not_believed(process: Process, store: MemoryStore, redis: Redis) -> None:
    store.bodies[KEY] = b'{"version": 1}'
    process().write("other", {"version": 9})
    redis.set(NAME, redis.get(document_key("other")) or b"")
    assert process().read(KEY) == {"version": 1}
    redis.delete(NAME)
    redis.lpush(NAME, "a list")
    assert process().read(KEY) == {"version": 1}
    assert process().read(KEY) == {"version": 1}
    assert store.reads == 2


@pytest.mark.parametrize("garbage", [*GARBAGE, b"\x00" * 64])
def test_garbage_in_place_of_an_object_is_replaced(
    store: MemoryStore, redis: Redis, redis_port: int, garbage: bytes
) -> None:
    shared = RedisClient(f"redis://127.0.0.1:{redis_port}/0")
    cached = CachedObjects(store, shared, Counters(shared), entry_bytes=100, ttl_seconds=60)
    store.bodies["key"] = b"body"
    redis.set(cached_object_key("key"), garbage)
    assert cached.read("key") == b"body"
    assert cached.read("key") == b"body"
    assert store.reads == 1


def test_garbage_in_progress_and_counts_is_left_out(redis: Redis, redis_port: int) -> None:
    shared = RedisClient(f"redis://127.0.0.1:{redis_port}/0")
    job = new_job("0" * 20, IngestCommand(file_id="0" * 20, filename="a.csv"))
    job = job.model_copy(update={"status": "running", "owner": "me"})
    redis.hset(cache_counts_key(), "memory", "many")
    assert Counters(shared).read()["memory"] == {"hits": 0, "misses": 0}
    for garbage in (b"{", b"[1]", b'{"owner": "me", "stage": 3}', b"\xff"):
        redis.set(job_progress_key("default", job.job_id), garbage)
        assert JobProgress("default", shared).with_progress(job) == job
