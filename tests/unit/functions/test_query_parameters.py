"""Texts that no name has, in paths, queries, headers and bodies: each is an error of the caller, on every endpoint."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from core.storage.s3.object_store import ObjectStore
from functions.operation_ids import OPERATION_IDS
from tests.support.asgi import ask
from tests.support.gateway import template_routes

# In percent-encoding: control characters, NUL, half of a character, bytes that are no UTF-8, a byte order mark, a name
# that is longer than any key of an object may be.
IN_PATHS = ("%01x", "%00", "a%00b", "%ed%a0%80", "%ff%fe", "%ef%bb%bf", "a%0d%0aX-Evil:%201", "%1b%5b31m", "x" * 2_000)
DOCUMENT = (Path(__file__).parents[3] / "docs/openapi.json").read_text()
HALF, DEEP = rb'"\ud800"', b"[" * 900 + b"]" * 900
PARAMETER = re.compile(r"\{\w+\}")
# Every address below /console is the same page, whatever it names: the page reads it, and asks for what it names.
WITH_PARAMETERS = sorted(
    {
        (method, path)
        for method, path, _ in template_routes()
        if "{" in path and not path.startswith("/console/") and method not in ("HEAD", "OPTIONS")
    }
)
BODIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("POST", "/predict"): ("model_name", "data", "model_data", "model_info", "explain"),
    ("POST", "/predict/batch"): ("model_name", "data", "columns", "rows", "file_id"),
    ("POST", "/predict/export"): ("model_name", "data", "file_id", "delimiter"),
    ("POST", "/data/process"): ("leave_out", "columns", "target_column", "file_id"),
    ("POST", "/data/uploads"): ("filename", "types", "missing", "sheet", "encoding", "delimiter"),
    ("PATCH", "/data/files/{file_id}"): ("filename",),
    ("PATCH", "/data/files/{file_id}/reading"): ("types", "missing", "sheet", "encoding", "delimiter"),
    ("POST", "/model/train"): (
        "model_type",
        "target_column",
        "model_name",
        "params",
        "file_id",
        "time_column",
        "training",
    ),
    ("POST", "/model/compare"): ("include", "target_column", "file_id", "group_column", "training"),
    ("POST", "/model/rename/{model_name}"): ("new_name",),
    ("POST", "/model/champion/{model_name}"): ("version",),
    ("PUT", "/series/{name}"): ("target_column", "types", "missing", "sheet"),
    ("POST", "/series/{name}/uploads"): ("filename", "target_column"),
    ("PATCH", "/series/{name}/arrivals/{job_id}"): ("learned",),
    ("POST", "/v2/models/{model_name}/infer"): ("id", "inputs", "outputs", "parameters"),
}
# Bodies that are tried elsewhere: a form, and one that is the same as that of another path.
TRIED_ELSEWHERE = {("POST", "/data/upload"), ("POST", "/v2/models/{model_name}/versions/{version}/infer")}
QUERIES = (
    *(("GET", path) for path in ("/data/info", "/data/preview", "/data/profile", "/data/report", "/data/rows")),
    *(
        ("GET", path)
        for path in (
            "/data/outliers",
            "/data/download",
            "/model/info",
            "/data/files",
            "/jobs",
            "/series",
            "/model/trained",
        )
    ),
    ("POST", "/model/compare"),
    ("POST", "/predict/batch"),
)
# The parameters that the apps behind one address get as well: they read a query alike, whatever it names.
ON_SERVER = ("file_id", "x")


@pytest.fixture(scope="module")
def server() -> FastAPI:
    """The apps behind one address, as a server has them."""
    from infra.local.server import app

    return app


def _is_a_clear_problem(answer: httpx.Response) -> bool:
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:500])
    found = answer.json()
    assert found["detail"]
    assert "x-evil" not in answer.headers
    return True


@pytest.mark.parametrize(("method", "path"), WITH_PARAMETERS)
def test_an_odd_name_in_a_path_is_refused(
    bucket: ObjectStore, handlers: httpx.Client, server: FastAPI, method: str, path: str
) -> None:
    body = b"{}" if (method, path) in BODIES else b""
    headers = {"Content-Type": "application/json"} if body else {}
    for odd in IN_PATHS:
        sent = PARAMETER.sub(odd, path)
        assert _is_a_clear_problem(handlers.request(method, sent, content=body, headers=headers)), odd
        assert _is_a_clear_problem(ask(server, method, sent, headers, body)), odd


def test_a_character_that_no_name_has_is_refused_before_anything_is_read(handlers: httpx.Client) -> None:
    for method, path in WITH_PARAMETERS:
        for odd in ("%01x", "%00", "a%7Fb"):
            answer = handlers.request(method, PARAMETER.sub(odd, path))
            assert answer.status_code == (404 if path == "/docs/{name}" else 422), (path, odd, answer.text)


@pytest.mark.parametrize(("method", "path"), QUERIES)
def test_an_odd_value_in_a_query_is_refused(
    bucket: ObjectStore, handlers: httpx.Client, server: FastAPI, method: str, path: str
) -> None:
    headers = {"Content-Type": "text/csv"} if path == "/predict/batch" else {}
    for name in ("file_id", "model_name", "cursor", "after", "target_column", "include", "x"):
        for odd in IN_PATHS:
            answers = [handlers.request(method, f"{path}?{name}={odd}", headers=headers)]
            if name in ON_SERVER:
                answers.append(ask(server, method, f"{path}?{name}={odd}", headers))
            for answer in answers:
                # An empty workspace has empty lists, whatever they are filtered by.
                assert answer.status_code == 200 or _is_a_clear_problem(answer), (name, odd)


def _values(field: str) -> list[bytes]:
    deep = DEEP[:900] + b'{"a":' * 50 + b"1" + b"}" * 50 + DEEP[900:]
    texts = [
        HALF,
        json.dumps("\x00").encode(),
        json.dumps("\x01x").encode(),
        json.dumps("\x1b[31m").encode(),
        b'"[/x]"',
    ]
    return [*texts, *(b"[%b]" % text for text in texts), *(b'{%b: "drop"}' % text for text in texts), DEEP, deep]


def test_every_body_is_tried() -> None:
    taken = {
        (method.upper(), path)
        for path, operations in json.loads(DOCUMENT)["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    }
    assert taken == set(BODIES) | TRIED_ELSEWHERE


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_an_odd_value_in_a_body_is_refused(
    bucket: ObjectStore, handlers: httpx.Client, server: FastAPI, method: str, path: str
) -> None:
    assert (method, path) in OPERATION_IDS
    fixed: dict[str, Any] = {
        "/data/uploads": {"filename": "a.csv", "size_bytes": 9},
        "/model/train": {"model_type": "ridge"},
        "/predict": {"data": {"x": 1}, "model_name": "m"},
    }
    sent = PARAMETER.sub("some", path)
    for field in BODIES[method, path]:
        for value in _values(field):
            rest = {name: known for name, known in fixed.get(path, {}).items() if name != field}
            body = (
                b'{"%b": %b' % (field.encode(), value)
                + json.dumps({"_": 0, **rest})[1:].replace('"_": 0, ', ",").replace('"_": 0', "").encode()
            )
            body = body if rest else b'{"%b": %b}' % (field.encode(), value)
            for answer in (
                handlers.request(method, sent, content=body, headers={"Content-Type": "application/json"}),
                ask(server, method, sent, {"Content-Type": "application/json"}, body),
            ):
                assert answer.status_code < 300 or _is_a_clear_problem(answer), (field, value[:60])


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_body_of_too_many_levels_is_refused_as_one(handlers: httpx.Client, method: str, path: str) -> None:
    body = b'{"%b": %b}' % (BODIES[method, path][0].encode(), DEEP)
    answer = handlers.request(
        method, PARAMETER.sub("some", path), content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert "nested too deeply" in answer.json()["detail"]
