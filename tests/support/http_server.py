"""HTTP servers for tests, in threads of this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer

# How long a server may take until it notices that it is to end, which its test waits for: half a second by default.
END_SECONDS = 0.01


class QuietHandler(BaseHTTPRequestHandler):
    """A handler that logs nothing, and answers in one call."""

    # Else the second half of an answer waits 40 ms for the other side to acknowledge the first.
    disable_nagle_algorithm = True

    def answer(self, body: bytes = b"", status: int = 200) -> None:
        """Send a whole response."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve during the block; yield the URL, without a slash at its end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Let a server answer during the block, in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(END_SECONDS,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
