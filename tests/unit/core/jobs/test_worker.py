"""A worker carries out a job once: it holds the lease, counts attempts, and ends at cancellation and time limits."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from core.errors import ConflictError, UnavailableError
from core.jobs import attempt
from core.jobs import service as jobs
from core.jobs.commands import UnreadableCommandError
from core.jobs.orders import ordered
from core.jobs.worker import MOST_ATTEMPTS, GaveUpError
from core.services.handlers import HANDLERS
from core.storage.job_repository import Job
from core.storage.s3.object_store import ObjectStore
from core.types import Json
from tests.support.job_commands import ERRORS, JobProbe, StepsCommand
from tests.support.jobs import carry_out, kill_worker_of, read_job, submit
from tests.support.object_stores import FailingStore
from tests.support.simulated_time import ShiftedTime
from tests.support.storage import WORKSPACE, home
from tests.support.waiting import wait_for
from tests.unit.core.jobs.conftest import LEASE_SECONDS


def test_a_job_that_kills_every_worker_is_given_up(probe: JobProbe, advance_clock: Callable[..., None]) -> None:
    job_id = submit("failing", errors=["kill"] * 9)
    for _ in range(MOST_ATTEMPTS):
        kill_worker_of(job_id)
        advance_clock()
    for _ in range(2):
        with pytest.raises(GaveUpError):
            carry_out(job_id)
    job = read_job(job_id)
    assert (job.status, job.error["status"], probe.calls) == ("failed", 500, MOST_ATTEMPTS)
    assert "memory" in job.error["detail"]


def test_a_fault_of_ours_is_tried_again_and_then_given_up_without_saying_what_it_was(probe: JobProbe) -> None:
    job_id = submit("failing", errors=["fault"] * 9)
    for _ in range(MOST_ATTEMPTS - 1):
        with pytest.raises(ZeroDivisionError):
            carry_out(job_id)
        assert (read_job(job_id).status, read_job(job_id).error["status"]) == ("queued", 500)
    with pytest.raises(GaveUpError):
        carry_out(job_id)
    job = read_job(job_id)
    assert (job.status, job.error["instance"], probe.calls) == ("failed", f"/jobs/{job_id}", MOST_ATTEMPTS)
    assert "secret" not in job.model_dump_json()


def test_a_fault_that_passes_leaves_no_error(probe: JobProbe) -> None:
    job_id = submit("failing", errors=["fault"])
    with pytest.raises(ZeroDivisionError):
        carry_out(job_id)
    assert (carry_out(job_id).status, read_job(job_id).error, read_job(job_id).attempts) == ("succeeded", None, 2)


def test_a_refusal_is_said_as_the_call_would_and_not_tried_again(probe: JobProbe) -> None:
    job_id = submit("failing", errors=["refusal"])
    for _ in range(2):
        assert carry_out(job_id).status == "failed"
    error = read_job(job_id).error
    assert (error["status"], error["type"]) == (422, "urn:regatta:problem:bad-target")
    assert error["errors"] == [{"field": "target_column", "message": "not numeric"}]
    assert probe.calls == 1


def test_storage_trouble_says_nothing_about_the_job_however_often_it_comes(probe: JobProbe) -> None:
    job_id = submit("failing", errors=["outage"] * 5)
    for _ in range(5):
        with pytest.raises(UnavailableError):
            carry_out(job_id)
        assert (read_job(job_id).status, read_job(job_id).attempts) == ("queued", 0)
    assert carry_out(job_id).status == "succeeded"


@pytest.fixture
def store(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> FailingStore:
    """The store of the jobs' documents, which refuses to write those of this ending."""
    failing = FailingStore(bucket)
    monkeypatch.setattr(home().jobs._documents, "_objects", failing)
    return failing


def test_an_outage_that_outlasts_the_lease_is_no_attempt(
    probe: JobProbe, store: FailingStore, monkeypatch: pytest.MonkeyPatch, advance_clock: Callable[..., None]
) -> None:
    def end_storage() -> UnavailableError:
        store.ending = f"{job_id}.json"
        return UnavailableError("The object store did not answer.")

    monkeypatch.setitem(ERRORS, "outage", end_storage)
    job_id = submit("failing", errors=["outage"] * (MOST_ATTEMPTS + 1))
    for _ in range(MOST_ATTEMPTS + 1):
        with pytest.raises(UnavailableError):
            carry_out(job_id)
        store.ending = ""
        assert (read_job(job_id).status, read_job(job_id).attempts) == ("running", 1)
        advance_clock()
    assert (carry_out(job_id).status, read_job(job_id).attempts) == ("succeeded", 1)


def test_work_that_is_done_in_an_outage_is_no_attempt_either(
    probe: JobProbe, store: FailingStore, monkeypatch: pytest.MonkeyPatch, advance_clock: Callable[..., None]
) -> None:
    def succeed(*_: object) -> Json:
        store.ending = f"{job_id}.json"
        return {}

    job_id = submit("steps")
    with monkeypatch.context() as outage:
        outage.setitem(HANDLERS.loaders, StepsCommand, lambda: succeed)
        with pytest.raises(UnavailableError):
            carry_out(job_id)
    store.ending = ""
    advance_clock()
    assert (carry_out(job_id).status, read_job(job_id).attempts) == ("succeeded", 1)


