"""Whatever stands in the index in Redis, lists show what the bucket has, and the entry is mended."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import ObjectStore
from tests.support.redis_process import running_redis
from tests.support.storage import Repositories, add_dataset, dataset_manifest

FILE_ID = "0198c0ffee1"
KEY = f"default/datasets/{FILE_ID}/manifest.json"
NAME = "regatta:default:datasets"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[Redis, str]]:
    with running_redis(tmp_path) as (_, port):
        url = f"redis://127.0.0.1:{port}/0"
        with Redis.from_url(url) as client:
            yield client, url


def forged(entry: dict[str, Any]) -> list[bytes]:
    """Entries that are none, and entries that are not this one."""
    other = {**entry, "manifest": {**entry["manifest"], "rows": 999_999}}
    garbage = [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"7",
        b'"text"',
        b"null",
        b'{"etag": 1}',
        b'{"etag": "x", "manifest": []}',
    ]
    return [*garbage, json.dumps(other).encode(), json.dumps({**other, "digest": None}).encode()]


def test_garbage_in_the_index_is_mended_by_a_list_and_by_the_janitor(
    bucket: ObjectStore, redis: tuple[Redis, str]
) -> None:
    client, url = redis
    add_dataset(Repositories(bucket, RedisClient(url)).datasets, dataset_manifest(FILE_ID), {})
    right = client.hget(NAME, KEY)
    assert right is not None
    for garbage in forged(json.loads(right)):
        client.hset(NAME, mapping={KEY: garbage, b"\xff no key": garbage})
        fresh = Repositories(bucket, RedisClient(url))
        assert fresh.datasets.page(10)[0] == [dataset_manifest(FILE_ID).summary()], garbage
        assert client.hget(NAME, KEY) == right
        client.hset(NAME, KEY, garbage)
        index = fresh.index["datasets"]
        wrong = [how for page in index.audit() for how in page.wrong.values()]
        assert sorted(wrong) == ["deleted", "different"], garbage
        index.mend()
        assert client.hgetall(NAME) == {KEY.encode(): right}


def test_a_value_of_another_type_in_the_place_of_the_index_is_replaced(
    bucket: ObjectStore, redis: tuple[Redis, str]
) -> None:
    client, url = redis
    repositories = Repositories(bucket, RedisClient(url))
    add_dataset(repositories.datasets, dataset_manifest(FILE_ID), {})
    client.delete(NAME)
    client.set(NAME, b"text")
    assert len(repositories.datasets.page(10)[0]) == 1
    assert client.hexists(NAME, KEY)
