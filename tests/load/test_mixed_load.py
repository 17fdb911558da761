"""A server that predicts, reads, writes and trains at once answers everything, and holds no more than before."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from bench._mixed_load import Counts, Request, footprint, http, load, mixed_requests, prediction, upload
from tests.support.coroutines import run
from tests.support.stack import Stack
from tests.support.waiting import wait_for

CLIENTS, FIRST, REQUESTS = 8, 150, 450
# The pools of a worker fill when chance gives it the requests that use them: what leaks grows in every round.
ROUNDS = 5
# Connections that a keep-alive or a pool holds for a moment.
SLACK = 12
CSV = b"area,rooms,price\n" + b"".join(b"%d,%d,%d\n" % (row, row % 5, 3 * row + row % 7) for row in range(120))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of two workers."""
    own = Stack(tmp_path_factory.mktemp("load") / "home", REGATTA_WORKERS="2").start()
    yield own
    own.kill_all()


@pytest.fixture(scope="module")
def file_id(server: Stack) -> str:
    """A dataset with a model `load`."""
    with httpx.Client(base_url=server.base_url, timeout=120) as client:
        found = client.post("/data/upload", files={"file": ("a.csv", CSV)}).raise_for_status().json()["file_id"]
        order = {"file_id": found, "target_column": "price", "model_type": "linear_regression", "model_name": "load"}
        client.post("/model/train", json=order).raise_for_status()
    return str(found)


def requests_of(file_id: str) -> Iterator[Request]:
    """Return an endless mix of predictions, reads and writes, a training among them."""
    order = {"file_id": file_id, "target_column": "price", "model_type": "ridge", "model_name": "beside"}
    reads = [http("GET", path) for path in ("/data/info", "/data/files", "/jobs", "/system/status")]
    writes = [
        upload(CSV),
        http("POST", f"/data/switch/{file_id}"),
        http("POST", "/model/train", json.dumps(order).encode()),
    ]
    return mixed_requests(prediction("load", {"area": 3, "rooms": 2}), reads, writes)


def send(server: Stack, requests: Iterator[Request], total: int) -> Counts:
    """Send so many requests by several clients."""
    port = int(server.settings["REGATTA_PORT"])
    return run(load(port, requests, CLIENTS, lambda counts: sum(counts.statuses.values()) < total))


def held_after(server: Stack, counts: Counts) -> dict[str, int]:
    """Return the descriptors and threads of the server and its workers after a load that was answered in full.

    It first waits until nothing is left in the folders of temporary files.
    """
    assert (counts.server_errors, counts.refused) == (0, 0), counts.statuses
    wait_for(lambda: temporary_folders(server.home / "tmp"), lambda left: not left)
    found = footprint(psutil.Process(server.process("web").pid), server.home / "tmp")
    return {"descriptors": found.descriptors, "threads": found.threads}


def temporary_folders(folder: Path) -> list[Path]:
    """Return what work has left in the folders of temporary files."""
    return [path for path in folder.glob("regatta-server-*/*/regatta-*")]


def test_a_mixed_load_is_answered_and_leaves_nothing(server: Stack, file_id: str) -> None:
    mix = requests_of(file_id)
    rounds = [held_after(server, send(server, mix, FIRST))]
    while len(rounds) < 2 or any(rounds[-1][name] > rounds[-2][name] + SLACK for name in rounds[-1]):
        assert len(rounds) <= ROUNDS, rounds
        counts = send(server, mix, REQUESTS)
        rounds.append(held_after(server, counts))
        assert {kind for kind, _ in counts.statuses} == {"predict", "read", "write"}


def test_a_worker_that_is_killed_under_load_loses_its_own_requests_only(server: Stack, file_id: str) -> None:
    mix, killed = requests_of(file_id), []

    def goes_on(counts: Counts) -> bool:
        if sum(counts.statuses.values()) > 60 and not killed:
            victim = server.workers()[0]
            victim.kill()
            killed.append(victim)
        return sum(counts.statuses.values()) < 200

    counts = run(load(int(server.settings["REGATTA_PORT"]), mix, CLIENTS, goes_on))
    assert killed
    assert counts.lost <= CLIENTS
    assert not [status for _, status in counts.statuses if status >= 400], counts.statuses
