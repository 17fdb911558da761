"""Requests: events for a Lambda handler, and one uvicorn worker under a load that it cannot outrun."""

import asyncio
import json
import logging
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import uvloop

HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 10
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Load:
    """What one burst saw; `busy` is the share of its time that the generator itself was on a core."""

    per_second: float
    p50: float
    p99: float
    busy: float


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a child of ours, by force when it does not go by itself."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def served(app: str) -> Iterator[int]:
    """`app` on one uvicorn worker, without an access log; yields its port."""
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


def request(path: str, body: bytes) -> bytes:
    """A POST as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def burst(port: int, message: bytes, seconds: float, connections: int) -> Load:
    """Keep `connections` busy with the same request for `seconds`; raises unless every answer is a 200."""
    return uvloop.run(_burst(port, message, seconds, connections))


async def _burst(port: int, message: bytes, seconds: float, connections: int) -> Load:
    loop = asyncio.get_running_loop()
    busy, start = time.process_time(), time.perf_counter()
    callers = [_Caller(message, start + seconds, loop.create_future()) for _ in range(connections)]
    for caller in callers:
        await loop.create_connection(partial(_itself, caller), HOST, port)
    await asyncio.wait_for(asyncio.gather(*(caller.done for caller in callers)), seconds + 30)
    taken = time.perf_counter() - start
    latencies = np.concatenate([caller.latencies for caller in callers])
    p50, p99 = np.percentile(latencies, [50, 99])
    return Load(len(latencies) / taken, float(p50), float(p99), (time.process_time() - busy) / taken)


def _itself(caller: "_Caller") -> "_Caller":
    return caller


class _Caller(asyncio.Protocol):
    """One kept-alive connection that asks again as soon as it is answered."""

    def __init__(self, message: bytes, until: float, done: asyncio.Future[None]) -> None:
        self.latencies: list[float] = []
        self.done = done
        self._message = message
        self._until = until
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, blank, body = self._answer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not blank or not length or len(body) < int(length[1]):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(f"the server refused: {self._answer.decode()}"))
            self._transport.close()
            return
        now = time.perf_counter()
        self.latencies.append(now - self._asked)
        if now < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self.done.done():
            return
        if error or time.perf_counter() < self._until:
            self.done.set_exception(error or ConnectionError("the server hung up"))
        else:
            self.done.set_result(None)

    def _ask(self) -> None:
        self._answer = b""
        self._asked = time.perf_counter()
        self._transport.write(self._message)


def event(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """A REST API (v1) proxy event as API Gateway sends it."""
    headers = {"accept": "*/*", "content-type": "application/json", "host": "api.example.com"}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"stage": "prod", "identity": {"sourceIp": "127.0.0.1"}, "requestId": "bench"},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def quiet() -> None:
    """The handler's log line is written, as on Lambda, but to nowhere."""
    nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - open for as long as the process logs
    logging.getLogger("regatta").handlers[:] = [logging.StreamHandler(nowhere)]