def test_an_outage_that_ends_a_lease_is_no_attempt_also_where_another_worker_has_the_job_by_then(
    probe: JobProbe, store: FailingStore, monkeypatch: pytest.MonkeyPatch, advance_clock: Callable[..., None]
) -> None:
    clock = ShiftedTime()
    monkeypatch.setattr(attempt, "time", clock)
    job_id = submit("waiting")
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(carry_out, job_id, 10 * LEASE_SECONDS)
        assert probe.started.wait(300)
        store.ending = f"{job_id}.json"
        clock.elapse(LEASE_SECONDS + 1)
        assert isinstance(work.exception(300), UnavailableError)
    store.ending = ""
    advance_clock()
    taken = home().jobs.change(job_id, lambda job: job.lease("It", "another", LEASE_SECONDS))
    assert taken.attempts == 2
    carry_out(submit("steps"))
    job = read_job(job_id)
    assert (job.owner, job.leased_until, job.attempts) == ("another", taken.leased_until, 1)


def test_a_machine_at_its_limits_is_named_and_is_no_fault_of_ours(probe: JobProbe) -> None:
    job_id = submit("failing", errors=["full"] * MOST_ATTEMPTS)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(OSError, match="No space"):
            carry_out(job_id)
    job = read_job(job_id)
    assert (job.status, job.error["status"]) == ("failed", 503)
    assert "The disk of /data/tmp is full" in job.error["detail"]


def test_running_work_hears_that_it_was_cancelled(running: tuple[str, Thread]) -> None:
    job_id, worker = running
    assert jobs.cancel_job(home(), job_id).status == "running"
    worker.join(300)
    job = read_job(job_id)
    assert (job.status, job.result, job.is_leased) == ("cancelled", None, False)


def test_the_lease_is_kept_while_the_work_goes_on(
    running: tuple[str, Thread], probe: JobProbe, advance_clock: Callable[..., None]
) -> None:
    job_id, worker = running
    first = read_job(job_id).leased_until
    for _ in range(3):
        advance_clock(LEASE_SECONDS / 2)
        kept = time.time() + LEASE_SECONDS / 2
        wait_for(lambda: read_job(job_id).leased_until, lambda until, kept=kept: until > kept)
    assert time.time() > first
    with pytest.raises(ConflictError):
        carry_out(job_id)
    probe.released.set()
    worker.join(300)
    assert (read_job(job_id).status, probe.calls) == ("succeeded", 1)


def test_the_bucket_hears_how_far_it_is(running: tuple[str, Thread]) -> None:
    job_id, _ = running
    wait_for(lambda: read_job(job_id).stage == "waiting")
    assert (read_job(job_id).status, read_job(job_id).progress) == ("running", 0.5)


def test_a_worker_that_lost_its_job_to_another_writes_nothing(
    probe: JobProbe, advance_clock: Callable[..., None]
) -> None:
    job_id = submit("waiting")
    worker = Thread(target=carry_out, args=(job_id,))
    worker.start()
    assert probe.started.wait(300)
    taken = home().jobs.change(job_id, lambda _: {"owner": "another", "leased_until": time.time() + 60})
    worker.join(300)
    assert not worker.is_alive()
    assert (read_job(job_id).owner, read_job(job_id).leased_until) == ("another", taken.leased_until)


def test_work_that_takes_too_long_is_ended(probe: JobProbe) -> None:
    job_id = submit("waiting")
    job = carry_out(job_id, seconds=0.1)
    assert (job.status, job.error["status"], job.error["type"]) == ("failed", 504, "urn:regatta:problem:job-timed-out")


def test_work_that_does_not_hear_is_given_up_without_it(probe: JobProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "GRACE_SECONDS", 0.0)
    job_id = submit("unresponsive")
    worker = Thread(target=carry_out, args=(job_id, 0.1))
    worker.start()
    wait_for(lambda: read_job(job_id).status == "failed")
    probe.released.set()
    worker.join(300)
    assert (read_job(job_id).status, read_job(job_id).error["status"]) == ("failed", 504)


def test_a_worker_that_is_stopped_puts_its_job_back(probe: JobProbe) -> None:
    job_id = submit("waiting")
    job = carry_out(job_id, stopping=lambda: True)
    assert (job.status, job.attempts, job.is_leased) == ("queued", 0, False)


@pytest.mark.parametrize(("kind", "order"), [("train", {"model_kind": "ridge"}), ("weigh", {"file_id": "a"})])
def test_a_job_that_another_version_stored_fails_with_a_reason_and_can_be_retried(
    kind: str, order: Json, probe: JobProbe
) -> None:
    job_id = submit("steps")
    home().jobs.change(job_id, lambda job: _stored_by_another_version(job, kind, order))
    for _ in range(MOST_ATTEMPTS - 1):
        with pytest.raises(UnreadableCommandError):
            carry_out(job_id)  # the next worker may have a version that can
    with pytest.raises(GaveUpError):
        carry_out(job_id)
    job = read_job(job_id)
    assert (job.status, job.error["status"], "Another version" in job.error["detail"]) == ("failed", 500, True)
    assert jobs.retry_job(home(), job_id).status == "queued"


def _stored_by_another_version(job: Job, kind: str, order: Json) -> Json:
    """The fields of a job with this command, which the deployment has ordered."""
    return ordered(WORKSPACE, job.model_copy(update={"kind": kind, "order": order})).model_dump()
