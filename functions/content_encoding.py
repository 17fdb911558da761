"""Unpack the body of a request that was sent with a Content-Encoding."""

import zlib
from collections.abc import AsyncIterator, Iterator, Sequence

from anyio.lowlevel import checkpoint
from starlette.datastructures import Headers
from starlette.requests import Request
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
# A piece can hold a thousand times its bytes; so much of them is in memory at a time.
UNPACKED_BYTES = 1 << 20


class ContentEncodingMiddleware:
    """Gives the app the unpacked body of a request in gzip, and refuses other encodings.

    It unpacks what the app asks for and no more of it: nothing before the guard of a route knows who calls. Neither the
    packed nor the unpacked body may be larger than its endpoint takes.
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
        except RegattaError as error:
            await respond(Request(scope), error)(scope, receive, send)
            return
        plain = [pair for pair in scope["headers"] if pair[0] not in (b"content-encoding", b"content-length")]
        # In place: the line in the log takes from the scope which route answered.
        scope["headers"] = plain
        await self._unpack(scope, receive, send)

    async def _unpack(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request in gzip, whose body is found to be damaged or too large while the app reads it."""
        unpacked = _unpacked_messages(receive, most_bytes(scope))
        is_answered = False

        async def receive_unpacked() -> Message:
            nonlocal is_answered
            if is_answered:
                return {"type": "http.disconnect"}
            try:
                return await anext(unpacked, None) or await receive()
            except RegattaError as error:
                is_answered = True
                answer = respond(Request(scope), error)
                # Whatever else comes of the body is not received.
                answer.headers["Connection"] = "close"
                await answer(scope, receive, send)
                return {"type": "http.disconnect"}

        async def send_unless_answered(message: Message) -> None:
            if not is_answered:
                await send(message)

        await self.app(scope, receive_unpacked, send_unless_answered)


class Unpacker:
    """Unpacks a gzip of at most `limit` bytes as it comes in."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._member = zlib.decompressobj(GZIP_WINDOW)

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """Yield the content of the next packed bytes in pieces of at most 1 MiB.

        Raises `BadRequestError` where they are no gzip, `TooLargeError` at the limit.
        """
        position = 0
        while position < len(packed):
            if self._member.eof:
                self._member = zlib.decompressobj(GZIP_WINDOW)
            piece = packed[position : position + PIECE_BYTES]
            try:
                unpacked = self._member.decompress(piece, UNPACKED_BYTES)
            except zlib.error as error:
                raise _damaged(str(error)) from None
            self._size += len(unpacked)
            if self._size > self._limit:
                raise TooLargeError(
                    f"The gzip in the body holds more than {self._limit:,} bytes, which is the most that is taken. "
                    "Send less."
                )
            if unpacked:
                yield unpacked
            position += len(piece) - len(self._member.unused_data) - len(self._member.unconsumed_tail)

    def finish(self) -> None:
        """Raise `BadRequestError` where the gzip is not a whole one."""
        if not self._member.eof:
            raise _damaged("it ends too early")


async def _unpacked_messages(receive: Receive, limit: int) -> AsyncIterator[Message]:
    """Yield the messages of an unpacked body; raises what `Unpacker` does."""
    unpacker = Unpacker(limit)
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            yield message
            return
        for piece in unpacker.feed(message.get("body", b"")):
            yield {"type": "http.request", "body": piece, "more_body": True}
            # Others have their turn: the server answers them on the same thread.
            await checkpoint()
        more = message.get("more_body", False)
    unpacker.finish()
    yield {"type": "http.request", "body": b"", "more_body": False}


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
