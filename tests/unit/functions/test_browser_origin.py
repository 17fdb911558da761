"""Which requests of browsers are refused: those of foreign pages, and those under a foreign name."""

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.types import Receive, Scope, Send

from core.settings import load, settings
from functions.browser_origin import Doors, host_name
from functions.http import create_app
from tests.support.asgi import run_async
from tests.support.log_lines import log_lines

OWN = {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8000"}
FOREIGN = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
NEIGHBOUR = {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:9000"}
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
APP = "https://app.example.com"


def is_refused(headers: dict[str, str], method: str = "POST", path: str = "/data/upload", **chosen: str) -> bool:
    sent = {name.encode(): value.encode() for name, value in {"host": "127.0.0.1:8000", **headers}.items()}
    return Doors.of(load(**chosen)).refusal(method, path, sent) is not None


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        FOREIGN,
        NEIGHBOUR,
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {"sec-fetch-site": "cross-site", "origin": "null"},
        # Browsers that send no metadata, or not over this connection.
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9000"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://[broken"},
    ],
)
def test_a_foreign_page_is_refused(method: str, headers: dict[str, str]) -> None:
    assert is_refused(headers, method)


@pytest.mark.parametrize(
    "headers",
    [{}, OWN, {"sec-fetch-site": "none"}, {"origin": "http://127.0.0.1:8000"}, {"referer": "https://evil.example/"}],
)
def test_programs_and_own_pages_are_not(headers: dict[str, str]) -> None:
    assert not is_refused(headers)


def test_behind_https_the_browser_says_what_is_its_own_whatever_host_the_proxy_sends() -> None:
    assert not is_refused({"host": "10.0.0.7:8000", "sec-fetch-site": "same-origin", "origin": "https://regatta.lan"})


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/", False),
        ("/docs", False),
        ("/console/models", False),
        ("/series/strength/reports/k4fe", False),
        ("/data/report", True),
        ("/data/files", True),
        ("/docsearch", True),
    ],
)
def test_a_link_leads_to_what_costs_little(path: str, refused: bool) -> None:
    assert is_refused(LINK, "GET", path) is refused
    assert is_refused(LINK, "POST", path)
    assert is_refused(LINK | {"sec-fetch-dest": "iframe"}, "GET", path)


def test_pages_of_the_origin_that_is_set_may_call() -> None:
    for headers in ({"origin": APP}, {"sec-fetch-site": "cross-site", "origin": APP}):
        assert not is_refused(headers, cors_origin=APP)
        assert is_refused({**headers, "origin": f"{APP}.evil.example"}, cors_origin=APP)
        assert not is_refused({**headers, "origin": "https://any.example"}, cors_origin="*")
    # A link of theirs has a referrer and no origin.
    assert not is_refused(LINK | {"referer": f"{APP}/"}, "GET", cors_origin=APP)
    assert is_refused(LINK | {"referer": "https://evil.example/"}, "GET", cors_origin=APP)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8000", True),
        ("127.0.0.9", True),
        ("localhost:8000", True),
        ("LOCALHOST", True),
        ("[::1]:8000", True),
        ("evil.example:8000", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("localhost:8000.evil.example", False),
        ("evil.example@localhost", False),
        ("localhost/evil.example", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_only_own_names_are_known(host: str, known: bool) -> None:
    assert Doors.of(load()).knows_host(host.encode()) is known


def test_other_names_can_be_set() -> None:
    doors = Doors.of(load(allowed_hosts="regatta.example.com, Other.example"))
    assert [doors.knows_host(host) for host in (b"regatta.example.com", b"other.example:80", b"evil.example")] == [
        True,
        True,
        False,
    ]
    assert Doors.of(load(allowed_hosts="*")).knows_host(b"evil.example")
    assert host_name("[fe80::1]:80") == "fe80::1"


@pytest.fixture
def app(settled: None) -> FastAPI:
    settings.cache_clear()
    router = APIRouter()
    router.add_api_route("/work", lambda: {"worked": True}, methods=["POST"])
    return create_app(router)


def call(app: FastAPI, host: str, headers: dict[str, str], server: str = "127.0.0.1") -> httpx.Response:
    """Send a request that reached the server at an address."""

    async def reached(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "server": (server, 8000)}, receive, send)

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(reached), base_url=f"http://{host}") as client:
            return await client.post("/work", headers=headers)

    return run_async(send)


def test_a_refusal_says_the_way_out_and_is_logged_once(app: FastAPI) -> None:
    with log_lines() as lines:
        answer = call(app, "127.0.0.1:8000", FOREIGN)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert answer.json()["type"] == "urn:regatta:problem:foreign-page"
    assert "REGATTA_CORS_ORIGIN" in answer.json()["detail"]
    assert "access-control-allow-origin" not in answer.headers
    (line,) = lines.events("request")
    assert (line["status"], line["problem"]) == (403, "foreign-page")


def test_a_foreign_name_is_refused_at_a_loopback_address_alone(app: FastAPI) -> None:
    refused = call(app, "evil.example:8000", {})
    assert (refused.status_code, "REGATTA_ALLOWED_HOSTS" in refused.json()["detail"]) == (403, True)
    assert call(app, "regatta.example.com", {}, server="10.0.0.7").status_code == 200
    assert call(app, "localhost:8000", {}).status_code == 200
