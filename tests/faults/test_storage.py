"""Storage that cannot be reached: a clear problem on every function, and nothing half-stored."""

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from core.errors import UnavailableError
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from tests.support.gateway import HandlerTransport
from tests.support.process_state import process_environment
from tests.support.stack import Stack
from tests.support.workflow import gbk_csv

CALLS = [
    ("POST", "/data/upload", {"files": {"file": ("flats.csv", gbk_csv())}}),
    ("GET", "/data/info", {}),
    ("GET", "/data/files", {}),
    ("POST", "/data/process", {"json": {"handle_missing": "mean"}}),
    ("POST", "/model/train", {"json": {"model_type": "ridge", "target_column": "价格"}}),
    ("GET", "/model/trained", {}),
    ("POST", "/model/train", {"json": {"model_type": "ridge"}, "headers": {"Idempotency-Key": "k"}}),
    ("GET", "/jobs", {}),
    ("POST", "/jobs/00000000/retry", {}),
    ("POST", "/predict", {"json": {"data": {}, "model_name": "any"}}),
    ("POST", "/predict/export", {"json": {"data": [{}], "model_name": "any"}}),
    ("GET", "/system/status", {}),
]


@pytest.mark.parametrize(("method", "path", "request_"), CALLS)
def test_unreachable_storage_is_a_503_that_says_so(stack: Stack, method: str, path: str, request_: dict) -> None:
    # The seconds of the checks are those of a machine that does nothing else.
    variables = {**stack.env, "REGATTA_S3_ENDPOINT": "http://127.0.0.1:9", "REGATTA_STATUS_SECONDS": "300"}
    variables.pop("REGATTA_REDIS_URL")
    with (
        process_environment(variables),
        httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client,
    ):
        response = client.request(method, path, **request_)
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "urn:regatta:problem:storage-unavailable"
    assert "127.0.0.1" not in json.dumps(problem)


@pytest.mark.parametrize("written", range(6))
def test_an_upload_that_dies_in_the_middle_leaves_nothing(stack: Stack, monkeypatch, written: int) -> None:
    """Storage goes away after each of the writes in turn, of which some are on their way at the same time."""
    left, lock = iter(range(written)), threading.Lock()

    def failing_after(put: Callable[..., str | None]) -> Callable[..., str | None]:
        def failing(*arguments: Any) -> str | None:
            with lock:
                if next(left, None) is None:
                    raise UnavailableError("gone")
            return put(*arguments)

        return failing

    with (
        process_environment(stack.env),
        httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client,
    ):
        before = {item.key for item in container().objects.list("default/datasets/")}
        listed = client.get("/data/files").json()
        with monkeypatch.context() as patched:
            for name in ("put", "put_file"):
                patched.setattr(ObjectStore, name, failing_after(getattr(ObjectStore, name)))
            response = client.post("/data/upload", files={"file": ("flats.csv", gbk_csv())})
        assert response.status_code == 503
        assert {item.key for item in container().objects.list("default/datasets/")} == before
        assert client.get("/data/files").json() == listed
