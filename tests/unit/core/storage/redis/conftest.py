"""The functions over a bucket and a Redis of their own."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis import Redis

from core.storage.s3.object_store import ObjectStore
from tests.support.gateway import HandlerTransport
from tests.support.process_state import connect_container
from tests.support.redis_process import running_redis


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with running_redis(tmp_path) as (_, port), Redis.from_url(f"redis://127.0.0.1:{port}/0") as client:
        yield client


@pytest.fixture
def client(
    bucket: ObjectStore, redis: Redis, monkeypatch: pytest.MonkeyPatch, patient_with_redis: None
) -> Iterator[httpx.Client]:
    """The Lambda handlers over an emulated bucket and that Redis."""
    monkeypatch.setenv("REGATTA_REDIS_URL", f"redis://127.0.0.1:{redis.connection_pool.connection_kwargs['port']}/0")
    connect_container(bucket)
    with httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as handlers:
        yield handlers
