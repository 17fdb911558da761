"""A reverse proxy that serves an address below a prefix, which it takes off each path before it passes it on."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.support.http_server import QuietHandler, running_server

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date", "host"}


@contextmanager
def reverse_proxy(upstream: str, prefix: str) -> Iterator[str]:
    """Serve `upstream` below the prefix; yield the URL with the prefix."""
    with httpx.Client(base_url=upstream, timeout=300) as client:

        class Proxy(QuietHandler):
            def pass_on(self) -> None:
                if not self.path.startswith(f"{prefix}/"):
                    self.answer(b"The proxy has nothing here.", 404)
                    return
                size = int(self.headers.get("Content-Length", 0))
                sent = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
                answer = client.request(
                    self.command,
                    self.path.removeprefix(prefix),
                    headers={**sent, "X-Forwarded-Prefix": prefix, "X-Forwarded-Proto": "https"},
                    content=self.rfile.read(size),
                )
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    if name not in HOP_BY_HOP | {"content-encoding"}:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST = do_PATCH = pass_on  # noqa: N815 - the names that http.server calls

        with running_server(Proxy) as url:
            yield url + prefix
