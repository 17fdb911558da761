"""A real Redis, and the documents of processes that share it."""

from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from core.storage.documents import Documents
from core.storage.redis.redis_client import (
    RedisClient,
)
from tests.support.redis_documents import Clock, MemoryStore
from tests.support.redis_process import running_redis


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running_redis(tmp_path_factory.mktemp("redis")) as (_, port):
        yield port


@pytest.fixture
def redis(redis_port: int) -> Iterator[Redis]:
    with Redis.from_url(f"redis://127.0.0.1:{redis_port}/0") as client:
        client.config_set("maxmemory", 0)
        client.flushall()
        yield client


@pytest.fixture
def process(
    store: MemoryStore, clock: Clock, redis_port: int, redis: Redis, patient_with_redis: None
) -> Callable[[], Documents]:
    """Make the documents of another process, which share the store, the clock and Redis."""
    return lambda: Documents(store, RedisClient(f"redis://127.0.0.1:{redis_port}/0"), clock)
