"""Breaks off a body that does not end, before it fills memory or the disk."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import TooLargeError
from core.settings import settings
from functions.problems import respond

FORM = "multipart/form-data"
# Up to so many times what is taken, a body is read to its end: a caller that cannot finish sending may not see the
# answer, and the endpoint knows best what to say.
PATIENCE = 2


class EndlessBodyMiddleware:
    """Answers a body of more than twice what is taken with 413 while it is still being sent, and closes the connection.

    A form may bring REGATTA_MAX_UPLOAD_BYTES, every other body REGATTA_MAX_BODY_BYTES.
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
        form = headers.get("content-type", "").lower().startswith(FORM)
        limit = settings().max_upload_bytes if form else settings().max_body_bytes
        if length is not None and length.isdecimal() and int(length) <= PATIENCE * limit:
            await self.app(scope, receive, send)
            return
        size, is_answered = 0, False

        async def receive_some() -> Message:
            nonlocal size, is_answered
            message = await receive() if not is_answered else {"type": "http.disconnect"}
            size += len(message.get("body", b""))
            if size <= PATIENCE * limit or is_answered:
                return message
            is_answered = True
            error = TooLargeError(f"The body has more than {size:,} bytes; at most {limit:,} are taken. Send less.")
            answer = respond(Request(scope), error)
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send)
            return {"type": "http.disconnect"}

        async def send_unless_answered(message: Message) -> None:
            if not is_answered:
                await send(message)

        await self.app(scope, receive_some, send_unless_answered)
