"""HEAD is answered as the GET of the same path, and every other method that a path lacks with what it takes."""

import httpx
import pytest
from fastapi import APIRouter

from functions.http import create_app
from functions.query_parameters import StrictRoute
from tests.support.asgi import ask

router = APIRouter(route_class=StrictRoute)


@router.get("/thing")
def get_thing() -> dict[str, int]:
    return {"size": 3}


@router.post("/thing")
def make_thing() -> dict[str, int]:
    return {"size": 4}


@router.post("/work")
def work() -> dict[str, int]:
    return {}


app = create_app(router)


def test_a_head_has_the_headers_of_the_get_and_no_body() -> None:
    got, head = ask(app, "GET", "/thing"), ask(app, "HEAD", "/thing")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.content))
    assert head.headers["content-type"] == got.headers["content-type"]


def test_a_head_of_what_is_not_there_is_a_404_without_a_body() -> None:
    head = ask(app, "HEAD", "/nowhere")
    assert (head.status_code, head.content) == (404, b"")
    assert ask(app, "HEAD", "/thing?x=1").status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/thing", "GET, HEAD, POST"),
        ("HEAD", "/work", "POST"),
        ("GET", "/work", "POST"),
        ("TRACE", "/work", "POST"),
        ("PROPFIND", "/thing", "GET, HEAD, POST"),
    ],
)
def test_a_method_that_a_path_lacks_is_answered_with_what_it_takes(method: str, path: str, allowed: str) -> None:
    answer = ask(app, method, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


def test_a_server_answers_head() -> None:
    from infra.local.server import app as server

    answer: httpx.Response = ask(server, "HEAD", "/healthz")
    assert (answer.status_code, answer.content) == (200, b"")
    refused = ask(server, "HEAD", "/predict")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
