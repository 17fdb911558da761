"""A job is divided into tasks: each counts once, also where it is lost, broken off, delivered twice or cancelled."""

import time
from collections.abc import Callable

import pytest

from core.errors import ConflictError, UnavailableError
from core.jobs import divided
from core.jobs import service as jobs
from core.jobs.divided import run_next_task, run_task
from core.jobs.division import TaskTakenError
from core.jobs.worker import MOST_ATTEMPTS, GaveUpError
from core.services.handlers import DIVIDED
from core.settings import settings
from core.storage.job_repository import Job
from core.storage.s3.object_store import ObjectStore
from functions.job_responses import job_response
from tests.support.job_commands import ERRORS, JobProbe
from tests.support.jobs import carry_out, read_job, submit
from tests.support.object_stores import FailingStore
from tests.support.storage import home

SHARES = [100, 101, 102]


def begin(**fields: object) -> str:
    """Submit a job of three tasks, let a worker divide it, and return its id."""
    job_id = submit("shares", tasks=3, **fields)
    assert carry_out(job_id).is_divided
    return job_id


def do_next(job_id: str) -> Job:
    """Carry out the next task of a job as a server does."""
    return run_next_task(home(), job_id, DIVIDED, seconds=60, stopping=lambda: False)


def do(job_id: str, number: int) -> Job:
    """Carry out this task of a job as the worker of a message does."""
    return run_task(home(), job_id, number, DIVIDED, seconds=60)


def test_the_tasks_are_done_one_by_one_and_then_the_job_is_finished(probe: JobProbe) -> None:
    job_id = begin()
    stages = [do_next(job_id).stage for _ in range(2)]
    assert read_job(job_id).stage == "2 of 3 tasks"
    assert read_job(job_id).progress == pytest.approx(2 / 3, abs=0.01)
    assert not do_next(job_id).is_leased
    # Until a worker takes its end, nobody has it, and nothing is wrong with it.
    shown = job_response(home(), read_job(job_id))
    assert (shown["status"], shown["stage"], shown["progress"]) == ("running", "3 of 3 tasks", 1.0)
    assert carry_out(job_id).result == {"shares": SHARES}
    assert (probe.tasks, len(stages)) == ([0, 1, 2], 2)


