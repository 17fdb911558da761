"""`Idempotency-Key`: the same key with the same request is the same answer, and the thing is done once."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import httpx
import pytest
from redis import Redis

from core.services.processing import describe
from core.services.training import train as modelling
from core.storage.quota_repository import set_quota
from core.storage.s3.object_store import ObjectStore
from functions import idempotency
from tests.support.gateway import HandlerTransport
from tests.support.process_state import connect_container
from tests.support.redis_process import running_redis
from tests.support.storage import WORKSPACE, home
from tests.support.tables import CSVS

MPG = CSVS["mpg"][0].read_bytes()
KEY = {"Idempotency-Key": "5b9a6d6e"}
ORDER = {"model_type": "ridge", "target_column": "mpg", "model_name": "car"}


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as (_, port):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def client(bucket: ObjectStore, redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> httpx.Client:
    """The Lambda handlers over an emulated bucket and a real Redis."""
    monkeypatch.setenv("REGATTA_REDIS_URL", redis_url)
    connect_container(bucket)
    with httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client:
        yield client


def upload(client: httpx.Client, body: bytes = MPG, headers: Any = KEY, **fields: str) -> httpx.Response:
    return client.post("/data/upload", files={"file": ("mpg.csv", body)}, data=fields, headers=headers)


def files() -> int:
    return len(home().datasets.list())


def versions() -> list[int]:
    return [model.version for model, _ in home().models.page(100, name="car").models]


def slug(response: httpx.Response) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    return str(response.json()["type"]).rpartition(":")[2]


def test_an_upload_sent_twice_is_one_file_though_its_form_differs_in_every_byte(client: httpx.Client) -> None:
    first, second = upload(client), upload(client)
    assert first.request.content != second.request.content
    assert (first.status_code, second.status_code, files()) == (200, 200, 1)
    assert second.json() == first.json()
    assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (False, "true")


def test_a_key_with_another_body_is_refused(client: httpx.Client) -> None:
    upload(client)
    for again in (upload(client, MPG + b"\n"), upload(client, delimiter=";")):
        assert (again.status_code, slug(again)) == (422, "idempotency-key-reused")
    assert files() == 1


def test_without_a_key_or_with_another_one_it_is_done_again(client: httpx.Client) -> None:
    for headers in ({}, {}, {"Idempotency-Key": "a"}, {"Idempotency-Key": "b"}):
        assert upload(client, headers=headers).status_code == 200
    assert files() == 4


def test_a_refusal_is_not_kept(client: httpx.Client) -> None:
    assert upload(client, b"\x00\x01").status_code == 422
    assert upload(client).status_code == 200


def test_the_second_at_the_same_moment_is_told_to_come_back(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()
    profile = describe.profile

    def slow(*arguments: Any) -> Any:
        begun.set()
        assert go_on.wait(300)
        return profile(*arguments)

    monkeypatch.setattr(describe, "profile", slow)
    with another_caller() as pool:
        first = pool.submit(upload, client)
        assert begun.wait(300)
        second = upload(client)
        go_on.set()
        assert first.result().status_code == 200
    assert (second.status_code, slug(second), files()) == (409, "idempotency-key-in-use", 1)
    assert upload(client).json() == first.result().json()


def test_a_request_whose_function_was_killed_blocks_its_key_for_half_a_minute_at_most(
    client: httpx.Client, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency.Record, "release", lambda _: None)
    monkeypatch.setattr(describe, "profile", killed)
    assert upload(client).status_code == 500
    (name,) = redis.keys("regatta:default:idempotency:*")
    assert 0 < redis.ttl(name) <= idempotency.CLAIM_SECONDS


@pytest.mark.parametrize("seconds", [None, 3600])
def test_a_claim_that_somebody_put_back_refuses_its_key_no_longer_than_a_claim_does(
    client: httpx.Client, redis: Redis, monkeypatch: pytest.MonkeyPatch, seconds: int | None
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(idempotency.Record, "release", lambda _: None)
        patch.setattr(idempotency.Record, "keep", lambda *_: None)
        upload(client)
    (name,) = redis.keys("regatta:*:idempotency:*")
    redis.set(name, redis.get(name), ex=seconds)
    assert upload(client).status_code == 200


def test_an_announced_upload_is_one(client: httpx.Client) -> None:
    body = {"filename": "mpg.csv", "size_bytes": len(MPG)}
    first, second = (client.post("/data/uploads", json=body, headers=KEY) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def test_an_export_is_the_same_file_again(client: httpx.Client) -> None:
    file_id = upload(client).json()["file_id"]
    client.post("/model/train", json=ORDER)
    payload = {"model_name": "car", "file_id": file_id, "format": "csv"}
    first, second = (client.post("/predict/export", json=payload, headers=KEY) for _ in range(2))
    assert (first.status_code, second.content) == (200, first.content)
    assert second.headers["content-disposition"] == first.headers["content-disposition"]


@pytest.mark.parametrize("key", ["", "x" * 256])
@pytest.mark.parametrize("path", ["/data/uploads", "/model/train"])
def test_a_key_that_is_none_is_refused(client: httpx.Client, path: str, key: str) -> None:
    body = {"filename": "mpg.csv", "size_bytes": 5} if path == "/data/uploads" else ORDER
    answer = client.post(path, json=body, headers={"Idempotency-Key": key})
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["idempotency-key"])


@pytest.mark.parametrize("lost", [True, False])
def test_training_with_a_key_makes_one_version_whatever_redis_knows(
    client: httpx.Client, redis: Redis, lost: bool
) -> None:
    upload(client)
    first = client.post("/model/train", json=ORDER, headers=KEY)
    if lost:
        redis.flushall()
    upload(client, b"a,b\n" + b"1,2\n3,4\n" * 20, headers={})  # another file is current now
    second = client.post("/model/train", json=ORDER, headers=KEY)
    assert (first.status_code, second.status_code, versions()) == (200, 200, [1])
    assert first.json() == second.json()
    other = client.post("/model/train", json={**ORDER, "test_size": 0.3}, headers=KEY)
    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")


def test_of_two_trainings_with_a_key_at_the_same_moment_one_trains(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, headers={})
    begun, go_on = Event(), Event()
    train = modelling.train

    def slow(*arguments: Any, **kwargs: Any) -> Any:
        begun.set()
        assert go_on.wait(300)
        return train(*arguments, **kwargs)

    monkeypatch.setattr(modelling, "train", slow)
    with another_caller() as pool:
        first = pool.submit(client.post, "/model/train", json=ORDER, headers=KEY)
        assert begun.wait(300)
        second = client.post("/model/train", json=ORDER, headers=KEY)
        go_on.set()
        assert first.result().status_code == 200
    assert (second.status_code, slug(second), versions()) == (409, "idempotency-key-in-use", [1])
    assert client.post("/model/train", json=ORDER, headers=KEY).json() == first.result().json()


def test_a_refused_training_is_refused_again_with_the_same_words(client: httpx.Client) -> None:
    upload(client, headers={})
    payload = {**ORDER, "params": {"alpha": -1}}
    first, second = (client.post("/model/train", json=payload, headers=KEY) for _ in range(2))
    assert (first.status_code, first.json()["instance"]) == (422, "/model/train")
    assert first.json() == second.json()


@contextmanager
def another_caller() -> Iterator[ThreadPoolExecutor]:
    """A thread with an event loop of its own, as another invocation has one."""
    loop = asyncio.new_event_loop()
    with ThreadPoolExecutor(1, initializer=asyncio.set_event_loop, initargs=(loop,)) as pool:
        yield pool
    loop.close()


def killed(*_: Any) -> None:
    raise SystemExit


def test_an_answer_beyond_the_share_of_its_workspace_is_not_kept(
    bucket: ObjectStore, client: httpx.Client, redis: Redis
) -> None:
    set_quota(bucket, WORKSPACE, redis_bytes=10)
    for replayed in (None, None):
        answer = client.post("/data/upload", files={"file": ("mpg.csv", MPG)}, headers=KEY)
        assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (200, replayed)
    assert redis.keys("regatta:*:idempotency:*") == []
    set_quota(bucket, WORKSPACE, redis_bytes=1 << 30)
    connect_container(bucket)  # what a process knows of a quota is some seconds old
    for replayed in (None, "true"):
        answer = client.post("/data/upload", files={"file": ("mpg.csv", MPG)}, headers=KEY)
        assert answer.headers.get("idempotency-replayed") == replayed
    assert any(b":idempotency:" in name for name in redis.zrange(f"regatta:{WORKSPACE}:cached", 0, -1))
