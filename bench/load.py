"""One server under 64 clients that predict, read and write, beside a training; and whether it grows under load."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from bench._bucket import bucket
from bench._load import HOST, end, free_port
from bench._mixed_load import Counts, Footprint, Request, footprint, http, load, mixed_requests, prediction, upload
from bench._report import Figure, at_most, run

WORKERS, CLIENTS, FEW_CLIENTS = 2, 64, 8
START_SECONDS = 120
MODEL = "load"
ROW = {"area": 31, "rooms": 2}
CSV = b"area,rooms,price\n" + b"".join(b"%d,%d,%d\n" % (row, row % 5, 3 * row + row % 7) for row in range(400))
# Long enough to train on for as long as the load goes on.
LONG_CSV = b"a,b,c,y\n" + b"".join(
    b"%d,%d,%d,%d\n" % (row % 97, row % 89, row % 83, row * row % 1009) for row in range(20_000)
)
SECONDS, QUICK_SECONDS = 60, 15
# Turns without and beside a training, so that what else the machine does meets both.
TURNS = 3
REQUESTS, FIRST_REQUESTS, QUICK_REQUESTS = 20_000, 2_000, 6_000
# A pool looks after its idle threads when it is used: so many requests reach both workers.
REST_SECONDS, RESTING_REQUESTS = 12, 30
MOST_TAIL, MOST_SLOWDOWN, MOST_GROWTH = 20.0, 10.0, 1.10

Requests = Iterator[Request]


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the figures of one server."""
    with bucket(redis=True) as home, served(home) as server:
        port = server.port
        client = httpx.Client(base_url=f"http://{HOST}:{port}", timeout=300)
        file_id = client.post("/data/upload", files={"file": ("load.csv", CSV)}).raise_for_status().json()["file_id"]
        order = {"file_id": file_id, "target_column": "price", "model_type": "linear_regression", "model_name": MODEL}
        client.post("/model/train", json=order).raise_for_status()
        seconds = QUICK_SECONDS if quick else SECONDS
        yield from _slowdown(port, client, seconds)
        yield from _mixed(port, client, file_id, seconds)
        yield from _growth(server, file_id, QUICK_REQUESTS if quick else REQUESTS)


