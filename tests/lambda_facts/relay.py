"""A road to a server that a test may cut, as the network does while a function sleeps."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit, urlunsplit


class Relay:
    """Passes connections on to a server of this machine: a port, or the path of a socket."""

    def __init__(self, to: int | str) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> int:
        """Break every connection, without a word to either side that is still asleep; how many there were."""
        broken, self._open = self._open, []
        for end in broken:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        return len(broken) // 2

    def close(self) -> None:
        """Take no more connections either."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = self._connect()
            self._open += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._to, int):
            return socket.create_connection(("127.0.0.1", self._to))
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._to)
        return far


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def relayed(url: str) -> Iterator[tuple[Relay, str]]:
    """A relay to the server at `url`, and the same URL through it; of a Redis at a socket, one of a port."""
    parts = urlsplit(url)
    is_socket = parts.scheme == "unix"
    to = unquote(parts.path) if is_socket else parts.port
    assert to
    relay = Relay(to)
    through = f"127.0.0.1:{relay.port}"
    try:
        yield relay, f"redis://{through}/0" if is_socket else urlunsplit(parts._replace(netloc=through))
    finally:
        relay.close()
