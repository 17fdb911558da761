"""Tasks that are compared: the job shows standings, goes on without a task, and has a best so far when cancelled."""

from collections.abc import Callable

import pytest

from core.errors import ConflictError
from core.jobs import service as jobs
from core.jobs.worker import MOST_ATTEMPTS
from functions.job_responses import job_response
from tests.support.job_commands import JobProbe
from tests.support.jobs import carry_out, read_job, submit
from tests.support.storage import home
from tests.unit.core.jobs.test_divided import do


def begin(**fields: object) -> str:
    job_id = submit("ranked", tasks=3, **fields)
    assert carry_out(job_id).is_divided
    return job_id


def keys(job_id: str) -> list[str]:
    return [item.key for item in home().objects.list(home().tasks.folder(job_id))]


def test_the_standings_are_those_of_the_tasks_that_are_done(probe: JobProbe) -> None:
    job_id = begin()
    do(job_id, 0)
    do(job_id, 2)
    assert read_job(job_id).standings == [{"share": 102}, {"share": 100}]
    assert read_job(job_id).stage == "2 of 3 tasks"


def test_a_worker_reads_the_facts_of_each_task_once_for_the_standings(
    probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = begin()
    read: list[int] = []
    facts = home().tasks.facts
    monkeypatch.setattr(home().tasks, "facts", lambda job, numbers: read.extend(numbers) or facts(job, numbers))
    for number in (2, 0, 1):
        do(job_id, number)
    assert read == [2, 0, 1]
    assert read_job(job_id).standings == [{"share": 102}, {"share": 101}, {"share": 100}]


def test_a_cancelled_job_ends_with_the_best_so_far(probe: JobProbe) -> None:
    job_id = begin()
    do(job_id, 0)
    do(job_id, 1)
    assert jobs.cancel_job(home(), job_id).status == "running"
    assert job_response(home(), read_job(job_id))["stage"] == "cancelling"
    assert do(job_id, 2).status == "running"
    ended = carry_out(job_id)
    assert (ended.status, ended.result, probe.tasks) == ("cancelled", {"best": 101}, [0, 1])
    assert keys(job_id) == []
    with pytest.raises(ConflictError, match="best so far"):
        jobs.retry_job(home(), job_id)


def test_a_job_cancelled_after_its_last_task_ends_with_the_best_of_all(probe: JobProbe) -> None:
    job_id = begin()
    for number in range(3):
        do(job_id, number)
    jobs.cancel_job(home(), job_id)
    jobs.cancel_job(home(), job_id)
    assert (carry_out(job_id).status, read_job(job_id).result) == ("cancelled", {"best": 102})


def test_a_job_cancelled_before_its_first_task_has_no_result_and_can_be_retried(probe: JobProbe) -> None:
    job_id = begin()
    jobs.cancel_job(home(), job_id)
    assert (carry_out(job_id).status, read_job(job_id).result) == ("cancelled", None)
    jobs.retry_job(home(), job_id)
    assert carry_out(job_id).stage == "0 of 3 tasks"
    for number in range(3):
        do(job_id, number)
    assert carry_out(job_id).status == "succeeded"


def test_a_task_that_kills_every_worker_is_left_out(probe: JobProbe, advance_clock: Callable[..., None]) -> None:
    job_id = begin(errors={"1": ["kill"] * 9})
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            do(job_id, 1)
        advance_clock()
        carry_out(job_id)
    assert do(job_id, 1).is_divided
    do(job_id, 0)
    do(job_id, 2)
    shares = carry_out(job_id).result["shares"]
    assert shares == [100, f"its training broke off {MOST_ATTEMPTS} workers, most likely for want of memory", 102]
    assert probe.tasks == [1] * MOST_ATTEMPTS + [0, 2]


def test_what_the_tasks_made_is_removed_with_the_result(probe: JobProbe) -> None:
    job_id = begin()
    for number in range(3):
        do(job_id, number)
    assert keys(job_id)
    assert carry_out(job_id).status == "succeeded"
    assert keys(job_id) == []
