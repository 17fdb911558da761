"""The limits of bodies: known from the path, and refused before anything is read."""

import json
import tracemalloc
from typing import Any

import httpx
import pytest

from core.errors import InvalidInputError
from core.storage.s3.object_store import ObjectStore
from functions.body_limits import FORM_BYTES, SETTINGS_BYTES, most_bytes
from functions.inference.tensors import MOST_INPUTS
from functions.predict.requests import BatchRequest

ONE_INPUT = {"name": "x", "shape": [1, 1], "datatype": "FP64", "data": [1]}


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


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/data/process", {"leave_out": ["x"] * 200_000}),
        ("/data/process", {"columns": {f"x{i}": "drop" for i in range(60_000)}}),
        ("/v2/models/x/infer", {"inputs": [{}] * 1_000_000}),
        ("/v2/models/x/infer", {"inputs": [{}] * MOST_INPUTS}),
        ("/v2/models/x/infer", {"inputs": [ONE_INPUT] * (MOST_INPUTS + 1)}),
        ("/v2/models/x/infer", {"inputs": [], "outputs": [{}] * 1_000_000}),
    ],
    ids=["leave_out", "columns", "inputs", "wrong inputs", "right inputs", "outputs"],
)
def test_a_list_that_no_table_fills_is_refused_in_few_words_and_little_memory(
    bucket: ObjectStore, handlers: httpx.Client, path: str, body: dict[str, Any]
) -> None:
    content = json.dumps(body, separators=(",", ":")).encode()
    handlers.post(path, json={})  # what the first request of a kind loads
    tracemalloc.start()
    try:
        answer = handlers.post(path, content=content, headers={"Content-Type": "application/json"})
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 422
    assert len(answer.content) <= 20_000
    assert most <= 40 * len(content)
