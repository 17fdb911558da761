"""A store that accepts and never answers: a 503 in time, and nobody waits who needs nothing of it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from core.settings import settings
from core.storage import aws_calls, champions, dependency
from core.storage.dependency import FAILURES
from core.storage.s3 import client as s3_client
from core.storage.s3.object_store import ObjectStore
from tests.support.fault_proxy import FaultProxy, Rule
from tests.support.faults import Fault, hang_before, hang_in_body
from tests.support.waiting import wait_for
from tests.support.workflow import gbk_csv

# How long the service waits for a store that hangs, and for one that nobody lets go on, which needs no time to answer.
PATIENCE_SECONDS, NO_PATIENCE_SECONDS = 0.2, 0.02
ROW = {"面积": 80, "城市": "北京"}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/data/info", {}),
    ("GET", "/data/preview", {}),
    ("GET", "/data/files", {}),
    ("POST", "/data/switch/00000000", {}),
    ("DELETE", "/data/files/00000000", {}),
    ("POST", "/data/upload", {"files": {"file": ("flats.csv", gbk_csv())}}),
    ("POST", "/data/uploads", {"json": {"filename": "flats.csv", "size_bytes": 1000}}),
    ("POST", "/data/process", {"json": {"handle_missing": "mean"}}),
    ("GET", "/data/download", {}),
    ("POST", "/model/train", {"json": {"model_type": "ridge", "target_column": "价格"}}),
    ("GET", "/model/trained", {}),
    ("GET", "/model/info", {"params": {"model_name": "flats"}}),
    ("GET", "/model/artifact/flats", {}),
    ("POST", "/model/champion/flats", {"json": {"version": 1}}),
    ("POST", "/model/rename/flats", {"json": {"new_name": "homes"}}),
    ("DELETE", "/model/trained/flats", {}),
    ("POST", "/predict", {"json": {"model_name": "flats", "data": ROW}}),
    ("POST", "/predict/batch", {"json": {"model_name": "flats", "data": [ROW]}}),
    ("POST", "/predict/export", {"json": {"model_name": "flats", "data": [ROW]}}),
    ("GET", "/jobs", {}),
    ("GET", "/jobs/00000000", {}),
    ("GET", "/series", {}),
    ("GET", "/system/status", {}),
    ("GET", "/v2/health/ready", {}),
    ("GET", "/v2/models/flats", {}),
]


@pytest.fixture
def hang(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Rule]:
    """Let the store hang from now on, and everybody have little patience with it."""

    def begin(fault: Fault = hang_before, patience: float = PATIENCE_SECONDS) -> Rule:
        monkeypatch.setattr(aws_calls, "FIRST_WAIT_SECONDS", 0.0)
        for module, name in (
            (s3_client, "ANSWER_SECONDS"),
            (s3_client, "WRITE_SECONDS"),
            (dependency, "SLOT_SECONDS"),
            (champions, "REFRESH_SECONDS"),
            (champions, "CHAMPION_SECONDS"),
        ):
            monkeypatch.setattr(module, name, patience)
        return proxy.plan(fault, times=None)

    return begin


@pytest.fixture
def model(client: httpx.Client) -> dict[str, Any]:
    """The body of a prediction by a model that is in memory and whose champion is known."""
    client.post("/data/upload", files={"file": ("flats.csv", gbk_csv())}).raise_for_status()
    trained = {"model_type": "ridge", "model_name": "flats", "target_column": "价格"}
    client.post("/model/train", json=trained).raise_for_status()
    body: dict[str, Any] = client.get("/model/schema/flats").json()["example"]
    client.post("/predict", json=body).raise_for_status()
    return {"model_name": "flats", "data": body["data"]}


def check_refusal(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) >= 1
    problem = answer.json()
    assert problem["type"].rpartition(":")[2] in ("storage-unavailable", "deadline-exceeded", "outcome-unknown")
    assert "127.0.0.1" not in json.dumps(problem)


@pytest.mark.parametrize(("method", "path", "request_"), CALLS, ids=[f"{call[0]} {call[1]}" for call in CALLS])
def test_a_store_that_hangs_is_a_503_in_time(
    client: httpx.Client, hang: Callable[..., Rule], method: str, path: str, request_: dict[str, Any]
) -> None:
    """Nobody lets the store go on, so an answer that waits for it never comes."""
    rule = hang(patience=NO_PATIENCE_SECONDS)
    check_refusal(client.request(method, path, **request_))
    assert rule.met >= 1


def test_the_deadline_ends_the_patience_with_a_store(
    client: httpx.Client, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUEST", "PREDICT", "STATUS"):
        monkeypatch.setenv(f"REGATTA_{name}_SECONDS", "1")
    settings.cache_clear()
    monkeypatch.setattr(s3_client, "ANSWER_SECONDS", 3600.0)
    proxy.plan(hang_before, times=None)
    for path in ("/data/info", "/system/status"):
        check_refusal(client.get(path))
    check_refusal(client.post("/predict", json={"model_name": "flats", "data": ROW}))


def test_a_store_that_hangs_in_the_middle_of_a_body_is_a_503(
    client: httpx.Client, model: dict[str, Any], hang: Callable[..., Rule]
) -> None:
    hang(hang_in_body)
    check_refusal(client.get("/data/preview"))


def test_a_model_in_memory_predicts_on_and_says_how_old_its_champion_is(
    client: httpx.Client, model: dict[str, Any], hang: Callable[..., Rule], proxy: FaultProxy
) -> None:
    before = client.post("/predict", json=model).json()
    assert "stale_seconds" not in before
    rule = hang()
    wait_for(lambda: "stale_seconds" in client.post("/predict", json=model).json())
    row = client.post("/predict", json=model).json()
    assert row.pop("stale_seconds") > 0
    assert row == before
    many = {"model_name": "flats", "data": [model["data"]]}
    batch = client.post("/predict/batch", json=many)
    assert (batch.json()["predictions"], batch.json()["stale_seconds"] > 0) == ([before["prediction"]], True)
    exported = client.post("/predict/export", json=many)
    assert (exported.status_code, float(exported.headers["Regatta-Stale-Seconds"]) > 0) == (200, True)
    declared = client.get("/v2/models/flats").status_code
    assert declared == 503, "its inputs are in a manifest that has to be read"
    assert rule.met >= 1
    proxy.clear()
    wait_for(lambda: "stale_seconds" not in client.post("/predict", json=model).json())
    assert client.get("/data/info").status_code == 200


def test_a_champion_that_is_known_no_longer_is_a_503(
    client: httpx.Client, model: dict[str, Any], hang: Callable[..., Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGATTA_STALE_SECONDS", "0")
    settings.cache_clear()
    hang()
    wait_for(lambda: client.post("/predict", json=model).status_code == 503)
    check_refusal(client.post("/predict", json=model))


def test_a_store_that_hangs_is_soon_not_asked_and_then_found_well_again(
    client: httpx.Client, hang: Callable[..., Rule], proxy: FaultProxy, store: ObjectStore
) -> None:
    rule = hang()
    for _ in range(FAILURES):
        check_refusal(client.get("/data/info"))
    asked = rule.met
    refused = client.get("/data/info")
    check_refusal(refused)
    assert rule.met == asked, "the circuit is open"
    proxy.clear()
    assert wait_for(lambda: client.get("/data/files"), lambda answer: answer.status_code == 200)


def test_fresh_threads_that_read_at_once_all_get_their_bytes(proxy: FaultProxy, store: ObjectStore) -> None:
    """The reads without boto3 hand over to its client while other threads go on reading."""
    store.put("key", b"bytes")
    for _ in range(5):
        fresh = ObjectStore(store.bucket, store.endpoint)
        with ThreadPoolExecutor(16) as pool:
            reads = [pool.submit(fresh.get, "key") for _ in range(32)]
            heads = [pool.submit(fresh.size, "key") for _ in range(8)]
            assert {read.result() for read in reads} == {b"bytes"}
            assert {head.result() for head in heads} == {5}
