"""A service for the command line in a thread of this process: it answers as a test says, and keeps the requests."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from core import __version__
from tests.support.http_server import QuietHandler, running_server

Answer = tuple[int, Any]


@dataclass
class FakeService:
    """What was asked, and what is answered: by method and path a JSON document, or a function of query and body."""

    url: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    connections: set[tuple[str, int]] = field(default_factory=set)
    version: str = __version__

    def answer(self, call: str, query: dict[str, str], body: bytes) -> Answer:
        """Return the status and the document for a call such as `GET /data/files`."""
        self.requests.append((call, query, body))
        found = self.answers.get(call)
        if found is None:
            return 404, {"type": "urn:regatta:problem:no-such-route", "title": "", "detail": f"Nothing at {call}"}
        document = found(query, body) if callable(found) else found
        return document if isinstance(document, tuple) else (200, document)


@contextmanager
def fake_service(**answers: Any) -> Iterator[FakeService]:
    """Serve within a `with` block."""
    service = FakeService(answers=answers)

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply("GET")

        def do_POST(self) -> None:
            self._reply("POST")

        def _reply(self, method: str) -> None:
            service.connections.add(self.client_address)
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, document = service.answer(f"{method} {url.path}", dict(parse_qsl(url.query)), body)
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Regatta-Version", service.version)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with running_server(Handler) as url:
        service.url = url
        yield service


def predicting(of_row: Callable[[dict[str, str]], float]) -> Callable[[dict[str, str], bytes], Any]:
    """Return an answer of POST /predict/batch that predicts each row of the CSV by a function of its cells."""

    def answer(query: dict[str, str], body: bytes) -> Any:
        rows = csv.DictReader(io.StringIO(body.decode(), newline=""), delimiter=query["delimiter"])
        values = [of_row(row) for row in rows]
        return {"predictions": values, "count": len(values), "model_name": "mix", "version": 1, "warnings": []}

    return answer