class Server:
    """A `regatta serve` of two workers: its port and its process."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]", temporary: Path) -> None:
        self.port = port
        self.process = process
        self.temporary = temporary

    def footprint(self) -> Footprint:
        """Return what it holds now."""
        return footprint(psutil.Process(self.process.pid), self.temporary)


@contextmanager
def served(home: Path, queue_url: str = "") -> Iterator[Server]:
    """Serve from the bucket of the environment, with jobs done by the server itself; without a URL they wait there."""
    with TemporaryDirectory(prefix="regatta-bench-") as temporary:
        port = free_port()
        jobs = {"REGATTA_RUN_JOBS": "true", "REGATTA_JOBS_QUEUE_URL": queue_url}
        environment = {**os.environ, **jobs, "REGATTA_PORT": str(port), "TMPDIR": temporary}
        command = [sys.executable, "-m", "infra.cli", "serve", "--workers", str(WORKERS)]
        with (home / "logs" / "serve.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait(process, port)
            yield Server(port, process, Path(temporary))
        finally:
            end(process)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"http://{HOST}:{port}/", timeout=10).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")


@contextmanager
def training(client: httpx.Client) -> Iterator[None]:
    """Train one model after another during the block, each as a request that is answered when it is done."""
    answer = client.post("/data/upload", files={"file": ("long.csv", LONG_CSV)}).raise_for_status().json()
    order = {"file_id": answer["file_id"], "target_column": "y", "model_type": "random_forest", "model_name": "beside"}
    stopping, begun = threading.Event(), threading.Event()

    def train() -> None:
        with httpx.Client(base_url=client.base_url, timeout=600) as own:
            while not stopping.is_set():
                begun.set()
                own.post("/model/train", json=order).raise_for_status()

    thread = threading.Thread(target=train)
    thread.start()
    begun.wait()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _slowdown(port: int, client: httpx.Client, seconds: float) -> Iterator[Figure]:
    """Yield how much slower the slowest predictions are beside a training than the usual ones without."""

    def predictions() -> Requests:
        while True:
            yield Request("predict", prediction(MODEL, ROW))

    alone, beside = Counts(), Counts()
    for _ in range(TURNS):
        alone.add(_for_seconds(port, predictions(), FEW_CLIENTS, seconds / 2 / TURNS))
        with training(client):
            beside.add(_for_seconds(port, predictions(), FEW_CLIENTS, seconds / 2 / TURNS))
    p50, p99 = alone.percentile("predict", 50), beside.percentile("predict", 99)
    detail = (
        f"p50 {1e3 * p50:.1f} and p99 {1e3 * alone.percentile('predict', 99):.1f} ms alone, p99 {1e3 * p99:.1f} ms "
        f"beside it; {FEW_CLIENTS} clients; {len(alone.seconds['predict'])}, {len(beside.seconds['predict'])} requests"
    )
    yield at_most("p99 of one row beside a training / p50 without", p99 / p50, MOST_SLOWDOWN, detail)


def _mixed(port: int, client: httpx.Client, file_id: str, seconds: float) -> Iterator[Figure]:
    """Yield how the mixed load is answered, with a training under way."""
    with training(client):
        counts = _for_seconds(port, _mix(file_id), CLIENTS, seconds)
    p50, p99 = counts.percentile("predict", 50), counts.percentile("predict", 99)
    answered = sum(counts.statuses.values())
    detail = f"{answered} requests of {CLIENTS} clients in {seconds} s, {counts.refused} refused"
    yield at_most("answers that were a 5xx or none", counts.server_errors, 0, detail)
    yield at_most("mixed load: p99 of one row / p50", p99 / p50, MOST_TAIL, f"{1e3 * p99:.0f} / {1e3 * p50:.0f} ms")


def _growth(server: Server, file_id: str, requests: int) -> Iterator[Figure]:
    """Yield how much the server has grown after so many mixed requests."""
    mix = _mix(file_id)
    _until(server.port, mix, FIRST_REQUESTS)
    before = _at_rest(server)
    _until(server.port, mix, requests - FIRST_REQUESTS)
    after = _at_rest(server)
    detail = (
        f"{before.memory_bytes >> 20} MiB after {FIRST_REQUESTS} requests, {after.memory_bytes >> 20} after {requests}"
    )
    yield at_most("memory of the server and its workers", after.memory_bytes / before.memory_bytes, MOST_GROWTH, detail)
    for name in ("descriptors", "threads", "temporary_files"):
        was, now = getattr(before, name), getattr(after, name)
        yield at_most(f"{name.replace('_', ' ')}", now / max(1, was), MOST_GROWTH, f"{was}, then {now}")


def _at_rest(server: Server) -> Footprint:
    """Return what a server holds when the load is over: its pools end a thread that was idle for ten seconds."""
    time.sleep(REST_SECONDS)
    for _ in range(RESTING_REQUESTS):
        httpx.get(f"http://{HOST}:{server.port}/data/info").raise_for_status()
    return server.footprint()


def _mix(file_id: str) -> Requests:
    reads = [http("GET", path) for path in ("/data/info", "/data/preview", "/data/files", "/jobs", "/system/status")]
    writes = [upload(CSV), http("POST", f"/data/switch/{file_id}")]
    return mixed_requests(prediction(MODEL, ROW), reads, writes)


def _for_seconds(port: int, requests: Requests, clients: int, seconds: float) -> Counts:
    until = time.monotonic() + seconds
    return asyncio.run(load(port, requests, clients, lambda counts: time.monotonic() < until))


def _until(port: int, requests: Requests, total: int) -> Counts:
    enough: Callable[[Counts], bool] = lambda counts: sum(counts.statuses.values()) + counts.lost < total  # noqa: E731
    return asyncio.run(load(port, requests, CLIENTS, enough))


if __name__ == "__main__":
    sys.exit(run("A server under load", measure))
