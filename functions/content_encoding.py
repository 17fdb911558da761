"""Unpack the body of a request that was sent with a Content-Encoding."""

import zlib
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import BadRequestError, RegattaError, TooLargeError, UnsupportedEncodingError
from functions.body_limits import most_bytes
from functions.problems import respond

GZIP = frozenset({"gzip", "x-gzip"})
IDENTITY = "identity"
# The bits of zlib's window, and the flag for the header and trailer of gzip.
GZIP_WINDOW = 31
# So much of the packed body is given to zlib at a time: it copies whatever is left behind the end of a member.
PIECE_BYTES = 16 << 10


class ContentEncodingMiddleware:
    """Gives the app the unpacked body of a request in gzip, and refuses other encodings.

    Neither the packed nor the unpacked body may be larger than its endpoint takes; no more of it is in memory.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        header = Headers(scope=scope).get("content-encoding", "") if scope["type"] == "http" else ""
        encodings = [name for word in header.split(",") if (name := word.strip().lower()) not in ("", IDENTITY)]
        if not encodings:
            await self.app(scope, receive, send)
            return
        try:
            _check(encodings)
            body = unpack(await _received(receive), most_bytes(scope))
        except ClientDisconnect:
            return
        except RegattaError as error:
            await respond(Request(scope), error)(scope, receive, send)
            return
        plain = [pair for pair in scope["headers"] if pair[0] not in (b"content-encoding", b"content-length")]
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        # In place: the line in the log takes from the scope which route answered.
        scope["headers"] = [*plain, (b"content-length", str(len(body)).encode())]
        await self.app(scope, replay, send)


def unpack(packed: bytes, limit: int) -> bytes:
    """Return the content of a gzip of at most `limit` bytes; raises `BadRequestError`, `TooLargeError`."""
    pieces: list[bytes] = []
    size = position = 0
    member = zlib.decompressobj(GZIP_WINDOW)
    while position < len(packed):
        if member.eof:
            member = zlib.decompressobj(GZIP_WINDOW)
        piece = packed[position : position + PIECE_BYTES]
        try:
            unpacked = member.decompress(piece, limit + 1 - size)
        except zlib.error as error:
            raise _damaged(str(error)) from None
        size += len(unpacked)
        if size > limit:
            raise TooLargeError(
                f"The gzip in the body holds more than {limit:,} bytes, which is the most that is taken. Send less."
            )
        if unpacked:
            pieces.append(unpacked)
        position += len(piece) - len(member.unused_data)
    if not member.eof:
        raise _damaged("it ends too early")
    return b"".join(pieces)


def _damaged(reason: str) -> BadRequestError:
    """Return the error for a body that is no gzip, or not a whole one."""
    return BadRequestError(
        f"The body was sent with Content-Encoding: gzip, but is damaged or no gzip ({reason}). Compress it again, or "
        "send it as it is, without the header."
    )


def _check(encodings: Sequence[str]) -> None:
    """Raise `UnsupportedEncodingError` unless the encodings are gzip alone."""
    if len(encodings) == 1 and encodings[0] in GZIP:
        return
    message = f"must be gzip or {IDENTITY}, once"
    raise UnsupportedEncodingError(
        f"A body in the Content-Encoding {', '.join(encodings)[:40]!r} cannot be read. Compress it with gzip, or send "
        "it as it is, without the header.",
        [{"field": "Content-Encoding", "message": message}],
    )


async def _received(receive: Receive) -> bytes:
    """Return the whole body as received, of which `functions.endless_bodies` lets only so much through."""
    pieces: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(pieces)
