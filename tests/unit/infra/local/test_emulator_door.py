"""Who gets past the door of the emulated AWS without credentials: nobody but callers of the gateway that may call."""

from collections.abc import Callable
from typing import Any

import pytest

from core.settings import settings
from infra.local.credentials import Credentials
from infra.local.emulator_door import Door
from infra.local.emulator_signatures import Verifier
from tests.support.asgi import run_async

REPORT = "/restapis/abc123/prod/_user_request_/data/report"
PAGE = "/restapis/abc123/prod/_user_request_/docs"
FOREIGN = {"sec-fetch-site": "cross-site"}
OPENED = {**FOREIGN, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}

# Sends a request and returns the status; 299 is what got in.
Knock = Callable[..., int]
IN = 299


@pytest.fixture
def knock(settled: None) -> Knock:
    async def inside(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": IN, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    door = Door(inside, settings(), Verifier(Credentials("AKIAHOME", "the secret of this home")))

    def ask(method: str, path: str, query: str = "", host: str = "127.0.0.1:4566", **headers: str) -> int:
        sent: list[Any] = []
        named = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        }

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        run_async(lambda: door(scope, receive, send))
        return int(sent[0]["status"])

    return ask


def test_programs_and_links_to_pages_reach_the_gateway(knock: Knock) -> None:
    assert knock("GET", REPORT) == IN
    assert knock("GET", PAGE, **OPENED) == IN


@pytest.mark.parametrize("query", ["", "X-Amz-Signature=0", "X-Amz-Signature"])
@pytest.mark.parametrize("headers", [FOREIGN, OPENED])
def test_no_query_lets_a_foreign_page_open_what_is_behind_the_gateway(
    knock: Knock, query: str, headers: dict[str, str]
) -> None:
    assert knock("GET", REPORT, query, **headers) == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", path) for path in ("/", "/bucket", "/bucket/", "/2015-03-31/functions", "/_ministack/reset")),
        *(
            ("GET", path)
            for path in ("/", "/bucket/key", "/_ministack/state", "/_ministack/health/", "//_ministack/health")
        ),
        *(
            ("GET", path)
            for path in ("/restapis", "/restapis/abc123", "/restapis/a/b/_user_request", "/_aws/sqs/messages")
        ),
        *(("GET", path) for path in (f"/x{REPORT}", f"/{REPORT}", "/restapis/a/b/c/_user_request_/data/report")),
        ("PUT", "/bucket/key"),
        ("DELETE", "/bucket"),
        ("POST", "/_ministack/health"),
        ("PROPFIND", "/bucket"),
    ],
)
def test_without_a_signature_nothing_else_does(knock: Knock, method: str, path: str) -> None:
    assert knock(method, path) == 403
    assert knock(method, path, "X-Amz-Signature=0") == 403
    assert knock(method, path, host="abc123.execute-api.localhost:4566") == 403
    assert knock(method, path, x_amz_target="AWSLambda.Invoke") == 403


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:4566", "127.0.0.1.evil.example", "localhost.evil.example", "evil@example"),
        *("", ":4566", "[", "[::2]:4566", "0.0.0.0:4566", "2130706433", "0x7f.1", "127.1", "localhost.", "127.0.0.1."),
        *("abc123.execute-api.evil.example", "abc123.execute-api.localhost", "bucket.s3.localhost:4566", "::1", "\xff"),
    ],
)
def test_no_other_name_is_answered(knock: Knock, host: str) -> None:
    for path in (REPORT, PAGE, "/_ministack/health"):
        assert knock("GET", path, host=host) == 403
