"""Many clients at once that predict, read and write, and what they and the processes of the server count."""

import asyncio
import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from bench._load import HOST

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
BOUNDARY = "regatta-load"
# How long a client waits for one answer.
ANSWER_SECONDS = 120
# Shares of the requests.
PREDICTIONS, READS = 0.90, 0.08


@dataclass(frozen=True)
class Request:
    """The bytes of a request, and what it is counted as: `predict`, `read` or `write`."""

    kind: str
    content: bytes


@dataclass
class Counts:
    """What the clients saw: statuses and seconds by kind, and the answers that broke off."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lost: int = 0

    @property
    def server_errors(self) -> int:
        """Return how many answers were a 5xx, or none at all."""
        return self.lost + sum(count for (_, status), count in self.statuses.items() if status >= 500)

    @property
    def refused(self) -> int:
        """Return how many requests were refused, which none should be."""
        return sum(count for (_, status), count in self.statuses.items() if 400 <= status < 500)

    def add(self, others: "Counts") -> None:
        """Count what another load saw as well."""
        self.statuses += others.statuses
        for kind, seconds in others.seconds.items():
            self.seconds[kind] += seconds
        self.lost += others.lost

    def percentile(self, kind: str, share: float) -> float:
        """Return the seconds within which this percentage of the answers came."""
        return float(np.percentile(self.seconds[kind], share))


@dataclass(frozen=True)
class Footprint:
    """What the processes of a server hold: bytes of memory, descriptors, threads, and temporary files."""

    memory_bytes: int
    descriptors: int
    threads: int
    temporary_files: int


def footprint(server: psutil.Process, temporary: Path) -> Footprint:
    """Return what a server and its workers hold; those that compute, which come and go, are left out."""
    workers = [one for one in server.children() if one.nice() == server.nice()]
    processes = [server, *workers]
    return Footprint(
        memory_bytes=sum(one.memory_full_info().uss for one in processes),
        descriptors=sum(one.num_fds() for one in processes),
        threads=sum(one.num_threads() for one in processes),
        temporary_files=sum(path.is_file() for path in temporary.rglob("*")),
    )


def http(method: str, path: str, body: bytes = b"", media: str = "application/json") -> bytes:
    """Return the bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: {media}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def upload(csv: bytes, name: str = "load.csv") -> bytes:
    """Return the bytes of an upload."""
    head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + csv + f"\r\n--{BOUNDARY}--\r\n".encode()
    return http("POST", "/data/upload", body, f"multipart/form-data; boundary={BOUNDARY}")


def mixed_requests(predict: bytes, reads: Sequence[bytes], writes: Sequence[bytes], seed: int = 7) -> Iterator[Request]:
    """Yield requests for ever: 90 % predictions, 8 % reads, 2 % writes, at random."""
    generator = random.Random(seed)
    while True:
        drawn = generator.random()
        if drawn < PREDICTIONS:
            yield Request("predict", predict)
        elif drawn < PREDICTIONS + READS:
            yield Request("read", generator.choice(reads))
        else:
            yield Request("write", generator.choice(writes))


def prediction(model_name: str, row: Mapping[str, object]) -> bytes:
    """Return the bytes of a prediction of one row."""
    return http("POST", "/predict", json.dumps({"model_name": model_name, "data": row}).encode())


async def load(port: int, requests: Iterator[Request], clients: int, goes_on: Callable[[Counts], bool]) -> Counts:
    """Let so many clients send requests, each the next after its answer, as long as `goes_on`."""
    counts = Counts()
    await asyncio.gather(*(_client(port, requests, counts, goes_on) for _ in range(clients)))
    return counts


async def _client(port: int, requests: Iterator[Request], counts: Counts, goes_on: Callable[[Counts], bool]) -> None:
    while goes_on(counts):
        try:
            reader, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            counts.lost += 1
            continue
        try:
            while goes_on(counts):
                request = next(requests)
                begun = time.perf_counter()
                writer.write(request.content)
                status = await asyncio.wait_for(_status(reader), ANSWER_SECONDS)
                counts.statuses[request.kind, status] += 1
                counts.seconds[request.kind].append(time.perf_counter() - begun)
        except (OSError, EOFError, TimeoutError):
            counts.lost += 1
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _status(reader: asyncio.StreamReader) -> int:
    """Read an answer to its end and return its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = LENGTH.search(head)
    await reader.readexactly(int(length[1]) if length else 0)
    return int(head[9:12])
