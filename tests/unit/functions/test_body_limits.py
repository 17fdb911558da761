"""What a request costs grows at most linearly with its bytes: counted in calls and in memory, never by a clock."""

import json
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import routing

from core.errors import InvalidInputError
from core.storage.s3.object_store import ObjectStore
from functions.body_limits import FORM_BYTES, SETTINGS_BYTES, most_bytes
from functions.predict.requests import BatchRequest
from tests.unit.functions.test_query_parameters import BODIES, PARAMETER

FEW, MANY = 500, 4_000
KINDS: dict[str, Callable[[int], Any]] = {
    "numbers": lambda n: list(range(n)),
    "texts": lambda n: [f"x{i}" for i in range(n)],
    "same texts": lambda n: ["x"] * n,
    "objects": lambda n: [{}] * n,
    "different objects": lambda n: [{f"x{i}": i} for i in range(n)],
    "lists": lambda n: [[]] * n,
    "one object": lambda n: {f"x{i}": i for i in range(n)},
    "a long text": lambda n: "x" * 20 * n,
    "a long name": lambda n: {"x" * 20 * n: 1},
}


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let endpoints run in the thread of the test, in which calls are counted."""

    async def run(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return call(*args, **kwargs)

    monkeypatch.setattr(routing, "run_in_threadpool", run)
    for module in ("functions.predict.app", "functions.inference.app"):
        monkeypatch.setattr(f"{module}.in_prediction_thread", run)
    monkeypatch.setattr("functions.predict.app.run_in_threadpool", run)


def _cost(send: Callable[[], httpx.Response]) -> tuple[httpx.Response, int, int]:
    """The answer, how many calls it took, and the most bytes that were in use for it."""
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        # What measures the coverage of tests does its work in between.
        calls += event in ("call", "c_call") and "/slipcover/" not in frame.f_code.co_filename

    tracemalloc.start()
    sys.setprofile(count)
    try:
        answer = send()
    finally:
        sys.setprofile(None)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return answer, calls, most


@pytest.mark.parametrize("kind", [*KINDS, "unknown fields"])
@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_body_costs_no_more_than_its_length(
    bucket: ObjectStore, handlers: httpx.Client, inline: None, method: str, path: str, kind: str
) -> None:
    def send(count: int) -> tuple[httpx.Response, int, int, int]:
        value = KINDS.get(kind, lambda n: None)(count)
        fields = {f"x{i}": 1 for i in range(count)} if kind not in KINDS else dict.fromkeys(BODIES[method, path], value)
        body = json.dumps(fields).encode()
        headers = {"Content-Type": "application/json"}
        answer, calls, most = _cost(
            lambda: handlers.request(method, PARAMETER.sub("some", path), content=body, headers=headers)
        )
        return answer, calls, most, len(body)

    send(1)  # what is loaded and kept by the first request of a kind
    _, calls, most, length = send(FEW)
    answer, more_calls, more, more_length = send(MANY)
    growth = 1.5 * more_length / length
    assert answer.status_code < 500
    assert more_calls <= growth * calls + 10_000
    assert more <= growth * most + (2 << 20)
    # Far below the body wherever that is long: a refusal names twenty problems.
    assert len(answer.content) <= 20_000
    assert len(answer.json().get("errors", ())) <= 20


class Counted(str):
    """A text that counts how often any of them is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)


def test_a_name_that_comes_twice_is_found_without_comparing_each_with_each() -> None:
    names = [Counted(f"c{i}") for i in range(2_000)]
    columns: Any = [*names, Counted("c7")]
    request = BatchRequest.model_construct(columns=columns, rows=[[0] * len(columns)], batch_size=10)
    Counted.compared = 0
    with pytest.raises(InvalidInputError) as refused:
        list(request._batches(None, columns, request.rows or []))  # type: ignore[arg-type]
    assert refused.value.errors == [{"field": "columns", "message": "has 'c7' more than once"}]
    assert Counted.compared < 20 * len(columns)


@pytest.mark.parametrize(
    ("path", "root", "most"),
    [
        ("/data/upload", "", (256 << 20) + FORM_BYTES),
        ("/prod/data/upload", "/prod", (256 << 20) + FORM_BYTES),
        ("/predict", "", 64 << 20),
        ("/v2/models/m/versions/1/infer", "", 64 << 20),
        ("/data/process", "", SETTINGS_BYTES),
        ("/series/predict", "", SETTINGS_BYTES),
        ("/nowhere", "", SETTINGS_BYTES),
    ],
)
def test_a_body_has_the_limit_of_its_endpoint(settled: None, path: str, root: str, most: int) -> None:
    assert most_bytes({"path": path, "root_path": root}) == most


@pytest.mark.parametrize(("path", "status"), [("/data/process", 413), ("/predict", 413), ("/data/upload", 413)])
def test_a_length_is_refused_before_anything_is_read(path: str, status: int) -> None:
    from infra.local.server import app
    from tests.support.asgi import run_async

    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("the body is read")

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"300000000")]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": b"", "query_string": b"", "headers": headers}
    scope["server"], scope["client"], scope["scheme"] = ("127.0.0.1", 8000), ("127.0.0.1", 5), "http"
    headers.append((b"host", b"127.0.0.1:8000"))
    run_async(lambda: app(scope, receive, send))
    assert sent[0]["status"] == status
