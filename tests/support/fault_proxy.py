"""A proxy between the service and its object store that does what a test plans: it is late, silent, cut off or refuses.

It speaks HTTP over real sockets, so that the client sees what a bad network or a troubled store would show it. The
store itself is a function.

    with fault_proxy(MemoryS3().answer) as proxy:
        rule = proxy.plan(reset_after, method="PUT", key=r"manifest\\.json$", nth=2)
        ObjectStore("bucket", proxy.url).put(...)
        assert rule.met == 1
"""

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer

from tests.support.faults import Answer, Exchange, Fault, Request
from tests.support.http_server import QuietHandler, serving

# Closing the socket with this sends a reset in place of an orderly end.
RESET = struct.pack("ii", 1, 0)

# Returns the status, the headers and the body of an answer to a method, a path with its query, headers and a body.
Store = Callable[[str, str, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]


@dataclass
class Rule:
    """A fault, and the requests that it meets: of those that match, `times` from the nth on (None: all of them)."""

    fault: Fault
    matches: Callable[[Request], bool]
    nth: int = 1
    times: int | None = 1
    # How many requests have matched, and how many of them were met by the fault.
    seen: int = 0
    met: int = 0
    # Set once the fault has met a request.
    began: threading.Event = field(default_factory=threading.Event)

    def takes(self, request: Request) -> bool:
        """Count the request if it matches; return whether the fault meets it. Called under the proxy's lock."""
        if not self.matches(request):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.met >= self.times):
            return False
        self.met += 1
        self.began.set()
        return True


class FaultProxy:
    """The plan of the faults, and the record of what was asked."""

    def __init__(self) -> None:
        """Plan nothing yet: every request is passed on."""
        self.url = ""
        # Every request in the order of arrival, with those that a fault kept from the store.
        self.requests: list[Request] = []
        self.released = threading.Event()
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def plan(
        self, fault: Fault, *, method: str | None = None, key: str = "", nth: int = 1, times: int | None = 1
    ) -> Rule:
        """Let the fault meet requests by `method` whose key has the pattern `key`: `times` of them from the nth on.

        Without a method it meets all of them, with `times=None` each one from the nth on. The rule planned first wins.
        """

        def matches(request: Request) -> bool:
            return method in (None, request.method) and any(re.search(key, name) for name in request.keys)

        return self.plan_for(fault, matches, nth=nth, times=times)

    def plan_for(
        self, fault: Fault, matches: Callable[[Request], bool], *, nth: int = 1, times: int | None = 1
    ) -> Rule:
        """Let the fault meet the requests that `matches` picks: `times` of them from the nth on."""
        rule = Rule(fault, matches, nth, times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget the plan and the record, and release what hangs: the store is well again."""
        with self._lock:
            self._rules.clear()
            self.requests.clear()
        self.release()

    def release(self) -> None:
        """Release every request that hangs now."""
        released, self.released = self.released, threading.Event()
        released.set()

    def fault_for(self, request: Request) -> Fault:
        """Record the request and return the fault that meets it; one that passes it on where none does."""
        with self._lock:
            self.requests.append(request)
            taken = [rule for rule in self._rules if rule.takes(request)]
        return taken[0].fault if taken else Exchange.pass_on


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that is gone is what the test wants to see."""


@contextmanager
def fault_proxy(store: Store) -> Iterator[FaultProxy]:
    """Run a proxy in front of a store on a free port during the block; every connection ends with it."""
    proxy = FaultProxy()
    connections: set[socket.socket] = set()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            connections.add(self.connection)

        def finish(self) -> None:
            connections.discard(self.connection)
            super().finish()

        def meet(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.command, self.path, dict(self.headers.items()), body)
            exchange = Exchange(request, lambda: _ask(store, request), self._send, self._cut, proxy.released)
            # The client may be gone, which is what the test wants to see.
            try:
                proxy.fault_for(request)(exchange)
            except OSError:
                self._cut(True)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = meet  # noqa: N815 - the names that http.server calls

        def _send(self, answer: Answer, length: int | None) -> None:
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body[:length])

        def _cut(self, reset: bool) -> None:
            self.close_connection = True
            with suppress(OSError):
                if reset:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                else:
                    self.connection.shutdown(socket.SHUT_RDWR)
                # Closed at once: the server would end the connection in order first.
                socket.close(self.connection.detach())

    with _Server(("127.0.0.1", 0), Handler) as server:
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        try:
            with serving(server):
                yield proxy
        finally:
            proxy.release()
            for connection in tuple(connections):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _ask(store: Store, request: Request) -> Answer:
    return Answer(*store(request.method, request.target, request.headers, request.body))
