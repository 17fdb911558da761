"""Redis is an index and a cache: lost, wrong or gone, no answer changes."""

import json
import socket
import time
from pathlib import Path

import httpx
import pytest
from redis import Redis

from core.services.upkeep.janitor import clean_up
from core.storage.cache import Counters, MemoryCache
from core.storage.container import container
from core.storage.redis.redis_client import RedisClient
from tests.support.gateway import HandlerTransport
from tests.support.process_state import forget_singletons, process_environment
from tests.support.redis_process import running_redis
from tests.support.stack import Stack
from tests.support.workflow import gbk_csv, run_workflow


def handlers(**kwargs: object) -> httpx.Client:
    return httpx.Client(transport=HandlerTransport(), base_url="http://handlers", **kwargs)


def upload_and_train(client: httpx.Client, name: str) -> str:
    """The id of a fresh file, and under `name` a model of it."""
    uploaded = client.post("/data/upload", files={"file": ("flats.csv", gbk_csv())}).json()
    trained = client.post("/model/train", json={"model_type": "ridge", "target_column": "价格", "model_name": name})
    assert trained.status_code == 200, trained.text
    return uploaded["file_id"]


ROW = {"面积": 88.5, "城市": "上海", "房龄": 3}


def test_flushall_between_any_two_calls_changes_no_answer(stack: Stack) -> None:
    def flush(_: httpx.Request) -> None:
        with Redis.from_url(stack.env["REGATTA_REDIS_URL"]) as redis:
            redis.flushall()

    with process_environment(stack.env):
        with handlers() as client:
            undisturbed = run_workflow(client, "undisturbed")
        forget_singletons()
        with handlers(event_hooks={"request": [flush]}) as client:
            assert run_workflow(client, "flushed") == undisturbed


