"""Answers HEAD as the GET of the same path, without the body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Serves a HEAD as a GET whose body is thrown away; its headers are those of the GET, its length included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        # The server has to know that no body follows, so the scope of the request itself stays one of a HEAD.
        inner = {**scope, "method": "GET"}
        await self.app(inner, receive, send_without_body)
        # The line in the log takes from the scope which route answered.
        scope["route"] = inner.get("route")
