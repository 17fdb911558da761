"""What can happen to a request between the service and its object store: it is late, silent, cut off or refused.

`tests.support.fault_proxy` plans which request meets which fault.
"""

import html
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

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


def slow_down_after(exchange: Exchange) -> None:
    """Let the request reach the store, and answer that it is asked too much."""
    exchange.ask()
    slow_down(exchange)


def redirect(exchange: Exchange) -> None:
    """Answer as a proxy does that wants all requests elsewhere; the request never reaches the store."""
    exchange.send(Answer(302, {"Location": "http://127.0.0.1:9/", "Content-Length": "0"}, b""), None)


def answer_a_page(exchange: Exchange) -> None:
    """Answer as a proxy does that has a page of its own for everything; the request never reaches the store."""
    page = "<html><body>Sign in to the network.</body></html>"
    headers = {"Content-Type": "text/html", "Content-Length": str(len(page))}
    exchange.send(Answer(200, headers, page.encode()), None)


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


def _send_half(exchange: Exchange) -> None:
    answer = exchange.ask()
    exchange.send(answer, len(answer.body) // 2)


def _xml(status: int, xml: str) -> Answer:
    headers = {"Content-Type": "application/xml", "Content-Length": str(len(xml))}
    return Answer(status, headers, xml.encode())
