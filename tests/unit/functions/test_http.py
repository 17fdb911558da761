"""What every answer has: the version, and for pages of another origin what REGATTA_CORS_ORIGIN allows."""

import httpx
import pytest
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from core import __version__
from core.errors import NoSuchFileError
from core.settings import settings
from functions.aws_lambda import lambda_handler
from functions.http import create_app
from tests.support.gateway import HandlerTransport

PAGE = "https://app.example.com"
ASKS = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,prefer",
}


class OneApp(HandlerTransport):
    """Every request to one app."""

    def __init__(self, router: APIRouter) -> None:
        super().__init__()
        self._handler = lambda_handler(create_app(router))

    def handler_of(self, method: str, path: str) -> tuple[str, str]:
        return path, ""

    def call(self, dotted: str, event: dict) -> dict:
        return self._handler(event, None)


def client(router: APIRouter | None = None) -> httpx.Client:
    """A client of an app with a redirect and two errors, beside the routes of `router`."""
    settings.cache_clear()
    router = router or APIRouter()

    @router.get("/missing")
    async def missing() -> None:
        raise NoSuchFileError("No file has this id.")

    @router.get("/fault")
    async def fault() -> None:
        raise ZeroDivisionError

    @router.get("/file")
    async def file() -> Response:
        return RedirectResponse("https://storage.example.com/file", status_code=303)

    return httpx.Client(transport=OneApp(router), base_url="http://app")


@pytest.fixture
def allowed(settled: None, monkeypatch: pytest.MonkeyPatch) -> httpx.Client:
    monkeypatch.setenv("REGATTA_CORS_ORIGIN", PAGE)
    return client()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/file", 303), ("GET", "/missing", 404), ("POST", "/file", 405), ("GET", "/nowhere", 404)],
)
def test_every_answer_says_which_version_gave_it(settled: None, method: str, path: str, status: int) -> None:
    answer = client().request(method, path)
    assert (answer.status_code, answer.headers["Regatta-Version"]) == (status, __version__)


def test_so_do_an_unexpected_error_and_an_unreadable_body(settled: None) -> None:
    app = client()
    unreadable = app.post("/file", content=b"x", headers={"Content-Encoding": "br"})
    for answer, status in ((app.get("/fault"), 500), (unreadable, 415)):
        assert (answer.status_code, answer.headers["Regatta-Version"]) == (status, __version__)


def test_a_page_may_read_the_version(allowed: httpx.Client) -> None:
    answer = allowed.get("/missing", headers={"Origin": PAGE})
    assert "Regatta-Version" in answer.headers["access-control-expose-headers"]
    assert allowed.options("/missing", headers=ASKS).headers["Regatta-Version"] == __version__


def test_nobody_may_unless_it_is_set(settled: None) -> None:
    answer = client().options("/missing", headers=ASKS)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


def test_a_browser_that_asks_is_told_that_the_page_may_call(allowed: httpx.Client) -> None:
    # Of whatever path: the gateway lets one function answer for others.
    answer = allowed.options("/model/train", headers=ASKS)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} == set(answer.headers["access-control-allow-methods"].split(", "))
    assert answer.headers["access-control-allow-headers"] == "content-type,prefer"


@pytest.mark.parametrize(("path", "status"), [("/missing", 404), ("/fault", 500), ("/nowhere", 404)])
def test_errors_can_be_read_too(allowed: httpx.Client, path: str, status: int) -> None:
    answer = allowed.get(path, headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, PAGE)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Location" in answer.headers["access-control-expose-headers"]


def test_other_pages_may_not(allowed: httpx.Client) -> None:
    answer = allowed.options("/missing", headers={**ASKS, "Origin": "https://elsewhere.example.com"})
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers


def test_a_method_that_a_path_does_not_take_is_a_405_that_says_which_it_takes() -> None:
    router = APIRouter()
    router.add_api_route("/files/{name}", lambda name: name, methods=["GET"])
    router.add_api_route("/files/{name}", lambda name: name, methods=["DELETE"])
    answer = httpx.Client(transport=OneApp(router), base_url="http://test").put("/files/a")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD")
    assert "It takes DELETE, GET" in answer.json()["detail"]
