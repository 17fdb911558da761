"""What another workspace has is nothing: every operation answers its ids as it answers ids that nobody has."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from core.access.caller import Caller
from core.access.roles import Role
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from functions import access
from tests.support.operations import ARRIVAL_JOB, prepare, upload

OTHER = "other-team"
DOCUMENT = json.loads((Path(__file__).parents[3] / "docs/openapi.json").read_text())
READS = ("get", "get_with_etag", "head", "size", "list", "folders", "list_parts")
# Ids that are written as the others are, and that nobody has.
NOBODYS = {
    "file": "00000000000aaaaaaaaaa",
    "job": "00000000000bbbbbbbbbb",
    "model": "none",
    "series": "still",
    "arrival": "k000000000000000f",
}
# By operation the body that names what it is about, with the names of ids in angle brackets.
BODIES: dict[str, Any] = {
    "process_dataset": {"file_id": "<file>", "handle_missing": "mean"},
    "rename_file": {"filename": "other.csv"},
    "change_reading": {"delimiter": ";"},
    "train_model": {"model_type": "ridge", "target_column": "y", "file_id": "<file>"},
    "predict_row": {"model_name": "<model>", "data": {"x": 1.0, "z": 2.0}},
    "predict_rows": {"model_name": "<model>", "data": [{"x": 1.0, "z": 2.0}]},
    "export_predictions": {"model_name": "<model>", "data": [{"x": 1.0, "z": 2.0}], "format": "csv"},
    "infer": {"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}]},
    "infer_with_version": {"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}]},
    "rename_model": {"new_name": "ship"},
    "choose_champion": {"version": 1},
    "overrule_decision": {"learned": False},
}
QUERIES: dict[str, dict[str, str]] = {"compare_models": {"file_id": "<file>", "target_column": "y"}}
# What makes something of one's own by a name that others may have as well.
CREATES = frozenset({"configure_series", "presign_series_upload"})
# A list of versions of a name has none.
NOTHING = {"list_models": '{"models":[],"next":null}'}
ID_PARAMETERS = {
    "file_id": "<file>",
    "job_id": "<job>",
    "model_name": "<model>",
    "name": "<model>",
    "version": "1",
    "old_name": "<model>",
    "after": "<job>",
}
Request = tuple[str, str, dict[str, str], Any]


def operations() -> Iterator[tuple[str, Request]]:
    """Yield each operation that takes an id or a name, as a request with the names of ids in angle brackets."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            name, about_series = operation["operationId"], path.startswith("/series")
            places = {p["name"]: p["in"] for p in operation.get("parameters", []) if p["name"] in ID_PARAMETERS}
            if about_series:
                known = {**ID_PARAMETERS, "name": "<series>", "job_id": "<arrival>", "after": "<arrival>"}
            else:
                known = ID_PARAMETERS
            if name in CREATES or not (places or name in BODIES or name in QUERIES):
                continue
            filled = re.sub(r"\{(\w+)\}", lambda found, known=known: known[found[1]], path)
            in_query = [p for p, where in places.items() if where == "query" and p != "version" and name not in BODIES]
            query = {p: known[p] for p in in_query}
            yield name, (method.upper(), filled, QUERIES.get(name, query), BODIES.get(name))


OPERATIONS = dict(operations())


def with_ids(request: Request, ids: dict[str, str]) -> dict[str, Any]:
    """Return the request with these ids, as httpx takes it."""
    text = json.dumps(request)
    for name, value in ids.items():
        text = text.replace(f"<{name}>", value)
    method, path, query, body = json.loads(text)
    return {"method": method, "url": path, "params": query, "json": body}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is read of the bucket, in this order."""
    found: list[str] = []

    def recorded(name: str, read: Callable[..., Any]) -> Callable[..., Any]:
        def record(store: ObjectStore, key: str, *args: Any, **options: Any) -> Any:
            found.append(f"{name} {key}")
            return read(store, key, *args, **options)

        return record

    for name in READS:
        monkeypatch.setattr(ObjectStore, name, recorded(name, getattr(ObjectStore, name)))
    return found


def stop_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass in `core`: what it does every few seconds would come with one of two requests alone."""
    clock = SimpleNamespace(**vars(time))
    moment, tick = time.time(), time.monotonic()
    clock.time, clock.monotonic = lambda: moment, lambda: tick
    for name, module in list(sys.modules.items()):
        if name.startswith("core.") and getattr(module, "time", None) is time:
            monkeypatch.setattr(module, "time", clock)


def stored(workspace: str) -> dict[str, str]:
    """Return every object of a workspace with its ETag."""
    prefixes = (f"{workspace}/", f"uploads/{workspace}/", f"queue/{workspace}/")
    return {item.key: item.etag for prefix in prefixes for item in container().objects.list(prefix)}


def test_every_id_of_another_workspace_is_one_that_nobody_has(
    handlers: httpx.Client, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    ids = prepare(handlers)
    theirs = {"file": ids["file"], "job": ids["waiting"], "model": "boat", "series": "tide", "arrival": ARRIVAL_JOB}
    assert handlers.post("/predict", json={"model_name": "boat", "data": {"x": 1.0, "z": 2.0}}).status_code == 200
    before = stored("default")
    monkeypatch.setattr(access, "ANYBODY", Caller(OTHER, Role.ADMIN))
    stop_the_clock(monkeypatch)

    def outcome(request: Request, about: dict[str, str]) -> tuple[int, str, list[str]]:
        reads.clear()
        answer = handlers.request(**with_ids(request, about))
        said = [answer.text, *reads]
        for name, value in about.items():
            said = [re.sub(rf"\b{re.escape(value)}\b", f"<{name}>", text) for text in said]
        return answer.status_code, said[0], said[1:]

    for request in OPERATIONS.values():
        outcome(request, NOBODYS)  # what a process does once is done
    differing, found = {}, {}
    for name, request in OPERATIONS.items():
        absent, foreign = outcome(request, NOBODYS), outcome(request, theirs)
        if absent != foreign:
            differing[name] = (absent, foreign)
        if foreign[0] != 404 and foreign[1] != NOTHING.get(name):
            found[name] = foreign[:2]
    assert not differing, json.dumps(differing, indent=1)
    assert not found, json.dumps(found, indent=1)
    assert stored("default") == before


def test_lists_and_status_say_nothing_of_others(handlers: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = prepare(handlers)
    monkeypatch.setattr(access, "ANYBODY", Caller(OTHER, Role.ADMIN))
    for path, key in (("/data/files", "files"), ("/model/trained", "models"), ("/jobs", "jobs"), ("/series", "series")):
        assert handlers.get(path).json()[key] == []
    status = handlers.get("/system/status").json()
    assert not any(status["index"].values())
    assert (status["queue"]["depth"], status["queue"]["dead_letters"]) == (0, 0)
    assert "oldest_seconds" not in status["queue"]
    assert upload(handlers, "mine.csv").status_code == 200
    assert [one["filename"] for one in handlers.get("/data/files").json()["files"]] == ["mine.csv"]
    monkeypatch.setattr(access, "ANYBODY", Caller("default", Role.ADMIN))
    assert handlers.get("/system/status").json()["queue"]["depth"] > 0
    assert ids["file"] in {one["file_id"] for one in handlers.get("/data/files").json()["files"]}


def test_every_operation_with_an_id_is_asked() -> None:
    assert len(OPERATIONS) > 35
    assert set(BODIES) <= set(OPERATIONS)
