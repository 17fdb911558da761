"""The function of the state machine: what a batch of tasks answers, and how a job ends."""

from typing import Any

import pytest

from core.jobs import service as jobs
from core.storage.state_machine import BATCH_SECONDS, MOST_BATCHES, WIDE_BATCHES, batches
from core.types import Json
from functions.remaining_time import MARGIN_SECONDS
from functions.tasks.handler import handler
from tests.support.job_commands import JobProbe
from tests.support.jobs import carry_out, read_job, submit
from tests.support.lambda_context import LambdaContext
from tests.support.storage import WORKSPACE, home

pytestmark = pytest.mark.usefixtures("bucket")

SHARES = [100, 101, 102]


def begin(**fields: object) -> str:
    """Submit a job of three tasks, let a worker divide it, and return its id."""
    job_id = submit("shares", tasks=3, **fields)
    assert carry_out(job_id).is_divided
    return job_id


def call(job_id: str, context: Any = None, **event: object) -> Json:
    """Call the function as the state machine does."""
    named = {"workspace": WORKSPACE, "job_id": job_id, "request_id": "", **event}
    return handler(named, context or LambdaContext())


def test_batches_and_then_the_step_finish_make_the_result(probe: JobProbe) -> None:
    job_id = begin()
    assert call(job_id, tasks=[2, 0]) == {"job_id": job_id, "outcome": "done", "tasks": [2, 0]}
    call(job_id, step="finish")
    assert read_job(job_id).is_divided, "a task is left"
    assert call(job_id, tasks=[1, 2])["outcome"] == "done"
    call(job_id, step="finish")
    assert carry_out(job_id).result == {"shares": SHARES}
    assert probe.tasks == [2, 0, 1]


def test_a_batch_waits_for_a_task_that_another_worker_has(probe: JobProbe) -> None:
    job_id = begin()
    home().tasks.take(job_id, 1, "another", 60)
    answer = call(job_id, tasks=[0, 1, 2])
    assert answer["outcome"] == "again"
    assert 1 <= answer["wait_seconds"] <= 20
    assert probe.tasks == [0]


def test_no_task_begins_in_the_second_half_of_a_call(probe: JobProbe) -> None:
    job_id = begin()

    class ShortContext(LambdaContext):
        """A call of which a task takes more than the half."""

        def get_remaining_time_in_millis(self) -> int:
            return super().get_remaining_time_in_millis() if not probe.tasks else round(1000 * (MARGIN_SECONDS + 100))

    assert call(job_id, ShortContext(), tasks=[0, 1, 2]) == {"job_id": job_id, "outcome": "again", "wait_seconds": 0}
    assert probe.tasks == [0]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_the_batches_of_a_job_that_is_over_are_not_done(probe: JobProbe, status: str) -> None:
    job_id = begin(errors={"1": ["refusal"]})
    if status == "cancelled":
        jobs.cancel_job(home(), job_id)
    else:
        assert call(job_id, tasks=[1])["outcome"] == "over"
    done = list(probe.tasks)
    assert call(job_id, tasks=[0, 2])["outcome"] == "over"
    assert (read_job(job_id).status, probe.tasks) == (status, done)
    assert call(job_id, step="fail", error={"Error": "JobOver", "Cause": ""})["was_over"]


def test_a_fault_of_ours_is_raised_so_that_the_machine_repeats_the_batch(probe: JobProbe) -> None:
    job_id = begin(errors={"0": ["outage", "fault"]})
    with pytest.raises(Exception, match="did not answer"):
        call(job_id, tasks=[0])
    assert read_job(job_id).is_divided


def test_a_map_that_failed_ends_the_job_which_says_how_it_goes_on(probe: JobProbe) -> None:
    job_id = begin()
    call(job_id, tasks=[0])
    error = {"Error": "States.ExceedToleratedFailureThreshold", "Cause": "secret"}
    assert not call(job_id, step="fail", error=error)["was_over"]
    job = read_job(job_id)
    assert (job.status, job.error["status"]) == ("failed", 500)
    assert f"POST /jobs/{job_id}/retry" in job.error["detail"]
    assert "secret" not in job.model_dump_json()
    jobs.retry_job(home(), job_id)
    assert carry_out(job_id).stage == "1 of 3 tasks"


def test_tasks_of_seconds_come_in_batches_of_a_minute_and_longer_ones_alone() -> None:
    assert batches(range(5), 0.0) == [[0], [1], [2], [3], [4]]
    assert batches(range(5), BATCH_SECONDS / 2) == [[0], [1], [2], [3], [4]]
    wide = batches(range(3 * WIDE_BATCHES), BATCH_SECONDS / 2)
    assert wide[:2] == [[0, 1], [2, 3]]
    assert len(batches(range(3 * WIDE_BATCHES), BATCH_SECONDS / 100)) == WIDE_BATCHES
    assert batches(range(2), 10 * BATCH_SECONDS) == [[0], [1]]
    many = batches(range(5 * MOST_BATCHES), 0.0)
    assert len(many) == MOST_BATCHES
    assert [number for batch in many for number in batch] == list(range(5 * MOST_BATCHES))
