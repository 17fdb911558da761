"""GET /jobs/{job_id} with `wait`: the answer comes when something changes, and at the latest after so many seconds."""

import asyncio
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from core.jobs import service
from core.storage.job_repository import Job
from functions.jobs import app as jobs_app
from tests.support.storage import home
from tests.support.tables import CSVS

# More than there are threads that answer requests.
WAITERS = 100


class Clock:
    """A clock that only sleeping moves; `at` has what happens at which second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at: dict[float, Callable[[], object]] = {}

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        for moment in [moment for moment in self.at if moment <= self.now]:
            self.at.pop(moment)()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(jobs_app, "monotonic", clock.monotonic)
    monkeypatch.setattr(jobs_app, "sleep", clock.sleep)
    return clock


@pytest.fixture
def job(handlers: httpx.Client) -> str:
    """A job that waits."""
    handlers.post("/data/upload", files={"file": ("mpg.csv", CSVS["mpg"][0].read_bytes())})
    fields = {"model_type": "ridge", "target_column": "mpg"}
    accepted = handlers.post("/model/train", json=fields, headers={"Prefer": "respond-async"})
    assert (accepted.status_code, accepted.headers["retry-after"]) == (202, "1")
    path: str = accepted.headers["location"]
    return path


def test_without_wait_the_answer_comes_at_once(handlers: httpx.Client, job: str, clock: Clock) -> None:
    assert handlers.get(job).json()["status"] == "queued"
    assert clock.now == 0


def test_the_answer_comes_when_the_job_changes(handlers: httpx.Client, job: str, clock: Clock) -> None:
    clock.at[3.0] = lambda: service.cancel_job(home(), job.rpartition("/")[2])
    assert handlers.get(job, params={"wait": 20}).json()["status"] == "cancelled"
    assert clock.now == 3.0
    # It is over, so nothing is waited for.
    assert handlers.get(job, params={"wait": 20}).json()["status"] == "cancelled"
    assert clock.now == 3.0


def test_the_answer_comes_in_time_although_nothing_changes(handlers: httpx.Client, job: str, clock: Clock) -> None:
    assert handlers.get(job, params={"wait": 1.1}).json()["status"] == "queued"
    assert clock.now == pytest.approx(1.1)


def test_many_who_wait_for_a_job_look_at_it_together_and_leave_the_server_free(
    handlers: httpx.Client, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, look = itertools.count(1), service.job_status
    everybody, changed = threading.Event(), threading.Event()

    def counted(*arguments: Any) -> Job:
        number = next(looks)
        if number == WAITERS:  # each has looked once when it came
            everybody.set()
        elif number > WAITERS:
            assert changed.wait(300)
        return look(*arguments)

    async def until_everybody_is_here(_: float) -> None:
        await asyncio.to_thread(everybody.wait, 60)

    async def talk() -> list[httpx.Response]:
        transport = httpx.ASGITransport(jobs_app.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server", timeout=None) as client:
            waiting = [asyncio.create_task(client.get(job, params={"wait": 20})) for _ in range(WAITERS)]
            await asyncio.to_thread(everybody.wait, 60)
            # All of them wait for a look that takes long; others are answered meanwhile.
            assert (await client.get("/jobs")).status_code == 200
            service.cancel_job(home(), job.rpartition("/")[2])
            changed.set()
            return await asyncio.gather(*waiting)

    monkeypatch.setattr(service, "job_status", counted)
    monkeypatch.setattr(jobs_app, "sleep", until_everybody_is_here)
    monkeypatch.setattr(jobs_app, "monotonic", lambda: 0.0)
    with ThreadPoolExecutor(1) as thread:  # Mangum's loop is this thread's
        answers = thread.submit(asyncio.run, talk()).result()
    assert {answer.json()["status"] for answer in answers} == {"cancelled"}
    assert next(looks) < WAITERS + 10


@pytest.mark.parametrize("wait", ["-1", "26", "soon", "nan"])
def test_what_is_no_time_to_wait_is_refused(handlers: httpx.Client, job: str, wait: str) -> None:
    refused = handlers.get(job, params={"wait": wait})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "wait"
