"""A server without a queue carries out its jobs itself."""

from collections.abc import Iterator

import pytest

from core.storage.container import container
from infra.local.runner import Runner
from tests.support.job_commands import JobProbe
from tests.support.jobs import read_job, submit
from tests.support.storage import WORKSPACE
from tests.support.waiting import wait_for

pytestmark = pytest.mark.usefixtures("bucket")


@pytest.fixture
def runner() -> Iterator[Runner]:
    """A server's own worker, not started."""
    own = Runner(container().queue, look_seconds=0.05)
    yield own
    own.stop()
    own.join(300)


def test_a_server_without_a_queue_does_its_jobs_itself(probe: JobProbe, runner: Runner) -> None:
    left_behind = submit("steps")
    runner.start()
    sent = [submit("steps"), submit("failing", errors=["fault"])]
    wait_for(lambda: not container().queue.waiting())
    assert [read_job(job_id).status for job_id in (left_behind, *sent)] == ["succeeded"] * 3


def test_a_server_that_is_stopped_puts_its_job_back_for_another(probe: JobProbe, runner: Runner) -> None:
    job_id = submit("waiting")
    runner.start()
    assert probe.started.wait(300)
    runner.stop()
    runner.join(300)
    assert read_job(job_id).status == "queued"
    assert container().queue.waiting() == [(WORKSPACE, job_id)]
