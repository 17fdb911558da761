"""Jobs: done once by whoever holds the lease, whoever is killed, however often they are said."""

import time
from collections.abc import Callable, Iterator
from threading import Lock, Thread

import pytest

from core.errors import ConflictError, NoSuchJobError, UnavailableError
from core.jobs import service as jobs
from core.jobs import worker as working
from core.jobs.commands import COMMANDS, UnreadableCommandError
from core.jobs.worker import MOST_ATTEMPTS, GaveUpError, run_job
from core.services.handlers import HANDLERS
from core.services.processing.ingest import ingest
from core.settings import settings
from core.storage.container import container
from core.storage.job_repository import Job
from core.storage.s3.object_store import ObjectStore
from core.types import Json
from infra.local.runner import Runner
from tests.support.job_commands import Scene, install
from tests.support.storage import WORKSPACE, home
from tests.support.tables import CSVS

ORDER = {"model_type": "ridge", "target_column": "mpg", "file_id": None, "params": None}
LEASE_SECONDS = 2.0


@pytest.fixture(autouse=True)
def stores(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's storage, over the emulated bucket; leases are short, and GETs and PUTs under conditions atomic."""
    monkeypatch.setenv("REGATTA_JOB_LEASE_SECONDS", str(LEASE_SECONDS))
    settings.cache_clear()
    lock = Lock()
    for name in ("create", "replace"):
        method = getattr(ObjectStore, name)
        monkeypatch.setattr(ObjectStore, name, locked(lock, method))


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return install(monkeypatch)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the wall clock on."""
    clock, shift = time.time, [0.0]
    monkeypatch.setattr("core.storage.leases.time.time", lambda: clock() + shift[0])

    def move(seconds: float = LEASE_SECONDS + 1) -> None:
        shift[0] += seconds

    return move


@pytest.fixture
def running(scene: Scene) -> Iterator[tuple[str, Thread]]:
    """The id of a job that a worker is at, and the worker."""
    job_id = ordered("waiting")
    worker = Thread(target=do, args=(job_id,))
    worker.start()
    assert scene.begun.wait(10)
    yield job_id, worker
    scene.go_on.set()
    worker.join(10)


def locked(lock: Lock, method: Callable[..., bool]) -> Callable[..., bool]:
    def atomic(*arguments: object) -> bool:
        with lock:
            return method(*arguments)

    return atomic


def ordered(kind: str, **order: object) -> str:
    return jobs.submit_job(home(), COMMANDS[kind](**order)).job_id


def do(job_id: str, seconds: float = 60, **kwargs: object) -> Job | None:
    return run_job(home(), job_id, HANDLERS, seconds=seconds, **kwargs)


def looked(job_id: str) -> Job:
    return jobs.job_status(home(), job_id)


def kill(job_id: str) -> None:
    """Do a job with a worker that dies of it."""
    with pytest.raises(SystemExit):
        do(job_id)


@pytest.fixture
def training(bucket: ObjectStore) -> str:
    """The id of a job that trains a ridge."""
    return ordered("train", **ORDER, model_name="car") if ingest(home(), "mpg.csv", CSVS["mpg"][0]) else ""


def versions() -> list[int]:
    return [model.version for model, _ in home().models.page(100, name="car").models]


def test_a_job_ends_with_the_answer_of_the_call(training: str) -> None:
    assert (looked(training).status, looked(training).progress) == ("queued", 0.0)
    done = do(training)
    assert (done.status, done.progress, done.attempts, done.error) == ("succeeded", 1.0, 1, None)
    assert done.result["model_name"] == "car"
    assert done.result["metrics"]["r2"] > 0.7
    assert home().models.manifest("car").job_id == training
    assert looked(training) == done


def test_the_bucket_has_the_order_from_the_start_and_the_final_state(training: str, bucket: ObjectStore) -> None:
    key = f"{WORKSPACE}/jobs/{training}.json"
    assert Job.model_validate_json(bucket.get(key)).order["model_name"] == "car"
    do(training)
    assert Job.model_validate_json(bucket.get(key)) == looked(training)


def test_said_five_times_it_trains_once(training: str) -> None:
    for _ in range(5):
        do(training)
    assert (versions(), looked(training).attempts) == ([1], 1)


def test_said_five_times_at_once_it_trains_once(training: str) -> None:
    refused: list[str] = []

    def attempt() -> None:
        try:
            do(training)
        except ConflictError as error:
            refused.append(error.detail)

    workers = [Thread(target=attempt) for _ in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert (versions(), looked(training).status, looked(training).attempts) == ([1], "succeeded", 1)
    assert all(training in detail for detail in refused)


def test_another_worker_finishes_what_a_killed_one_has_begun(
    training: str, monkeypatch: pytest.MonkeyPatch, later: Callable[[], None]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("core.services.training.train.train", killed)
        kill(training)
    assert looked(training).status == "running"
    with pytest.raises(ConflictError):
        do(training)
    later()
    assert looked(training).is_interrupted
    assert do(training).attempts == 2
    assert (versions(), looked(training).status) == ([1], "succeeded")


def test_killed_between_publishing_and_saying_so_it_publishes_nothing_more(
    training: str, monkeypatch: pytest.MonkeyPatch, later: Callable[[], None]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(working.Attempt, "end", killed)
        kill(training)
    assert versions() == [1]
    later()
    monkeypatch.setattr("core.services.training.train.train", killed)
    done = do(training)
    assert (versions(), done.status, done.result["version"]) == ([1], "succeeded", 1)


def test_a_comparison_that_was_killed_publishes_only_what_is_missing(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, later: Callable[[], None]
) -> None:
    ingest(home(), "mpg.csv", CSVS["mpg"][0])
    monkeypatch.setattr("core.services.training.compare.DEFAULT_MODEL_TYPES", ("ridge", "lasso", "decision_tree"))
    job_id = ordered("compare", target_column="mpg", file_id=None)
    with monkeypatch.context() as patched:
        patched.setattr("core.services.training.compare.DEFAULT_MODEL_TYPES", ("ridge",))
        patched.setattr(working.Attempt, "end", killed)
        kill(job_id)
    later()
    done = do(job_id)
    models = [model for model, _ in home().models.page(100).models]
    stored = {model.model_name: model.version for model in models}
    assert stored == {f"mpg-{name}": 1 for name in ("ridge", "lasso", "decision_tree")}
    assert {row["version"] for row in done.result["results"]} == {1, None}
    assert {model.job_id for model in models} == {job_id}


def test_a_job_that_kills_every_worker_is_given_up(scene: Scene, later: Callable[[], None]) -> None:
    job_id = ordered("failing", errors=["kill"] * 9)
    for _ in range(MOST_ATTEMPTS):
        kill(job_id)
        later()
    for _ in range(2):
        with pytest.raises(GaveUpError):
            do(job_id)
    job = looked(job_id)
    assert (job.status, job.error["status"], scene.calls) == ("failed", 500, MOST_ATTEMPTS)
    assert "memory" in job.error["detail"]


def test_a_fault_of_ours_is_tried_again_and_then_given_up_without_saying_what_it_was(scene: Scene) -> None:
    job_id = ordered("failing", errors=["fault"] * 9)
    for _ in range(MOST_ATTEMPTS - 1):
        with pytest.raises(ZeroDivisionError):
            do(job_id)
        assert (looked(job_id).status, looked(job_id).error["status"]) == ("queued", 500)
    with pytest.raises(GaveUpError):
        do(job_id)
    job = looked(job_id)
    assert (job.status, job.error["instance"], scene.calls) == ("failed", f"/jobs/{job_id}", MOST_ATTEMPTS)
    assert "secret" not in job.model_dump_json()


def test_a_fault_that_passes_leaves_no_error(scene: Scene) -> None:
    job_id = ordered("failing", errors=["fault"])
    with pytest.raises(ZeroDivisionError):
        do(job_id)
    assert (do(job_id).status, looked(job_id).error, looked(job_id).attempts) == ("succeeded", None, 2)


def test_a_refusal_is_said_as_the_call_would_and_not_tried_again(scene: Scene) -> None:
    job_id = ordered("failing", errors=["refusal"])
    for _ in range(2):
        assert do(job_id).status == "failed"
    error = looked(job_id).error
    assert (error["status"], error["type"]) == (422, "urn:regatta:problem:bad-target")
    assert error["errors"] == [{"field": "target_column", "message": "not numeric"}]
    assert scene.calls == 1


def test_storage_trouble_says_nothing_about_the_job_however_often_it_comes(scene: Scene) -> None:
    job_id = ordered("failing", errors=["outage"] * 5)
    for _ in range(5):
        with pytest.raises(UnavailableError):
            do(job_id)
        assert (looked(job_id).status, looked(job_id).attempts) == ("queued", 0)
    assert do(job_id).status == "succeeded"


def test_a_cancelled_job_is_never_begun(scene: Scene) -> None:
    job_id = ordered("steps")
    assert jobs.cancel_job(home(), job_id).status == "cancelled"
    assert do(job_id).status == "cancelled"
    assert scene.calls == 0


def test_running_work_hears_that_it_was_cancelled(running: tuple[str, Thread]) -> None:
    job_id, worker = running
    assert jobs.cancel_job(home(), job_id).status == "running"
    worker.join(10)
    job = looked(job_id)
    assert (job.status, job.result, job.is_leased) == ("cancelled", None, False)


def test_what_is_over_cannot_be_cancelled(scene: Scene) -> None:
    job_id = ordered("steps")
    do(job_id)
    with pytest.raises(ConflictError, match="succeeded"):
        jobs.cancel_job(home(), job_id)


def test_the_lease_is_kept_while_the_work_goes_on(running: tuple[str, Thread], scene: Scene) -> None:
    job_id, worker = running
    time.sleep(LEASE_SECONDS + 0.5)
    with pytest.raises(ConflictError):
        do(job_id)
    scene.go_on.set()
    worker.join(10)
    assert (looked(job_id).status, scene.calls) == ("succeeded", 1)


def test_the_bucket_hears_how_far_it_is(running: tuple[str, Thread]) -> None:
    job_id, _ = running
    deadline = time.monotonic() + 5
    while looked(job_id).stage != "waiting":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (looked(job_id).status, looked(job_id).progress) == ("running", 0.5)


def test_a_worker_that_lost_its_job_to_another_writes_nothing(scene: Scene, later: Callable[[float], None]) -> None:
    job_id = ordered("waiting")
    worker = Thread(target=do, args=(job_id,))
    worker.start()
    assert scene.begun.wait(10)
    taken = home().jobs.change(job_id, lambda _: {"owner": "another", "leased_until": time.time() + 60})
    worker.join(10)
    assert not worker.is_alive()
    assert (looked(job_id).owner, looked(job_id).leased_until) == ("another", taken.leased_until)


def test_work_that_takes_too_long_is_ended(scene: Scene) -> None:
    job_id = ordered("waiting")
    job = do(job_id, seconds=0.1)
    assert (job.status, job.error["status"], job.error["type"]) == ("failed", 504, "urn:regatta:problem:job-timed-out")


def test_work_that_does_not_hear_is_given_up_without_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "GRACE_SECONDS", 0.0)
    job_id = ordered("deaf")
    worker = Thread(target=do, args=(job_id, 0.1))
    worker.start()
    deadline = time.monotonic() + 5
    while looked(job_id).status != "failed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    scene.go_on.set()
    worker.join(10)
    assert (looked(job_id).status, looked(job_id).error["status"]) == ("failed", 504)


def test_a_worker_that_is_stopped_puts_its_job_back(scene: Scene) -> None:
    job_id = ordered("waiting")
    job = do(job_id, stopping=lambda: True)
    assert (job.status, job.attempts, job.is_leased) == ("queued", 0, False)


def test_a_retry_begins_anew(scene: Scene) -> None:
    job_id = ordered("failing", errors=["refusal"])
    do(job_id)
    job = jobs.retry_job(home(), job_id)
    assert (job.status, job.attempts, job.error) == ("queued", 0, None)
    assert do(job_id).result == {"calls": 2}
    with pytest.raises(ConflictError, match="succeeded"):
        jobs.retry_job(home(), job_id)


def test_the_newest_come_first_a_page_at_a_time(scene: Scene) -> None:
    ids = [ordered("steps") for _ in range(5)][::-1]
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
    assert do(job_id) is None


def test_a_job_that_nobody_seems_to_do_is_offered_again_when_somebody_looks(
    scene: Scene, later: Callable[[float], None]
) -> None:
    job_id = ordered("steps")
    container().queue.done(WORKSPACE, job_id)
    looked(job_id)
    assert container().queue.waiting() == []
    later(jobs.SILENCE_SECONDS + 1)
    looked(job_id)
    assert container().queue.waiting() == [(WORKSPACE, job_id)]


@pytest.fixture
def runner() -> Iterator[Runner]:
    """A server's own worker, not started."""
    own = Runner(container().queue, look_seconds=0.05)
    yield own
    own.stop()
    own.join(10)


def test_a_server_without_a_queue_does_its_jobs_itself(scene: Scene, runner: Runner) -> None:
    left_behind = ordered("steps")
    runner.start()
    sent = [ordered("steps"), ordered("failing", errors=["fault"])]
    wait_until(lambda: not container().queue.waiting())
    assert [looked(job_id).status for job_id in (left_behind, *sent)] == ["succeeded"] * 3


def test_a_server_that_is_stopped_puts_its_job_back_for_another(scene: Scene, runner: Runner) -> None:
    job_id = ordered("waiting")
    runner.start()
    assert scene.begun.wait(10)
    runner.stop()
    runner.join(10)
    assert looked(job_id).status == "queued"
    assert container().queue.waiting() == [(WORKSPACE, job_id)]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def killed(*_: object, **__: object) -> Json:
    raise SystemExit


@pytest.mark.parametrize(("kind", "order"), [("train", {"model_kind": "ridge"}), ("weigh", {"file_id": "a"})])
def test_a_job_that_another_version_stored_fails_with_a_reason_and_can_be_retried(
    kind: str, order: Json, scene: Scene
) -> None:
    job_id = ordered("steps")
    home().jobs.change(job_id, lambda _: {"kind": kind, "order": order})
    for _ in range(MOST_ATTEMPTS - 1):
        with pytest.raises(UnreadableCommandError):
            do(job_id)  # the next worker may have a version that can
    with pytest.raises(GaveUpError):
        do(job_id)
    job = looked(job_id)
    assert (job.status, job.error["status"], "Another version" in job.error["detail"]) == ("failed", 500, True)
    assert jobs.retry_job(home(), job_id).status == "queued"
