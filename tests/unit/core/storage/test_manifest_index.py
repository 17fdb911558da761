"""The registry follows the bucket, whatever Redis says: here nothing, or what nobody listens to."""

import socket
import time

import pytest

from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import WORKSPACE, Repositories, add_dataset, dataset_manifest

IDS = ["0198c0ffee1", "0198c0ffee2", "0198c0ffee3"]


@pytest.fixture(params=["no Redis", "a dead Redis"])
def registry(bucket: ObjectStore, request: pytest.FixtureRequest) -> Repositories:
    if request.param == "no Redis":
        return Repositories(bucket)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return Repositories(bucket, RedisClient(f"redis://127.0.0.1:{port}"))


def test_it_shows_what_the_bucket_has_at_every_moment(registry: Repositories) -> None:
    def shown() -> list[str]:
        return [manifest["file_id"] for manifest in registry.index["datasets"].manifests()]

    assert shown() == []
    for file_id in reversed(IDS):
        add_dataset(registry.datasets, dataset_manifest(file_id), {})
    assert shown() == IDS
    registry.datasets.delete(IDS[1])
    assert shown() == [IDS[0], IDS[2]]
    changed = dataset_manifest(IDS[0], rows=99).model_dump_json().encode()
    registry.objects.put(f"{WORKSPACE}/datasets/{IDS[0]}/manifest.json", changed)
    assert registry.index["datasets"].manifests()[0]["rows"] == 99


def test_models_and_datasets_have_an_index_each(registry: Repositories) -> None:
    add_dataset(registry.datasets, dataset_manifest(IDS[0]), {})
    assert registry.index["models"].manifests() == []
    assert Repositories(registry.objects, registry.redis, "elsewhere").index["datasets"].manifests() == []


def test_its_size_is_unknown_without_redis(registry: Repositories) -> None:
    assert registry.index["datasets"].size() is None


def test_a_dead_redis_is_asked_once_and_then_left_alone(settled: None) -> None:
    with socket.socket() as silent:  # takes connections and never says a word
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        redis = RedisClient(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        assert redis.run(lambda client: client.get("key"), "default") == "default"
        start = time.monotonic()
        for _ in range(100):
            assert redis.run(lambda client: client.get("key"), "default") == "default"
        assert time.monotonic() - start < 60  # a time out for each would take longer
        redis._client.close()


def test_without_redis_there_is_nothing_to_ping() -> None:
    assert not RedisClient(None).ping()
    assert not RedisClient(None).configured
