"""Jobs are submitted, listed, cancelled, retried, and offered again when nobody works on them."""

from collections.abc import Callable

import pytest

from core.errors import ConflictError, NoSuchJobError
from core.jobs import service as jobs
from core.storage.container import container
from tests.support.job_commands import JobProbe
from tests.support.jobs import carry_out, read_job, submit
from tests.support.storage import WORKSPACE, home


def test_a_cancelled_job_is_never_begun(probe: JobProbe) -> None:
    job_id = submit("steps")
    assert jobs.cancel_job(home(), job_id).status == "cancelled"
    assert carry_out(job_id).status == "cancelled"
    assert probe.calls == 0


def test_what_is_over_cannot_be_cancelled(probe: JobProbe) -> None:
    job_id = submit("steps")
    carry_out(job_id)
    with pytest.raises(ConflictError, match="succeeded"):
        jobs.cancel_job(home(), job_id)


def test_a_retry_begins_anew(probe: JobProbe) -> None:
    job_id = submit("failing", errors=["refusal"])
    carry_out(job_id)
    job = jobs.retry_job(home(), job_id)
    assert (job.status, job.attempts, job.error) == ("queued", 0, None)
    assert carry_out(job_id).result == {"calls": 2}
    with pytest.raises(ConflictError, match="succeeded"):
        jobs.retry_job(home(), job_id)


def test_the_newest_come_first_a_page_at_a_time(probe: JobProbe) -> None:
    ids = [submit("steps") for _ in range(5)][::-1]
    first, after = jobs.list_jobs(home(), 2)
    second, last = jobs.list_jobs(home(), 3, after)
    assert [job.job_id for job in first + second] == ids
    assert last is None
    with pytest.raises(NoSuchJobError):
        jobs.list_jobs(home(), 2, "00000000")


@pytest.mark.parametrize("job_id", ["00000000", "../datasets/x", ""])
def test_what_is_no_job_is_said(job_id: str) -> None:
    for call in (jobs.job_status, jobs.cancel_job, jobs.retry_job):
        with pytest.raises(NoSuchJobError):
            call(home(), job_id)
    assert carry_out(job_id) is None


def test_a_job_that_nobody_seems_to_do_is_offered_again_when_somebody_looks(
    probe: JobProbe, advance_clock: Callable[..., None]
) -> None:
    job_id = submit("steps")
    container().queue.remove(WORKSPACE, job_id)
    read_job(job_id)
    assert container().queue.waiting() == []
    advance_clock(jobs.SILENCE_SECONDS + 1)
    read_job(job_id)
    assert container().queue.waiting() == [(WORKSPACE, job_id)]
