"""Notices that the caller of long work has left, so that the work ends."""

import asyncio
from contextlib import suppress
from threading import Event

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.departures import ending_with
from functions.deadlines import is_long


class DepartureMiddleware:
    """Watches the connection of each long request once its body is there. Other requests pass unchanged."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not is_long(scope["path"].removeprefix(scope.get("root_path", ""))):
            await self.app(scope, receive, send)
            return
        watch = _Watch(receive)
        if scope["method"] == "GET":  # a gateway may leave out how long the body of another one is
            watch.begin()
        try:
            with ending_with(watch.departure):
                await self.app(scope, watch.receive, send)
        finally:
            await watch.end()


class _Watch:
    """The connection of one request: its body for the app, and behind it the end of the connection."""

    def __init__(self, receive: Receive) -> None:
        self.departure = Event()
        self._receive = receive
        self._watching: asyncio.Task[Message] | None = None

    async def receive(self) -> Message:
        """Return the next message; behind the body it is that the caller has left."""
        if self._watching is not None:
            return await asyncio.shield(self._watching)
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.departure.set()
        elif not message.get("more_body", False):
            self.begin()
        return message

    def begin(self) -> None:
        """Watch the connection from now on: nothing of the body is to come."""
        self._watching = asyncio.ensure_future(self._watch())

    async def end(self) -> None:
        """Watch no longer."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching

    async def _watch(self) -> Message:
        message = await self._receive()
        while message["type"] != "http.disconnect":
            message = await self._receive()
        self.departure.set()
        return message
