"""Jobs are followed until they are over."""

from typing import Any

import httpx
import pytest

from regatta import errors
from regatta._sync import jobs
from tests.support.client_service import ScriptedService, answer, problem, regatta

RESULT = {"model_name": "m", "version": 3, "model_type": "ridge", "metrics": {"r2": 0.9}}


def job(status: str, stage: str = "training", progress: float = 0.5, **more: Any) -> httpx.Response:
    return answer({"job_id": "j1", "kind": "train", "status": status, "stage": stage, "progress": progress, **more})


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "sleep", lambda seconds: None)


def test_a_training_is_submitted_as_a_job_and_followed_with_its_progress() -> None:
    service = ScriptedService(
        job("queued", "queued", 0), job("running"), job("running"), job("succeeded", "succeeded", 1, result=RESULT)
    )
    seen: list[tuple[str, float]] = []
    model = regatta(service).models.train("ridge", "y", on_progress=lambda *progress: seen.append(progress))
    assert (model.name, model.version, model.metrics) == ("m", 3, {"r2": 0.9})
    assert seen == [("training", 0.5), ("succeeded", 1)]
    assert service.requests[0].headers["Prefer"] == "respond-async"
    assert [request.url.query for request in service.requests[1:]] == [b"wait=0", b"wait=20", b"wait=20"]


def test_the_long_poll_waits_longer_than_the_timeout_of_the_client() -> None:
    service = ScriptedService(job("running"), job("succeeded"))
    regatta(service, timeout=2).jobs.wait("j1")
    assert service.requests[1].extensions["timeout"]["read"] == 30


def test_the_changes_of_a_job_can_be_looped_over() -> None:
    service = ScriptedService(job("queued"), job("queued"), job("running"), job("failed"))
    assert [change.status for change in regatta(service).jobs.follow("j1")] == ["queued", "running", "failed"]


def test_a_failed_job_raises_its_problem_with_the_job() -> None:
    document = {"type": "urn:regatta:problem:bad-target", "status": 422, "detail": "The target is text."}
    with pytest.raises(errors.BadTarget, match="The target is text") as raised:
        regatta(ScriptedService(job("failed", error=document))).jobs.wait("j1")
    assert (raised.value.job_id, raised.value.status) == ("j1", 422)


def test_a_cancelled_job_is_an_exception_unless_it_has_a_result() -> None:
    with pytest.raises(errors.JobCancelled) as raised:
        regatta(ScriptedService(job("cancelled"))).jobs.wait("j1")
    assert raised.value.job_id == "j1"
    assert regatta(ScriptedService(job("cancelled", result=RESULT))).jobs.wait("j1").result == RESULT


def test_a_wait_that_is_broken_off_leaves_the_job_and_says_its_id() -> None:
    def interrupt(stage: str, progress: float) -> None:
        raise KeyboardInterrupt

    service = ScriptedService(job("running"))
    with pytest.raises(KeyboardInterrupt) as raised:
        regatta(service).models.train("ridge", "y", on_progress=interrupt)
    assert raised.value.job_id == "j1"  # type: ignore[attr-defined]
    assert "jobs.wait('j1')" in raised.value.__notes__[0]
    assert not [call for call in service.calls if "cancel" in call]


def test_a_wait_can_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 7))
    monkeypatch.setattr("regatta._sync.jobs.time.monotonic", lambda: float(next(clock)))
    service = ScriptedService(job("running"))
    with pytest.raises(errors.JobStillRunning) as raised:
        regatta(service).jobs.wait("j1", timeout=60)
    assert raised.value.job_id == "j1"
    assert float(service.requests[-1].url.params["wait"]) < 20


def test_jobs_are_listed_cancelled_and_retried() -> None:
    service = ScriptedService(answer({"jobs": [{"job_id": "j1", "kind": "train", "status": "running"}], "next": None}))
    assert [found.job_id for found in regatta(service).jobs.list(5)] == ["j1"]
    assert service.requests[0].url.query == b"limit=5"
    service = ScriptedService(job("running", "cancelling"), job("queued"))
    client = regatta(service)
    assert (client.jobs.cancel("j1").stage, client.jobs.retry("j1").status) == ("cancelling", "queued")
    with pytest.raises(errors.JobNotFound):
        regatta(ScriptedService(problem("no-such-job", 404))).jobs.get("j2")
