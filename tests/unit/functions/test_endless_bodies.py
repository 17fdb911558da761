"""A body that never ends is broken off with an answer, wherever it is read."""

import json
import zlib
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, Form, Request, UploadFile

from core.settings import Settings
from functions.endless_bodies import PATIENCE
from functions.http import RequestBody, create_app
from tests.support.asgi import ask, run_async

CHUNK = 1000
# Begins a file in a form; what follows is part of it.
OPENING = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'


class Sent(RequestBody):
    """A body that FastAPI parses."""

    x: int


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """An app that reads bodies in each way, and takes ten chunks of JSON or twenty of a form."""
    small = Settings(max_body_bytes=10 * CHUNK, max_upload_bytes=20 * CHUNK)
    monkeypatch.setattr("functions.body_limits.settings", lambda: small)
    router = APIRouter()

    @router.post("/parsed")
    def parsed(body: Sent) -> int:
        return body.x

    @router.post("/bytes")
    async def read(request: Request) -> int:
        return len(await request.body())

    @router.post("/form")
    def form(file: Annotated[UploadFile, Form()]) -> int:
        return file.size or 0

    return create_app(router)


@pytest.mark.parametrize(
    ("path", "media_type", "encoding", "chunks"),
    [
        ("/parsed", "application/json", "identity", 10),
        ("/bytes", "application/json", "identity", 10),
        ("/parsed", "application/json", "gzip", 10),
        ("/form", "multipart/form-data; boundary=B", "identity", 20),
    ],
)
def test_a_body_without_an_end_is_broken_off(
    app: FastAPI, path: str, media_type: str, encoding: str, chunks: int
) -> None:
    received, sent = 0, []
    gzip = zlib.compressobj(0, wbits=31)
    headers = {"content-type": media_type, "content-encoding": encoding, "transfer-encoding": "chunked"}
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> dict[str, Any]:
        nonlocal received
        received += 1
        assert received <= PATIENCE * chunks + 2
        body = OPENING if received == 1 and path == "/form" else CHUNK * b"1"
        if encoding == "gzip":
            body = gzip.compress(body) + gzip.flush(zlib.Z_SYNC_FLUSH)
        return {"type": "http.request", "body": body, "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    run_async(lambda: app(scope, receive, send))
    start, body = sent
    assert start["status"] == 413
    assert (b"connection", b"close") in start["headers"]
    assert json.loads(body["body"])["type"] == "urn:regatta:problem:too-large"


def test_a_body_that_is_a_little_too_large_is_read_to_its_end(app: FastAPI) -> None:
    answer = ask(app, "POST", "/bytes", {"Content-Type": "application/json"}, 15 * CHUNK * b"1")
    assert answer.status_code == 413
    assert "15,000 bytes" in answer.json()["detail"]
    assert "connection" not in answer.headers
