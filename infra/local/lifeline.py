"""The socket by which a server and a child process of it know of each other: neither outlives the other unnoticed.

The child sends its state as single bytes. When the server ends, however it ends, the child reads the end of the stream.
This works wherever there are sockets; no system call of one platform is needed.
"""

import contextlib
import socket
import threading
from collections.abc import Callable

# What a child sends: it serves and has nothing to do, it has work, it is alive.
IDLE, BUSY, BEAT = b"i", b"b", b"."
# What a server sends: end when there is nothing to do; put back what another server can do.
LEAVE, PUT_BACK = b"l", b"p"
# How long a worker that ends finishes the requests that it has begun; so much later it ends whatever goes on.
DRAIN_SECONDS, LEAVING_SECONDS = 5, 3


class Lifeline:
    """The end of a child process."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        # A process that this one starts must not hold the line open.
        self._socket.set_inheritable(False)

    def send(self, state: bytes) -> None:
        """Send the server a state. Nothing happens where the server has ended: `watch` notices that.

        It never waits: a server that is stopped for a while and reads nothing must not stop its processes.
        """
        with contextlib.suppress(OSError):
            self._socket.send(state, socket.MSG_DONTWAIT)

    def watch(self, on_end: Callable[[], None], on_message: Callable[[bytes], None] = lambda message: None) -> None:
        """Start a thread that passes on what the server sends, and calls `on_end` when the server is gone."""
        threading.Thread(target=self._watch, args=(on_end, on_message), name="lifeline", daemon=True).start()

    def _watch(self, on_end: Callable[[], None], on_message: Callable[[bytes], None]) -> None:
        try:
            while message := self._socket.recv(1):
                on_message(message)
        except OSError:
            pass  # the server was killed while it wrote
        on_end()
