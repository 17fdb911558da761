"""A process is killed before each write of an operation and after the last one; what a fresh process finds is whole.

The writes are recorded once. Between two writes there is one state of the bucket, so killing before each of them and
after the last is killing before and after each.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.services.upkeep.unfinished import finish_interrupted
from core.settings import settings
from core.storage.container import container
from tests.faults.conftest import variables
from tests.faults.test_history import counts_as_step
from tests.support.arrivals import (
    SERIES,
    drifting_table,
    put_file,
    serve_champion,
    serving_version,
    submit_arrival,
    version_numbers,
)
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.faults import Exchange
from tests.support.gateway import HandlerTransport
from tests.support.jobs import carry_out
from tests.support.killed_process import RETRAIN, KilledProcess
from tests.support.memory_s3 import MemoryS3
from tests.support.operations import check_consistent, prepare, view
from tests.support.process_state import connect_container, process_environment
from tests.support.storage import home

KILLED = ("upload", "train", "promote", "rename", "delete a file", "delete a version", "delete a model")


class Bench:
    """A bucket with something in it, to which each run sets it back."""

    def __init__(self, proxy: FaultProxy, s3: MemoryS3, client: httpx.Client) -> None:
        self.proxy, self.s3, self.client = proxy, s3, client
        self.ids = prepare(client)
        # Without the proxy, which is there for the processes that are killed.
        self.near = s3.store(container().objects.bucket)
        self.kept = dict(s3.objects)

    def set_back(self) -> None:
        """Set the bucket back to what it was at first."""
        with self.s3.lock:
            self.s3.objects = dict(self.kept)
        self.proxy.clear()

    def run(self, name: str, step: int | None = None, *, after: bool = False) -> int:
        """Carry out an operation in a process that is killed at a write; return its exit status."""
        self.set_back()
        process = KilledProcess(name, variables(self.proxy.url), self.ids)

        def kill(exchange: Exchange) -> None:
            if after:
                exchange.ask()
            process.kill()
            exchange.cut(True)

        if step is not None:
            self.proxy.plan_for(kill, counts_as_step, nth=step)
        return process.run()

    def look(self) -> dict[str, Any]:
        """Return what a fresh process shows."""
        connect_container(self.near)
        return view(self.client)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    s3 = MemoryS3()
    with (
        fault_proxy(s3.answer) as proxy,
        process_environment(variables(proxy.url)),
        httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client,
    ):
        yield Bench(proxy, s3, client)


@pytest.mark.parametrize("name", KILLED)
def test_a_killed_operation_is_done_or_never_was(bench: Bench, name: str) -> None:
    bench.set_back()
    before = bench.look()
    assert bench.run(name) == 0
    steps = [str(request) for request in bench.proxy.requests if counts_as_step(request)]
    after = bench.look()
    # A file that is uploaded, and not the current one yet: nobody was told of it.
    partly = {**after, "current": before["current"]} if name == "upload" else before
    kills = [(step, False) for step in range(1, len(steps) + 1)] + [(len(steps), True)]
    outcomes = []
    for step, is_after in kills:
        assert bench.run(name, step, after=is_after) == -9
        connect_container(bench.near)
        finish_interrupted(container(), now=time.time() + 60)
        found = bench.look()
        assert found in (before, partly, after), (step, steps[step - 1])
        check_consistent(bench.client)
        outcomes.append("done" if found == after else "not done")
    assert outcomes == sorted(outcomes, reverse=True), "What was done is undone by a later step."
    assert outcomes[0] == "not done"
    assert outcomes[-1] == "done"
    print(f"{name}: {len(steps)} writes, {len(kills)} kills, {outcomes.count('done')} done")  # noqa: T201 - as above


def test_a_killed_retraining_is_gone_on_with(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.set_back()
    connect_container(bench.near)
    serve_champion(tmp_path, body=drifting_table(0, 0))
    job_id = submit_arrival(put_file("second.csv", drifting_table(1, 1))).job_id
    monkeypatch.setattr(bench, "ids", {"job": job_id})
    monkeypatch.setattr(bench, "kept", dict(bench.s3.objects))
    assert bench.run(RETRAIN) == 0
    steps = [str(request) for request in bench.proxy.requests if counts_as_step(request)]
    connect_container(bench.near)
    after = decided(job_id)
    assert after[:2] == ("succeeded", [("accepted", True)])
    clock = time.time
    kills = [(step, False) for step in range(1, len(steps) + 1)] + [(len(steps), True)]
    for step, is_after in kills:
        assert bench.run(RETRAIN, step, after=is_after) == -9
        connect_container(bench.near)
        with monkeypatch.context() as patched:
            # The lease of the killed worker is over.
            patched.setattr("core.storage.leases.time.time", lambda: clock() + settings().job_lease_seconds + 1)
            carry_out(job_id)
            finish_interrupted(container(), now=clock() + 60)
        connect_container(bench.near)
        assert decided(job_id) == after, (step, steps[step - 1])
    print(f"retrain: {len(steps)} writes, {len(kills)} kills, each gone on with")  # noqa: T201 - as above


def decided(job_id: str) -> tuple[str, list[tuple[str, bool]], list[int], int | None]:
    """Return the status of the job, the decisions of the series, its versions and its champion."""
    series = home().series.get(SERIES, fresh=True)
    job = home().jobs.read(job_id, fresh=True)
    assert job is not None
    return job.status, [(one.state, one.promoted) for one in series.arrivals], version_numbers(), serving_version()
