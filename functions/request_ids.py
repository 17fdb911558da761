"""The headers of every answer: which version answered, and the id of the request."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import __version__
from core.telemetry.request_id import HEADER, serving_request

VERSION_HEADER = (b"regatta-version", __version__.encode())
ID_HEADER = HEADER.lower().encode()


class RequestIdMiddleware:
    """Serves each request with the id of its X-Request-Id, or a new one, and says it in the answer.

    Every answer also has Regatta-Version: a client knows by it that this is Regatta at all.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with serving_request(_chosen_id(scope)) as request_id:
            headers = (VERSION_HEADER, (ID_HEADER, request_id.encode()))

            async def send_with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message = {**message, "headers": [*message.get("headers", ()), *headers]}
                await send(message)

            await self.app(scope, receive, send_with_headers)


def _chosen_id(scope: Scope) -> str | None:
    """Return the caller's id of the request, else the one that the gateway has in its access log, else None."""
    for name, value in scope["headers"]:
        if name == ID_HEADER:
            chosen: str = value.decode("latin-1")
            return chosen
    context = scope.get("aws.event", {}).get("requestContext", {})
    gateway: str | None = context.get("requestId")
    return gateway
