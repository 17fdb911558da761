"""A server without a queue carries out its jobs itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.jobs import service as jobs
from core.jobs.turns import JobName
from core.storage.bucket_queue import BucketQueue
from core.storage.container import container
from core.storage.leases import free
from core.storage.s3.object_store import ObjectStore
from infra.dead_letters import describe_dead_letters, redrive
from infra.local.runner import Runner
from tests.support.job_commands import JobProbe, StepsCommand
from tests.support.jobs import carry_out, read_job, submit
from tests.support.process_state import connect_container
from tests.support.redis_process import running_redis
from tests.support.storage import WORKSPACE, home
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


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b'{"job_id": 3', "is no JSON object"),
        (b"[]", "is no JSON object"),
        (b'{"job_id": 3}', "cannot be read"),
        (b'{"format": 2, "job_id": "x"}', "has format 2"),
    ],
)
def test_a_job_that_cannot_be_read_ends_as_a_dead_letter_and_the_next_is_served(
    probe: JobProbe, runner: Runner, document: bytes, reason: str
) -> None:
    damaged, sound = submit("steps"), submit("steps")
    container().objects.put(f"{WORKSPACE}/jobs/{damaged}.json", document)
    runner.start()
    wait_for(lambda: not container().queue.waiting())
    assert read_job(sound).status == "succeeded"
    (letter,) = describe_dead_letters(container().queue)
    assert letter.subject == damaged
    assert reason in letter.reason
    assert container().queue.state()["dead_letters"] == 1
    assert container().objects.get(f"{WORKSPACE}/jobs/{damaged}.json") == document


def test_a_job_that_was_given_up_can_be_redriven(probe: JobProbe, runner: Runner) -> None:
    job_id = submit("failing", errors=["fault"] * 3)
    runner.start()
    wait_for(lambda: container().queue.state()["dead_letters"] == 1)
    (letter,) = describe_dead_letters(container().queue)
    assert "fault of ours" in letter.reason
    assert redrive(container().queue) == (1, 0)
    wait_for(lambda: read_job(job_id).status == "succeeded")
    assert container().queue.state()["dead_letters"] == 0


@pytest.mark.usefixtures("patient_with_redis")
def test_a_server_without_work_joins_a_job_that_another_has_divided_and_finishes_it(
    bucket: ObjectStore, probe: JobProbe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.runner.ASK_SECONDS", 0.05)
    with running_redis(tmp_path) as (_, port):
        monkeypatch.setenv("REGATTA_REDIS_URL", f"redis://127.0.0.1:{port}/0")
        connect_container(bucket)
        queue = BucketQueue(container().objects, container().redis)
        found: list[list[JobName]] = []
        monkeypatch.setattr(queue, "waiting", lambda: found.append(BucketQueue.waiting(queue)) or found[-1])
        joining = Runner(queue, look_seconds=600)
        joining.start()
        try:
            wait_for(lambda: found)
            assert found == [[]]
            job_id = submit("shares", tasks=3)
            assert carry_out(job_id).is_divided
            wait_for(lambda: read_job(job_id).status == "succeeded")
        finally:
            joining.stop()
            joining.join(300)
    assert probe.tasks == [0, 1, 2]


def test_many_jobs_of_one_workspace_delay_the_first_of_another_by_one_job(probe: JobProbe, runner: Runner) -> None:
    """Those of other workspaces are submitted while the first of many is being carried out."""
    many = [submit("waiting"), *(submit("steps") for _ in range(5))]
    runner.start()
    assert probe.started.wait(300)
    others = [container().workspace(name) for name in ("acme", "other-team")]
    theirs = [(other, jobs.submit_job(other, StepsCommand()).job_id) for other in others]
    probe.released.set()
    wait_for(lambda: not container().queue.waiting())
    calls = [read_job(job_id).result["calls"] for job_id in many]
    assert [jobs.job_status(other, job_id).result["calls"] for other, job_id in theirs] == [2, 3]
    assert calls == [1, 4, 5, 6, 7, 8]


def test_a_job_that_another_worker_has_holds_up_nobody_and_is_done_later(probe: JobProbe, runner: Runner) -> None:
    left = submit("steps")
    home().jobs.change(left, lambda job: job.lease("it", "another", 600))
    runner.start()
    done = [submit("steps") for _ in range(3)]
    wait_for(lambda: container().queue.waiting() == [(WORKSPACE, left)])
    assert [read_job(job_id).status for job_id in done] == ["succeeded"] * 3
    home().jobs.change(left, lambda _: free(0))
    wait_for(lambda: not container().queue.waiting())
    assert read_job(left).status == "succeeded"
