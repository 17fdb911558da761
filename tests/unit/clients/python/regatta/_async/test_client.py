"""The client as coroutines: in a real app, beside other work, and cancelled."""

import asyncio
import inspect
from pathlib import Path

import httpx
import pandas as pd
import pytest

from core.storage.s3.object_store import ObjectStore
from infra.local.server import app
from regatta import AsyncRegatta, Regatta, errors
from regatta._async import jobs
from tests.support.client_service import ScriptedService, answer, async_regatta, problem, regatta
from tests.support.coroutines import run

OK = {"name": "regatta", "version": "0.2.0", "links": {}}
RUNNING = {"job_id": "j1", "kind": "train", "status": "running", "stage": "training", "progress": 0.5}


def test_the_whole_job_in_the_app_itself(bucket: ObjectStore, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [row % 9 for row in range(60)], "b": ["uvw"[row % 3] for row in range(60)]})
    frame["y"] = frame["a"] * 2.0 + frame["b"].eq("u")

    async def work() -> None:
        async with AsyncRegatta("http://app", transport=httpx.ASGITransport(app)) as client:
            dataset = await client.data.upload(frame)
            assert dataset.rows == 60
            body = {"model_type": "ridge", "target_column": "y", "model_name": "m"}
            await client.request("POST", "/model/train", json=body)
            many, one = await asyncio.gather(client.predict(frame, "m"), client.predict.row(frame.iloc[0], "m"))
            assert (len(many), many[0]) == (60, one.prediction)
            path = await client.predict.export(tmp_path / "p.csv", "m", rows=frame)
            assert len(path.read_text().splitlines()) == 61
            with pytest.raises(errors.ColumnsNotKnown):
                await client.predict(frame.rename(columns={"a": "A"}), "m")

    run(work())


def test_a_failure_that_may_pass_is_waited_for() -> None:
    async def work() -> str:
        service = ScriptedService(problem("storage-unavailable", 503), httpx.ReadError("broken"), answer(OK))
        async with async_regatta(service) as client:
            return await client.version()

    assert run(work()) == "0.2.0"


def test_a_cancelled_wait_leaves_the_job_and_says_its_id() -> None:
    service = ScriptedService(answer(RUNNING))

    async def work() -> asyncio.CancelledError:
        followed = asyncio.Event()
        async with async_regatta(service) as client:
            waiting = asyncio.create_task(client.jobs.wait("j1", on_progress=lambda *_: followed.set()))
            await followed.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError) as raised:
                await waiting
            return raised.value

    error = run(work())
    assert (error.job_id, "jobs.wait('j1')" in error.__notes__[0]) == ("j1", True)
    assert {*service.calls} == {"GET /jobs/j1"}


def test_the_changes_of_a_job_are_looped_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PAUSE_SECONDS", 0.0)
    states = [answer({**RUNNING, "status": status}) for status in ("queued", "queued", "running", "succeeded")]

    async def work() -> list[str]:
        async with async_regatta(ScriptedService(*states)) as client:
            return [job.status async for job in client.jobs.follow("j1")]

    assert run(work()) == ["queued", "running", "succeeded"]


def test_the_sync_client_works_where_an_event_loop_runs() -> None:
    async def work() -> str:
        return regatta(ScriptedService(answer(OK))).version()

    assert run(work()) == "0.2.0"


def test_both_clients_have_the_same_methods_with_docstrings() -> None:
    for resource in ("data", "models", "predict", "jobs", "series"):
        ours, theirs = getattr(Regatta(), resource), getattr(AsyncRegatta(), resource)
        methods = {name: method for name, method in inspect.getmembers(ours, inspect.ismethod) if name[0] != "_"}
        assert methods
        for name, method in methods.items():
            assert inspect.getdoc(method)
            parameters = inspect.signature(getattr(theirs, name)).parameters
            assert [*inspect.signature(method).parameters] == [*parameters]


def test_damaged_models_are_those_of_all_pages() -> None:
    pages = ({"models": [], "next": "2", "damaged": ["a"]}, {"models": [], "next": "3"})
    service = ScriptedService(*map(answer, pages), answer({"models": [], "next": None, "damaged": ["b"]}))

    async def work() -> list[str]:
        async with async_regatta(service) as client:
            return await client.models.damaged()

    assert run(work()) == ["a", "b"]
