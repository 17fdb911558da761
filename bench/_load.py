"""Measures one uvicorn worker under the load of connections that send the next request after each response."""

import asyncio
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
import uvloop

HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 10
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Load:
    """The result of a burst: requests a second, and percentiles of the latency in seconds.

    `busy` is the share of the time that this process, which generates the load, was on a core.
    """

    per_second: float
    p50: float
    p99: float
    busy: float


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes]) -> None:
    """End a child process; kill it where it does not end by itself."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def served(app: str) -> Iterator[int]:
    """Serve `app` on one uvicorn worker, without an access log; yield its port."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", app, "--host", HOST, "--port", str(port)]
    process = subprocess.Popen([*command, "--no-access-log", "--log-level", "warning"])
    try:
        _wait(process, port)
        yield port
    finally:
        end(process)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server did not start")


def post_request(path: str, body: bytes) -> bytes:
    """Return the bytes of a POST request."""
    head = f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def burst(port: int, request: bytes, seconds: float, connections: int) -> Load:
    """Send one request again and again over `connections` for `seconds`; raises unless every response is a 200."""
    return uvloop.run(_burst(port, request, seconds, connections))


async def _burst(port: int, request: bytes, seconds: float, connections: int) -> Load:
    loop = asyncio.get_running_loop()
    cpu_start, start = time.process_time(), time.perf_counter()
    connected = [_Connection(request, start + seconds, loop.create_future()) for _ in range(connections)]
    for connection in connected:
        await loop.create_connection(partial(_identity, connection), HOST, port)
    await asyncio.wait_for(asyncio.gather(*(connection.done for connection in connected)), seconds + 30)
    taken = time.perf_counter() - start
    latencies = np.concatenate([connection.latencies for connection in connected])
    p50, p99 = np.percentile(latencies, [50, 99])
    return Load(len(latencies) / taken, float(p50), float(p99), (time.process_time() - cpu_start) / taken)


def _identity(connection: "_Connection") -> "_Connection":
    return connection


class _Connection(asyncio.Protocol):
    """One connection, kept alive, that sends the request again after each response."""

    def __init__(self, request: bytes, until: float, done: asyncio.Future[None]) -> None:
        self.latencies: list[float] = []
        self.done = done
        self._request = request
        self._until = until
        self._response = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._response += data
        head, blank, body = self._response.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not blank or not length or len(body) < int(length[1]):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(f"the server refused: {self._response.decode()}"))
            self._transport.close()
            return
        now = time.perf_counter()
        self.latencies.append(now - self._sent_at)
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self.done.done():
            return
        if error or time.perf_counter() < self._until:
            self.done.set_exception(error or ConnectionError("the server hung up"))
        else:
            self.done.set_result(None)

    def _send(self) -> None:
        self._response = b""
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)
