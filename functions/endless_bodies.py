"""Refuses a body that is too large before it is read, and breaks off one that turns out to be."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import TooLargeError
from functions.body_limits import most_bytes, too_large
from functions.problems import respond

# Up to so many times what is taken, the connection stays open and the server throws the body away: a caller that cannot
# finish sending may not see the answer.
PATIENCE = 2
# A length of more digits is no length.
MOST_DIGITS = 18


class EndlessBodyMiddleware:
    """Answers a body of more bytes than its endpoint takes with 413.

    A body that says its length is refused without reading any of it. One in chunks is counted and broken off at the
    limit. Either way no endpoint sees more than it takes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length")
        if length is None and "transfer-encoding" not in headers:  # there is no body
            await self.app(scope, receive, send)
            return
        limit = most_bytes(scope)
        if length is None or not length.isdecimal():
            await self._count(scope, receive, send, limit)
            return
        size = int(length[:MOST_DIGITS])
        if size <= limit:
            await self.app(scope, receive, send)
            return
        error = too_large(scope, size, limit)
        await _refuse(scope, receive, send, error, closes=size > PATIENCE * limit)

    async def _count(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        """Serve a request whose body is as long as it turns out to be."""
        size, is_answered = 0, False

        async def receive_some() -> Message:
            nonlocal size, is_answered
            message = await receive() if not is_answered else {"type": "http.disconnect"}
            size += len(message.get("body", b""))
            if size <= limit or is_answered:
                return message
            is_answered = True
            await _refuse(scope, receive, send, too_large(scope, size, limit), closes=True)
            return {"type": "http.disconnect"}

        async def send_unless_answered(message: Message) -> None:
            if not is_answered:
                await send(message)

        await self.app(scope, receive_some, send_unless_answered)


async def _refuse(scope: Scope, receive: Receive, send: Send, error: TooLargeError, *, closes: bool) -> None:
    """Answer with the error; `closes` ends the connection, so that nothing further is received."""
    answer = respond(Request(scope), error)
    if closes:
        answer.headers["Connection"] = "close"
    await answer(scope, receive, send)