def test_the_last_tasks_begin_when_all_others_are_done(probe: JobProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[list[int]] = []
    monkeypatch.setattr(type(home().queue), "send_tasks", lambda *given: sent.append(list(given[-1])))
    job_id = begin(last=1)
    home().tasks.take(job_id, 1, "another", 60)
    do_next(job_id)
    with pytest.raises(ConflictError, match="that are left"):
        do_next(job_id)
    home().tasks.forget_attempts(job_id, 1)
    assert not do_next(job_id).is_leased
    for _ in range(2):
        assert carry_out(job_id).stage == "2 of 3 tasks"
        assert not do(job_id, 0).is_leased  # delivered twice, it says again that the last ones can begin
    do_next(job_id)
    assert (carry_out(job_id).result, probe.tasks) == ({"shares": SHARES}, [0, 1, 2])
    assert sent == [[0, 1], [2], [2]]


def test_last_tasks_that_are_not_needed_are_left_out(probe: JobProbe) -> None:
    job_id = begin(last=1, needs_last=False)
    do(job_id, 1)
    do(job_id, 0)
    assert (carry_out(job_id).result, probe.tasks) == ({"shares": SHARES[:2]}, [1, 0])


def test_a_job_that_is_too_small_is_not_divided(probe: JobProbe) -> None:
    assert carry_out(submit("shares", tasks=1)).result == {"shares": None}


def test_a_task_that_is_delivered_twice_is_done_once(probe: JobProbe) -> None:
    job_id = begin()
    for number in (2, 2, 0, 1, 1):
        do(job_id, number)
    assert (carry_out(job_id).result, sorted(probe.tasks)) == ({"shares": SHARES}, [0, 1, 2])


def test_a_task_of_another_worker_is_left_to_it_until_its_lease_ends(
    probe: JobProbe, advance_clock: Callable[..., None]
) -> None:
    job_id = begin()
    home().tasks.take(job_id, 1, "another", 60)
    with pytest.raises(TaskTakenError):
        do(job_id, 1)
    for _ in range(2):
        do_next(job_id)
    with pytest.raises(ConflictError, match="that are left"):
        do_next(job_id)
    advance_clock()
    do(job_id, 1)
    assert carry_out(job_id).result == {"shares": SHARES}


def test_a_job_whose_workers_were_all_killed_is_offered_again_and_goes_on(
    probe: JobProbe, advance_clock: Callable[..., None]
) -> None:
    job_id = begin(errors={"1": ["kill"]})
    do(job_id, 0)
    with pytest.raises(SystemExit):
        do(job_id, 1)
    advance_clock()
    assert jobs.offer_again(home(), job_id).is_interrupted
    assert carry_out(job_id).stage == "1 of 3 tasks"
    do(job_id, 1)
    do(job_id, 2)
    assert carry_out(job_id).result == {"shares": SHARES}
    assert probe.tasks == [0, 1, 1, 2]


def test_a_task_whose_worker_was_killed_before_the_clock_was_set_back_is_free(
    probe: JobProbe, advance_clock: Callable[..., None]
) -> None:
    job_id = begin()
    home().tasks.take(job_id, 0, "killed", 60)
    advance_clock(-3600)
    do_next(job_id)
    assert probe.tasks == [0]


def test_the_lease_of_a_job_from_before_the_clock_was_set_back_is_renewed(
    probe: JobProbe, advance_clock: Callable[..., None]
) -> None:
    job_id = begin(errors={"1": ["outage"]})
    advance_clock(-300)
    with pytest.raises(UnavailableError):
        do(job_id, 1)
    assert home().jobs.read(job_id, fresh=True).leased_until - time.time() <= settings().job_lease_seconds


def test_a_refusal_in_one_task_ends_the_job_with_it(probe: JobProbe) -> None:
    job_id = begin(errors={"1": ["refusal"] * 2})
    assert do(job_id, 1).error["type"] == "urn:regatta:problem:bad-target"
    assert do(job_id, 2).status == "failed"
    assert probe.tasks == [1]


def test_a_retry_does_only_what_was_not_done(probe: JobProbe) -> None:
    job_id = begin(errors={"1": ["refusal"]})
    do(job_id, 0)
    do(job_id, 1)
    jobs.retry_job(home(), job_id)
    assert carry_out(job_id).stage == "1 of 3 tasks"
    do_next(job_id)
    do_next(job_id)
    assert (carry_out(job_id).result, probe.tasks) == ({"shares": SHARES}, [0, 1, 1, 2])


def test_an_outage_says_nothing_about_the_task_however_often_it_comes(
    probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.task_repository.FIRST_WAIT_SECONDS", 0.0)
    job_id = begin(errors={"1": ["outage"] * 5})
    for _ in range(5):
        with pytest.raises(UnavailableError):
            do(job_id, 1)
    for number in range(3):
        do(job_id, number)
    assert carry_out(job_id).result == {"shares": SHARES}


def test_an_outage_that_outlasts_the_lease_is_no_attempt(
    probe: JobProbe, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, advance_clock: Callable[..., None]
) -> None:
    store = FailingStore(bucket)
    monkeypatch.setattr(home().tasks._documents, "_objects", store)

    def end_storage() -> UnavailableError:
        store.ending = "leases/000001.json"
        return UnavailableError("The object store did not answer.")

    monkeypatch.setitem(ERRORS, "outage", end_storage)
    job_id = begin(errors={"1": ["outage"] * (MOST_ATTEMPTS + 1)})
    for _ in range(MOST_ATTEMPTS + 1):
        with pytest.raises(UnavailableError):
            do(job_id, 1)
        store.ending = ""
        advance_clock()
        carry_out(job_id)
    for number in range(3):
        do(job_id, number)
    assert carry_out(job_id).result == {"shares": SHARES}


def test_a_task_goes_on_where_storage_does_not_answer_for_less_than_its_lease(
    probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(divided, "LOOK_SECONDS", -1.0)
    job_id = begin()
    read = home().jobs.read

    def read_fresh(job_id: str, *, fresh: bool = False) -> Job | None:
        if not fresh:
            raise UnavailableError("The object store did not answer.")
        return read(job_id, fresh=True)

    monkeypatch.setattr(home().jobs, "read", read_fresh)
    do(job_id, 1)
    assert home().tasks.is_done(job_id, 1)


def test_a_fault_of_ours_in_a_task_is_tried_again_and_then_ends_the_job(
    probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.task_repository.FIRST_WAIT_SECONDS", 0.0)
    job_id = begin(errors={"1": ["fault"] * 9})
    for _ in range(MOST_ATTEMPTS - 1):
        with pytest.raises(ZeroDivisionError):
            do(job_id, 1)
    with pytest.raises(GaveUpError):
        do(job_id, 1)
    assert (read_job(job_id).status, read_job(job_id).error["status"]) == ("failed", 500)
    assert "secret" not in read_job(job_id).model_dump_json()


def test_a_task_that_kills_every_worker_ends_the_job(probe: JobProbe, advance_clock: Callable[..., None]) -> None:
    job_id = begin(errors={"1": ["kill"] * 9})
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            do(job_id, 1)
        advance_clock()
        carry_out(job_id)
    assert do(job_id, 1).status == "failed"
    assert probe.tasks == [1] * MOST_ATTEMPTS


def test_cancelling_ends_the_job_at_once(probe: JobProbe) -> None:
    job_id = begin()
    do(job_id, 0)
    assert jobs.cancel_job(home(), job_id).status == "cancelled"
    assert do(job_id, 1).status == "cancelled"
    assert probe.tasks == [0]


def test_a_task_that_is_at_work_ends_at_its_next_report_once_the_job_is_cancelled(
    probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(divided, "LOOK_SECONDS", -1.0)
    job_id = begin()
    take = home().tasks.take

    def cancel_then_take(*arguments: object) -> object:
        jobs.cancel_job(home(), job_id)
        return take(*arguments)

    monkeypatch.setattr(home().tasks, "take", cancel_then_take)
    assert do(job_id, 1).status == "cancelled"
    assert (probe.tasks, home().tasks.is_done(job_id, 1)) == ([1], False)


def test_a_job_that_nobody_ordered_has_no_task_carried_out(probe: JobProbe) -> None:
    job_id = begin()
    home().jobs.change(job_id, lambda job: {"order": {"tasks": 4}})
    assert do(job_id, 1).status == "failed"
    assert probe.tasks == []
