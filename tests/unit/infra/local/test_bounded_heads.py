"""A head of a request that goes on and on is refused."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from infra.local.bounded_heads import MOST_HEAD_BYTES, TOO_LARGE, BoundedHeadProtocol
from tests.support.asgi import run_async

PIECE = 16 << 10


class Connection(asyncio.Transport):
    """The server's side of a connection: what was written, and whether it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def is_closing(self) -> bool:
        return self.is_closed


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def sent(*pieces: bytes) -> Connection:
    """Return the connection after these pieces have come in."""

    async def talk() -> Connection:
        config = Config(app, http=BoundedHeadProtocol, log_config=None)
        config.load()
        protocol = BoundedHeadProtocol(config, ServerState(), {}, asyncio.get_running_loop())
        connection = Connection()
        protocol.connection_made(connection)
        for piece in pieces:
            protocol.data_received(piece)
            while tasks := protocol.tasks:
                await asyncio.wait(tasks, timeout=0)
                if protocol.cycle.more_body:
                    break
        return connection

    return run_async(talk)


@pytest.mark.parametrize(
    ("begun", "piece"),
    [
        (b"GET / HTTP/1.1\r\nx-long: ", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n" * (PIECE // 6)),
        (b"GET /", b"a" * PIECE),
    ],
)
def test_a_head_that_goes_on_is_refused(begun: bytes, piece: bytes) -> None:
    connection = sent(begun, *[piece] * (MOST_HEAD_BYTES // PIECE + 2))
    assert connection.is_closed
    assert connection.written.startswith(b"HTTP/1.1 400 ")
    assert TOO_LARGE.encode() in connection.written
    assert connection.written.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("trailer", [b"a" * PIECE, b"a: b\r\n" * (PIECE // 6)])
def test_trailers_that_go_on_are_refused(trailer: bytes) -> None:
    begun = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    connection = sent(begun, *[trailer] * (MOST_HEAD_BYTES // PIECE + 2))
    assert connection.is_closed
    assert TOO_LARGE.encode() in connection.written


def test_a_large_body_in_chunks_is_no_head() -> None:
    head = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n" % (16 * PIECE)
    connection = sent(head, *[chunk, b"b" * 16 * PIECE, b"\r\n"] * 3, b"0\r\n\r\n")
    assert connection.written.count(b"HTTP/1.1 204 ") == 1
    assert not connection.is_closed


def test_a_long_head_and_a_longer_body_are_served_one_after_the_other() -> None:
    head = b"POST / HTTP/1.1\r\nhost: a\r\nx-long: " + b"a" * 3 * PIECE
    rest = b"\r\ncontent-length: %d\r\n\r\n" % (8 * PIECE)
    connection = sent(*[head, rest, *[b"b" * PIECE] * 8] * 2)
    assert connection.written.count(b"HTTP/1.1 204 ") == 2
    assert not connection.is_closed