def test_a_stopped_redis_leaves_everything_answering(stack: Stack, tmp_path: Path) -> None:
    with running_redis(tmp_path) as (process, port):
        variables = {**stack.env, "REGATTA_REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        with process_environment(variables), handlers() as client:
            upload_and_train(client, "survivor")
            request = {"data": ROW, "model_name": "survivor"}
            before = client.post("/predict", json=request).json()
            assert client.get("/system/status").json()["redis"]["status"] == "up"
            process.kill()
            process.wait()
            assert client.post("/predict", json=request).json() == before
            forget_singletons()  # a fresh process: nothing in memory, no Redis, only the bucket
            assert client.post("/predict", json=request).json() == before
            status = client.get("/system/status")
            assert (status.status_code, status.json()["status"]) == (200, "degraded")
            assert status.json()["redis"]["status"] == "down"
            assert run_workflow(client, "without_redis")["random_forest"]["predict"]["prediction"] > 0


def test_an_outage_costs_one_time_out_and_not_one_a_call(stack: Stack) -> None:
    # An address that takes connections and never answers: the slowest way to be down.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        variables = {**stack.env, "REGATTA_REDIS_URL": f"redis://127.0.0.1:{silent.getsockname()[1]}/0"}
        with process_environment(variables), handlers() as client:
            upload_and_train(client, "patient")
            start = time.perf_counter()
            for _ in range(50):
                assert client.post("/predict", json={"data": ROW, "model_name": "patient"}).status_code == 200
            assert time.perf_counter() - start < 90  # a time out for each would take longer


@pytest.mark.usefixtures("patient_with_redis")
def test_a_wrong_index_mends_itself(stack: Stack) -> None:
    with process_environment(stack.env), handlers() as client:
        file_id = upload_and_train(client, "mended")
        listed = [client.get(path).json() for path in ("/data/files?limit=1000", "/model/trained?limit=1000")]
        with Redis.from_url(stack.env["REGATTA_REDIS_URL"]) as redis:
            for kind in ("datasets", "models"):
                name = f"regatta:default:{kind}"
                for key in redis.hkeys(name):
                    redis.hset(name, key, json.dumps({"etag": '"older"', "manifest": {"file_id": "wrong"}}))
                redis.hset(name, "default/datasets/ghost/manifest.json", json.dumps({"etag": "x", "manifest": {}}))
        assert [client.get(path).json() for path in ("/data/files?limit=1000", "/model/trained?limit=1000")] == listed
        assert file_id in {file["file_id"] for file in listed[0]["files"]}


@pytest.mark.parametrize("path", ["/data/files?limit=1000", "/model/trained?limit=1000"])
def test_a_write_that_redis_missed_is_found_by_the_next_listing(stack: Stack, path: str) -> None:
    with process_environment(stack.env), handlers() as client:
        client.get(path)
        without = {name: value for name, value in stack.env.items() if name != "REGATTA_REDIS_URL"}
        with process_environment(without), handlers() as cut_off:
            file_id = upload_and_train(cut_off, "missed")
        with process_environment(stack.env):
            assert (file_id if "files" in path else "missed") in client.get(path).text


@pytest.mark.usefixtures("patient_with_redis")
def test_the_index_knows_a_write_before_anybody_lists(stack: Stack) -> None:
    with process_environment(stack.env), handlers() as client:
        with Redis.from_url(stack.env["REGATTA_REDIS_URL"]) as redis:
            redis.flushall()
        file_id = upload_and_train(client, "entered")
        assert client.get("/system/status").json()["index"] == {"datasets": 1, "models": 1, "jobs": 0}
        client.delete(f"/data/files/{file_id}")
        assert client.get("/system/status").json()["index"] == {"datasets": 0, "models": 1, "jobs": 0}


@pytest.mark.usefixtures("patient_with_redis")
def test_the_janitor_mends_entries_that_are_not_what_the_bucket_has(stack: Stack) -> None:
    with process_environment(stack.env), handlers() as client, Redis.from_url(stack.env["REGATTA_REDIS_URL"]) as redis:
        list(clean_up(container()))  # tests before this one flushed entries of the shared stack
        file_id = upload_and_train(client, "audited")
        name, key = "regatta:default:datasets", f"default/datasets/{file_id}/manifest.json"
        entry = json.loads(redis.hget(name, key))
        damaged = {**entry, "manifest": {**entry["manifest"], "rows": 999_999}}
        redis.hset(name, mapping={key: json.dumps(damaged), "default/datasets/gone/manifest.json": json.dumps(entry)})
        assert "999999" not in client.get("/data/files?limit=1000").text
        assert json.loads(redis.hget(name, key)) == entry  # the list has mended it
        redis.hset(name, key, json.dumps(damaged))
        (tidied_index,) = [tidied for tidied in clean_up(container()) if tidied.what == "default/datasets in Redis"]
        assert (tidied_index.reason, tidied_index.outcome) == ("entries are wrong: 1 deleted, 1 different", "done")
        assert json.loads(redis.hget(name, key)) == entry
        assert not redis.hexists(name, "default/datasets/gone/manifest.json")
        assert "999999" not in client.get("/data/files?limit=1000").text


@pytest.mark.usefixtures("patient_with_redis")
def test_hits_and_misses_of_every_process_are_counted_together(tmp_path: Path) -> None:
    with running_redis(tmp_path) as (_, port):
        one, other = (Counters(RedisClient(f"redis://127.0.0.1:{port}")) for _ in range(2))
        memory: MemoryCache[str] = MemoryCache(one, items=2, max_bytes=100, idle_seconds=60)
        assert memory.get("a") is None
        memory.put("a", "kept", 1)
        assert memory.get("a") == memory.get("a") == "kept"
        other.add("redis", hit=False)
        other.add("storage")
        one.flush()
        assert other.read() == {
            "memory": {"hits": 2, "misses": 1},
            "redis": {"hits": 0, "misses": 1},
            "storage": {"hits": 1, "misses": 0},
        }
