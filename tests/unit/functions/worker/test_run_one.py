"""One job in a process of its own: the exit status by which AWS Batch runs it again or does not."""

import pytest

from core.jobs import service as jobs
from core.services.handlers import HANDLERS
from core.settings import settings
from functions.worker.run_one import AGAIN, DONE, GIVEN_UP, run_one
from tests.support.job_commands import JobProbe
from tests.support.jobs import kill_worker_of, read_job, submit
from tests.support.storage import home

pytestmark = pytest.mark.usefixtures("bucket")


def run(job_id: str, **options: object) -> int:
    return run_one(home(), job_id, HANDLERS, seconds=60, **options)


def test_a_job_that_is_over_leaves_the_register(probe: JobProbe) -> None:
    job_id = submit("steps")
    assert run(job_id) == DONE
    assert (read_job(job_id).status, home().queue.open_jobs.list()) == ("succeeded", [])
    assert run(job_id) == DONE
    assert probe.calls == 1
    assert run("00000000") == DONE


def test_a_refusal_ends_the_job_and_an_outage_calls_for_another_run(probe: JobProbe) -> None:
    assert run(submit("failing", errors=["refusal"])) == DONE
    job_id = submit("failing", errors=["outage", "outage"])
    assert [run(job_id), read_job(job_id).status] == [AGAIN, "queued"]


def test_a_fault_of_ours_is_given_up_after_the_last_attempt(probe: JobProbe) -> None:
    job_id = submit("failing", errors=["fault"] * 3)
    assert [run(job_id) for _ in range(3)] == [AGAIN, AGAIN, GIVEN_UP]
    assert read_job(job_id).status == "failed"
    # The worker that gets its message makes a dead letter of it, as of every job that was given up.
    assert home().queue.waiting() == [(home().name, job_id)]


def test_the_job_of_a_killed_process_is_taken_when_its_lease_is_over(
    probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, waited = submit("failing", errors=["kill"]), []
    kill_worker_of(job_id)

    def wait(seconds: float) -> None:
        waited.append(seconds)
        home().jobs.change(job_id, lambda job: {"leased_until": 0.0})

    assert run(job_id, sleep=wait) == DONE
    assert (waited, read_job(job_id).result) == ([settings().job_lease_seconds], {"calls": 2})


def test_a_job_that_another_worker_still_has_is_left_to_it(probe: JobProbe) -> None:
    job_id = submit("failing", errors=["kill"])
    kill_worker_of(job_id)
    assert run(job_id, sleep=lambda seconds: None) == DONE
    assert jobs.job_status(home(), job_id).status == "running"


def test_a_process_that_is_asked_to_end_gives_the_job_back(probe: JobProbe) -> None:
    job_id = submit("steps")
    assert run(job_id, stopping=lambda: True) == AGAIN
    assert (read_job(job_id).status, read_job(job_id).attempts) == ("queued", 0)
