"""A body in gzip is read as the body itself; damaged and unknown encodings and bombs are refused."""

import gzip
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import process_time
from typing import Any

import anyio
import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request

from core.errors import BadRequestError, TooLargeError
from core.settings import Settings, settings
from functions.access import GuardedRoute
from functions.content_encoding import PIECE_BYTES, UNPACKED_BYTES, Unpacker
from functions.http import RequestBody, create_app
from tests.support.tables import CASES

# More than any content here has.
MOST = 64 << 20
GZIPPED = {"Content-Encoding": "gzip", "Content-Type": "application/json"}


class Sent(RequestBody):
    """A body that FastAPI parses."""

    x: int


def unpack(packed: bytes, limit: int) -> bytes:
    """Return the content of a gzip that comes in at once."""
    unpacker = Unpacker(limit)
    content = b"".join(unpacker.feed(packed))
    unpacker.finish()
    return content


class Client:
    """A client of one app, which gets the bytes as they are sent."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def post(self, path: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://app") as client:
                return await client.post(path, content=content, headers=headers)

        with ThreadPoolExecutor(1) as pool:  # a thread without the event loop that the handlers keep
            return pool.submit(anyio.run, send).result()


@pytest.fixture
def client() -> Client:
    """Two endpoints: one reads its bytes, the other one has its body parsed."""
    router = APIRouter(route_class=GuardedRoute)

    @router.post("/bytes")
    async def read_bytes(request: Request) -> dict[str, Any]:
        body = await request.body()
        return {"body": body.decode(), "length": request.headers.get("content-length")}

    @router.post("/parsed")
    def parsed(sent: Sent) -> int:
        return sent.x

    return Client(create_app(router))


@pytest.mark.parametrize("name", ["gzip", "GZIP", " x-gzip", "identity, gzip"])
def test_a_body_in_gzip_is_the_body(client: Client, name: str) -> None:
    headers = {**GZIPPED, "Content-Encoding": name}
    sent = client.post("/bytes", content=gzip.compress(b"a,b\n1,2\n"), headers=headers)
    assert sent.json() == {"body": "a,b\n1,2\n", "length": None}
    assert client.post("/parsed", content=gzip.compress(b'{"x": 7}'), headers=headers).json() == 7


@pytest.mark.parametrize("name", ["", "identity", "Identity, "])
def test_a_body_as_it_is_may_say_so(client: Client, name: str) -> None:
    assert client.post("/parsed", content=b'{"x": 7}', headers={**GZIPPED, "Content-Encoding": name}).json() == 7


def test_several_members_are_one_content() -> None:
    assert unpack(gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two"), MOST) == b"one two"


def test_many_members_cost_no_copy_of_the_rest_each() -> None:
    packed = gzip.compress(b"") * 150_000 + gzip.compress(b"end")
    started = process_time()
    assert unpack(packed, MOST) == b"end"
    # A copy of the rest for each member takes more than 5 seconds.
    assert process_time() - started < 3


@pytest.mark.parametrize("size", [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_members_end_anywhere_in_the_pieces(size: int) -> None:
    one = gzip.compress(random.Random(size).randbytes(size))
    assert unpack(one * 5, MOST) == gzip.decompress(one) * 5
    with pytest.raises(BadRequestError):
        unpack(one * 5 + one[:-1], MOST)


@pytest.mark.parametrize("name", ["br", "deflate", "zstd", "gzip, gzip", "gzip, br", "utf-8"])
def test_another_encoding_is_a_415_with_the_way_out(client: Client, name: str) -> None:
    refused = client.post("/parsed", content=b"any", headers={**GZIPPED, "Content-Encoding": name})
    assert (refused.status_code, refused.json()["type"]) == (415, "urn:regatta:problem:unsupported-encoding")
    assert "Compress it with gzip, or send it as it is" in refused.json()["detail"]
    assert refused.json()["errors"][0]["field"] == "Content-Encoding"
    assert refused.headers["content-type"] == "application/problem+json"


PACKED = gzip.compress(b'{"x": 7}', mtime=0)


@pytest.mark.parametrize("content", [b"", b'{"x": 7}', PACKED[:-3], PACKED + b"rest"])
def test_a_damaged_gzip_is_refused(client: Client, content: bytes) -> None:
    refused = client.post("/parsed", content=content, headers=GZIPPED)
    assert (refused.status_code, "damaged or no gzip" in refused.json()["detail"]) == (400, True)
    with pytest.raises(BadRequestError):
        unpack(content, MOST)


def test_a_bomb_costs_no_more_memory_than_the_limit(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.body_limits.settings", lambda: Settings(max_body_bytes=1_000_000))
    bomb = gzip.compress(b"0" * 30_000_000)
    assert len(bomb) < 1_000_000
    for content in (bomb, gzip.compress(b"0" * 600_000) * 2, b"\1" * 1_000_001):
        refused = client.post("/parsed", content=content, headers=GZIPPED)
        assert (refused.status_code, "1,000,000" in refused.json()["detail"]) == (413, True)
    assert unpack(gzip.compress(b"0" * 1_000_000), 1_000_000) == b"0" * 1_000_000
    with pytest.raises(TooLargeError):
        unpack(gzip.compress(b"0" * 1_000_001), 1_000_000)


def test_a_bomb_is_unpacked_in_pieces() -> None:
    unpacker = Unpacker(MOST)
    sizes = [len(piece) for piece in unpacker.feed(gzip.compress(b"0" * (8 << 20) + b"1"))]
    unpacker.finish()
    assert (max(sizes), sum(sizes)) == (UNPACKED_BYTES, (8 << 20) + 1)


def test_a_body_that_nobody_reads_is_not_unpacked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def feed(unpacker: Unpacker, packed: bytes) -> Iterator[bytes]:
        pytest.fail("it was unpacked")

    monkeypatch.setattr(Unpacker, "feed", feed)
    assert client.post("/nowhere", gzip.compress(b"0"), GZIPPED).status_code == 404
    monkeypatch.setenv("REGATTA_AUTH", "keys")
    settings.cache_clear()
    try:
        assert client.post("/parsed", gzip.compress(b'{"x": 7}'), GZIPPED).status_code == 401
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_a_prediction_in_gzip_is_that_prediction(handlers: httpx.Client) -> None:
    from functions.predict.app import app

    packed = (CASES / "C8_gzip_json_body.bin").read_bytes()
    as_gzip = Client(app).post("/predict", packed, GZIPPED)
    plain = handlers.post("/predict", json=json.loads(gzip.decompress(packed)))
    assert as_gzip.json() == plain.json()
    assert plain.json()["type"] == "urn:regatta:problem:invalid-input"  # it names no model, so its fields were read


def test_a_csv_in_gzip_reaches_a_prediction_through_the_gateway(handlers: httpx.Client) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/csv"}
    answer = handlers.post("/predict/batch?model_name=none", content=gzip.compress(b"a,b\n1,2\n"), headers=headers)
    assert answer.status_code == 404
