"""One uvicorn worker of a server, on the listening socket that all of them share. `infra.local.web` starts it."""

import os
import resource
import socket
import sys
import threading
from collections.abc import Sequence

import uvicorn
from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http import httptools_impl

from core.errors import UnavailableError
from core.machine_limits import DESCRIPTORS, RETRY_SECONDS
from functions import heavy_work
from functions.problems import PROBLEM_JSON
from infra.local.bounded_heads import BoundedHeadProtocol
from infra.local.heavy_pool import HeavyPool
from infra.local.lifeline import BEAT, DRAIN_SECONDS, IDLE, LEAVING_SECONDS, Lifeline

TICKS_PER_BEAT = 10
# How long a thread that lists may keep the interpreter while the loop waits for it, which answers predictions. Python's
# own 5 ms are the time of ten of them.
SWITCH_SECONDS = 0.001
# Descriptors that a worker holds without any request, or that one request needs beside its connection. Connections to
# the object store, Redis and the queue stay open, as many of each as calls go on at a time at most (`CALLS`).
OWN_DESCRIPTORS, DESCRIPTORS_PER_REQUEST = 40, 3
# Where more files than these may be open, nothing is limited.
ENOUGH_DESCRIPTORS = 1024
LEAST_AT_ONCE = 4
MOST_DESCRIPTORS = 65_536


class Server(uvicorn.Server):
    """A uvicorn server that sends its supervisor signs that it serves, and that its event loop turns."""

    def __init__(self, config: uvicorn.Config, lifeline: Lifeline) -> None:
        super().__init__(config)
        self._lifeline = lifeline

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app and listen."""
        await super().startup(sockets)
        if not self.should_exit:
            self._lifeline.send(IDLE)

    async def on_tick(self, counter: int) -> bool:
        """Beat once a second; return whether to end."""
        if counter % TICKS_PER_BEAT == 0:
            self._lifeline.send(BEAT)
        return await super().on_tick(counter)

    def end(self) -> None:
        """End as at SIGTERM; called by a thread when the supervisor is gone."""
        watchdog = threading.Timer(DRAIN_SECONDS + LEAVING_SECONDS, os._exit, (1,))
        watchdog.daemon = True
        watchdog.start()
        self.should_exit = True


def most_at_once(descriptors: int) -> int | None:
    """Return how many connections a worker may have that may open so many files; None where that is no limit."""
    if descriptors >= ENOUGH_DESCRIPTORS:
        return None
    return max(LEAST_AT_ONCE, (descriptors - OWN_DESCRIPTORS) // DESCRIPTORS_PER_REQUEST)


def raise_descriptor_limit() -> int:
    """Let this process open as many files as it may at all; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


def main(descriptors: Sequence[int]) -> None:
    """Serve until SIGTERM, or until the supervisor ends. The numbers are those of lifeline, listener and queue."""
    lifeline, listener, queue = descriptors
    sys.setswitchinterval(SWITCH_SECONDS)
    limit = most_at_once(raise_descriptor_limit())
    if limit is not None:
        # uvicorn answers those that are too many itself: in plain text, and without a word on when to come again.
        vars(httptools_impl)["service_unavailable"] = _too_many
    config = uvicorn.Config(
        "infra.local.server:app",
        http=BoundedHeadProtocol,
        limit_concurrency=limit,
        access_log=False,
        # Its own handlers write plain text. The app says itself that it has started.
        log_config=None,
        # A forwarded address would stand for the proxy's own, by which it is trusted.
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = Server(config, line := Lifeline(lifeline))
    line.watch(server.end)
    with socket.socket(fileno=listener) as shared, socket.socket(fileno=queue) as heavy:
        for one in (shared, heavy):
            one.set_inheritable(False)
        heavy_work.install(HeavyPool(heavy).run)
        server.run([shared])


async def _too_many(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a connection that is one too many, and close it."""
    error = UnavailableError(DESCRIPTORS, retry_after=RETRY_SECONDS)
    headers = {"Connection": "close", "Retry-After": str(round(RETRY_SECONDS))}
    body = error.problem(scope["path"])
    await JSONResponse(body, error.status, headers, media_type=PROBLEM_JSON)(scope, receive, send)


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]])
