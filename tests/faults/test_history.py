"""Each fault meets each operation, and the answers are compared with what is there afterwards.

What was acknowledged is there, and of what was refused nothing is. Where the answer says that nobody knows, it is
there, or not, or a part of it, as the answer says as well. A fault comes once, or whenever the write is repeated, or as
the beginning of an outage. Every operation meets every fault, and an outage before each of its writes; of the other
combinations a sample is run, in which ways and writes take turns. `-s` shows the counts.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx
import pytest

from core.services.upkeep.unfinished import finish_interrupted
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from tests.faults.conftest import variables
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.faults import (
    Fault,
    Request,
    access_denied,
    internal_error,
    late,
    refuse_deletes,
    reset_after,
    reset_before,
    reset_in_body,
    slow_down,
    truncate,
)
from tests.support.gateway import HandlerTransport
from tests.support.hasty_client import hasten
from tests.support.memory_s3 import MemoryS3, StoredObject
from tests.support.operations import OPERATIONS, check_consistent, prepare, view
from tests.support.process_state import connect_container, process_environment

FAULTS: dict[str, Fault] = {
    "late": late(0.01),
    "reset before": reset_before,
    "reset after": reset_after,
    "reset in the body": reset_in_body,
    "truncated": truncate,
    "500": internal_error,
    "503": slow_down,
    "403": access_denied,
    "refused deletes": refuse_deletes,
}
WAYS = ("once", "always", "outage")


@dataclass
class Service:
    """The service in this process, its bucket with something in it, and the proxy between them."""

    client: httpx.Client
    proxy: FaultProxy
    s3: MemoryS3
    store: ObjectStore
    # The same bucket, without the proxy.
    near: ObjectStore
    ids: dict[str, str]
    kept: dict[str, StoredObject]

    def begin(self) -> None:
        """Set the bucket back, and forget whatever the process knows of it."""
        with self.s3.lock:
            self.s3.objects = dict(self.kept)
        self.proxy.clear()
        connect_container(self.store)

    def look(self) -> dict[str, Any]:
        """Return what a fresh process shows."""
        self.proxy.clear()
        connect_container(self.near)
        return view(self.client)

    def finish(self) -> None:
        """Finish what was interrupted, as the worker does that finds it."""
        connect_container(self.store)
        finish_interrupted(container(), now=time.time() + 60)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    s3 = MemoryS3()
    with (
        pytest.MonkeyPatch.context() as patch,
        fault_proxy(s3.answer) as proxy,
        process_environment(variables(proxy.url)),
        httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client,
    ):
        # Nothing waits for the store to recover, and no fault is hidden by the one before.
        patch.setattr("core.storage.aws_calls.FIRST_WAIT_SECONDS", 0.0)
        patch.setattr("core.storage.aws_calls.FIRST_THROTTLED_WAIT_SECONDS", 0.0)
        patch.setattr("core.storage.dependency.FAILURES", 1_000_000)
        ids = prepare(client)
        store = container().objects
        hasten(store.client)
        yield Service(client, proxy, s3, store, s3.store(store.bucket), ids, dict(s3.objects))


def counts_as_step(request: Request) -> bool:
    """Return whether a request writes something that callers see; the index of lists is built in the background."""
    return request.is_write and not any("/index/" in key for key in request.keys)


@pytest.mark.parametrize("name", OPERATIONS)
def test_answers_are_true(service: Service, name: str) -> None:
    send, place = OPERATIONS[name], list(OPERATIONS).index(name)
    service.begin()
    before = service.look()
    service.begin()
    assert send(service.client, service.ids).is_success
    steps = sum(counts_as_step(request) for request in service.proxy.requests)
    takes = counts_as_step if steps else lambda request: request.method == "GET"
    steps = steps or 1
    after = service.look()
    check_consistent(service.client)
    counts: Counter[str] = Counter()
    sample = zip(FAULTS, cycle(WAYS[place % 3 :] + WAYS[: place % 3]), cycle(range(1, steps + 1)), strict=False)
    outages = [("reset before", "outage", step) for step in range(1, steps + 1)]
    for fault, way, step in [*sample, ("reset after", "once", 1), *outages]:
        where = f"{name}: {fault}, {way}, from step {step}"
        service.begin()
        reached = service.proxy.plan_for(FAULTS[fault], takes, nth=step, times=1 if way == "once" else None)
        if way == "outage":
            service.proxy.plan_for(FAULTS[fault], lambda _, rule=reached: rule.met > 0, times=None)
        answer = send(service.client, service.ids)
        found = service.look()
        if answer.is_success:
            counts["acknowledged"] += 1
            assert found == after, where
        else:
            problem = answer.json()
            assert (answer.status_code, "retry-after" in answer.headers) == (503, True), (where, problem)
            if problem["detail"].endswith("Nothing was changed."):
                counts["refused"] += 1
                assert found == before, (where, problem)
            else:
                assert "may have" in problem["detail"] or "on its way" in problem["detail"], (where, problem)
                service.finish()
                found = service.look()
                counts["unknown: " + ("done" if found == after else "not done" if found == before else "in part")] += 1
        check_consistent(service.client)
    print(f"{name}: {steps} steps, {sum(counts.values())} runs, {dict(counts)}")  # noqa: T201 - what this test is read for
    assert 0 < counts["acknowledged"] < sum(counts.values())
