"""A proxy between the service and its object store that does what a test plans: it is late, silent, cut off or refuses.

It speaks HTTP over real sockets, so that the client sees what a bad network or a troubled store would show it. The
store itself is a function.

    with fault_proxy(MemoryS3().answer) as proxy:
        rule = proxy.plan(reset_after, method="PUT", key=r"manifest\\.json$", nth=2)
        ObjectStore("bucket", proxy.url).put(...)
        assert rule.met == 1
"""

import html
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.http_server import QuietHandler

# Closing the socket with this sends a reset in place of an orderly end.
RESET = struct.pack("ii", 1, 0)
DELETED_KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)


@dataclass(frozen=True)
class Request:
    """One request to the store."""

    method: str
    # The path and the query as they were sent.
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of the query, by name."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it is about: one, those to be deleted, or the prefix of a listing."""
        key = unquote(urlsplit(self.target).path).lstrip("/").partition("/")[2]
        if key:
            return (key,)
        if "delete" in self.query:
            return tuple(html.unescape(name) for name in DELETED_KEY.findall(self.body.decode()))
        return tuple(self.query.get("prefix", [""]))

    @property
    def is_write(self) -> bool:
        """Whether it changes the store."""
        return self.method in ("PUT", "POST", "DELETE")

    def __str__(self) -> str:
        deed = "DELETE" if "delete" in self.query else self.method
        return f"{deed} {', '.join(self.keys)}"


@dataclass(frozen=True)
class Answer:
    """What the store answered."""

    status: int
    headers: dict[str, str]
    body: bytes


# Returns the status, the headers and the body of an answer to a method, a path with its query, headers and a body.
Store = Callable[[str, str, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]


@dataclass
class Exchange:
    """One request on its way: what a fault may do with it."""

    request: Request
    # Ask the store. It is called at most once; what it returns is what the store said.
    ask: Callable[[], Answer]
    # Send an answer to the client: all of it, or the headers of all and only so many bytes of its body.
    send: Callable[[Answer, int | None], None]
    # Cut the client off: with a reset, or with an orderly end.
    cut: Callable[[bool], None]
    # Set when the test releases what hangs, and at the end of the proxy.
    released: threading.Event

    def pass_on(self) -> None:
        """Answer what the store answers."""
        self.send(self.ask(), None)


Fault = Callable[[Exchange], None]


def late(seconds: float) -> Fault:
    """Return a fault that passes the request on after a while."""

    def fault(exchange: Exchange) -> None:
        exchange.released.wait(seconds)
        exchange.pass_on()

    return fault


def hang_before(exchange: Exchange) -> None:
    """Say nothing until the test releases it; the request never reaches the store."""
    exchange.released.wait()
    exchange.cut(True)


def hang_after(exchange: Exchange) -> None:
    """Let the request reach the store and say nothing until the test releases it."""
    exchange.ask()
    exchange.released.wait()
    exchange.cut(True)


def reset_before(exchange: Exchange) -> None:
    """Reset the connection; the request never reaches the store."""
    exchange.cut(True)


def reset_after(exchange: Exchange) -> None:
    """Reset the connection once the store has answered: the answer is lost."""
    exchange.ask()
    exchange.cut(True)


def reset_in_body(exchange: Exchange) -> None:
    """Send the headers and half of the body, then reset the connection."""
    _send_half(exchange)
    exchange.cut(True)


def truncate(exchange: Exchange) -> None:
    """Send the headers and half of the body, then end the connection in order."""
    _send_half(exchange)
    exchange.cut(False)


def hang_in_body(exchange: Exchange) -> None:
    """Send the headers and half of the body, and nothing more until the test releases it."""
    _send_half(exchange)
    exchange.released.wait()
    exchange.cut(True)


def refuse(status: int, code: str) -> Fault:
    """Return a fault that answers with an error of S3; the request never reaches the store."""

    def fault(exchange: Exchange) -> None:
        xml = f"<Error><Code>{code}</Code><Message>Planned by the test.</Message></Error>"
        exchange.send(_xml(status, "" if exchange.request.method == "HEAD" else xml), None)

    return fault


internal_error = refuse(500, "InternalError")
slow_down = refuse(503, "SlowDown")
access_denied = refuse(403, "AccessDenied")


def refuse_deletes(exchange: Exchange) -> None:
    """Answer a DeleteObjects with 200 and an error for each key, none of which is deleted; pass on all others."""
    if "delete" not in exchange.request.query:
        exchange.pass_on()
        return
    errors = "".join(
        f"<Error><Key>{html.escape(key)}</Key><Code>AccessDenied</Code><Message>Planned by the test.</Message></Error>"
        for key in exchange.request.keys
    )
    exchange.send(_xml(200, f"<DeleteResult>{errors}</DeleteResult>"), None)


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
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
            proxy.release()
            for connection in tuple(connections):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _ask(store: Store, request: Request) -> Answer:
    return Answer(*store(request.method, request.target, request.headers, request.body))


def _send_half(exchange: Exchange) -> None:
    answer = exchange.ask()
    exchange.send(answer, len(answer.body) // 2)


def _xml(status: int, xml: str) -> Answer:
    headers = {"Content-Type": "application/xml", "Content-Length": str(len(xml))}
    return Answer(status, headers, xml.encode())
