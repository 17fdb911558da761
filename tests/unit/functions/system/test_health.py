"""Probes: the process lives without asking anything; it can serve with storage, or with models in memory."""

from threading import Event

import httpx
import pytest

from core.errors import UnavailableError
from core.storage.s3.object_store import ObjectStore
from functions.system import health


def fail(*_: object) -> None:
    try:
        raise TimeoutError(110, "Connection timed out")
    except TimeoutError as error:
        raise UnavailableError("The object store did not answer.") from error


def test_both_answer(handlers: httpx.Client) -> None:
    assert handlers.get("/healthz").json() == {"status": "ok"}
    ready = handlers.get("/readyz").json()
    assert (ready["status"], ready["storage"]) == ("ready", "up")


def test_without_storage_the_process_lives_and_says_why_it_cannot_serve(
    handlers: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ObjectStore, "ping", fail)
    monkeypatch.setattr(health, "_models_in_memory", lambda: 0)
    assert handlers.get("/healthz").status_code == 200
    answer = handlers.get("/readyz")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "TimeoutError: Connection timed out" in answer.json()["detail"]


def test_models_in_memory_are_enough(handlers: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "\n".join(f"{index},{index * 2}" for index in range(40))
    handlers.post("/data/upload", files={"file": ("a.csv", f"size,price\n{rows}\n".encode())})
    handlers.post("/model/train", json={"model_type": "ridge", "target_column": "price", "model_name": "houses"})
    handlers.post("/predict", json={"model_name": "houses", "data": {"size": 3.0}})
    monkeypatch.setattr(ObjectStore, "ping", fail)
    assert handlers.get("/readyz").json() == {"status": "ready", "storage": "down", "models_in_memory": 1}


def test_a_storage_that_hangs_is_given_up(handlers: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    released = Event()
    monkeypatch.setattr(ObjectStore, "ping", lambda *_: released.wait())
    monkeypatch.setattr(health, "STORAGE_SECONDS", 0.05)
    monkeypatch.setattr(health, "_models_in_memory", lambda: 0)
    try:
        answer = handlers.get("/readyz")
    finally:
        released.set()
    assert (answer.status_code, "no answer within" in answer.json()["detail"]) == (503, True)
