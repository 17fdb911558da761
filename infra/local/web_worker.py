"""One uvicorn worker of a server, on the listening socket that all of them share. `infra.local.web` starts it."""

import os
import socket
import sys
import threading
from collections.abc import Sequence

import uvicorn

from functions import heavy_work
from infra.local.heavy_pool import HeavyPool
from infra.local.lifeline import BEAT, DRAIN_SECONDS, IDLE, LEAVING_SECONDS, Lifeline

TICKS_PER_BEAT = 10


class Server(uvicorn.Server):
    """A uvicorn server that tells its supervisor when it serves, and that its event loop turns."""

    def __init__(self, config: uvicorn.Config, lifeline: Lifeline) -> None:
        super().__init__(config)
        self._lifeline = lifeline

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app and listen."""
        await super().startup(sockets)
        if not self.should_exit:
            self._lifeline.tell(IDLE)

    async def on_tick(self, counter: int) -> bool:
        """Beat once a second; return whether to end."""
        if counter % TICKS_PER_BEAT == 0:
            self._lifeline.tell(BEAT)
        return await super().on_tick(counter)

    def end(self) -> None:
        """End as at SIGTERM; called by a thread when the supervisor is gone."""
        watchdog = threading.Timer(DRAIN_SECONDS + LEAVING_SECONDS, os._exit, (1,))
        watchdog.daemon = True
        watchdog.start()
        self.should_exit = True


def main(descriptors: Sequence[int]) -> None:
    """Serve until SIGTERM, or until the supervisor ends. The numbers are those of lifeline, listener and queue."""
    lifeline, listener, queue = descriptors
    config = uvicorn.Config(
        "infra.local.server:app",
        access_log=False,
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


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]])
