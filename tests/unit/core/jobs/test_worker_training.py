"""A job that trains publishes once, however often it is delivered and whenever its worker is killed."""

from collections.abc import Callable
from threading import Thread

import pytest

from core.errors import ConflictError
from core.jobs.attempt import Attempt
from core.services.processing.ingest import ingest
from core.storage.job_repository import Job
from core.storage.s3.object_store import ObjectStore
from tests.support.jobs import carry_out, end_process, kill_worker_of, read_job, submit
from tests.support.storage import WORKSPACE, home
from tests.support.tables import CSVS

ORDER = {"model_type": "ridge", "target_column": "mpg", "file_id": None, "params": None}


@pytest.fixture
def training(bucket: ObjectStore) -> str:
    """The id of a job that trains a ridge."""
    return submit("train", **ORDER, model_name="car") if ingest(home(), "mpg.csv", CSVS["mpg"][0]) else ""


def versions() -> list[int]:
    return [model.version for model, _ in home().models.page(100, name="car").models]


def test_a_job_ends_with_the_answer_of_the_call(training: str) -> None:
    assert (read_job(training).status, read_job(training).progress) == ("queued", 0.0)
    done = carry_out(training)
    assert (done.status, done.progress, done.attempts, done.error) == ("succeeded", 1.0, 1, None)
    assert done.result["model_name"] == "car"
    assert done.result["metrics"]["r2"] > 0.7
    assert home().models.manifest("car").job_id == training
    assert read_job(training) == done


def test_the_bucket_has_the_order_from_the_start_and_the_final_state(training: str, bucket: ObjectStore) -> None:
    key = f"{WORKSPACE}/jobs/{training}.json"
    assert Job.model_validate_json(bucket.get(key)).order["model_name"] == "car"
    carry_out(training)
    assert Job.model_validate_json(bucket.get(key)) == read_job(training)


def test_said_five_times_it_trains_once(training: str) -> None:
    for _ in range(5):
        carry_out(training)
    assert (versions(), read_job(training).attempts) == ([1], 1)


def test_said_five_times_at_once_it_trains_once(training: str) -> None:
    refused: list[str] = []

    def attempt() -> None:
        try:
            carry_out(training)
        except ConflictError as error:
            refused.append(error.detail)

    workers = [Thread(target=attempt) for _ in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(300)
    assert (versions(), read_job(training).status, read_job(training).attempts) == ([1], "succeeded", 1)
    assert all(training in detail for detail in refused)


def test_another_worker_finishes_what_a_killed_one_has_begun(
    training: str, monkeypatch: pytest.MonkeyPatch, advance_clock: Callable[..., None]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("core.services.training.train.train", end_process)
        kill_worker_of(training)
    assert read_job(training).status == "running"
    with pytest.raises(ConflictError):
        carry_out(training)
    advance_clock()
    assert read_job(training).is_interrupted
    assert carry_out(training).attempts == 2
    assert (versions(), read_job(training).status) == ([1], "succeeded")


def test_killed_between_publishing_and_saying_so_it_publishes_nothing_more(
    training: str, monkeypatch: pytest.MonkeyPatch, advance_clock: Callable[..., None]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Attempt, "end", end_process)
        kill_worker_of(training)
    assert versions() == [1]
    advance_clock()
    monkeypatch.setattr("core.services.training.train.train", end_process)
    done = carry_out(training)
    assert (versions(), done.status, done.result["version"]) == ([1], "succeeded", 1)


def test_a_comparison_that_was_killed_publishes_only_what_is_missing(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, advance_clock: Callable[..., None]
) -> None:
    ingest(home(), "mpg.csv", CSVS["mpg"][0])
    monkeypatch.setattr("core.services.training.comparison.DEFAULT_MODEL_TYPES", ("ridge", "lasso", "decision_tree"))
    job_id = submit("compare", target_column="mpg", file_id=None)
    with monkeypatch.context() as patched:
        patched.setattr("core.services.training.comparison.DEFAULT_MODEL_TYPES", ("ridge",))
        patched.setattr(Attempt, "end", end_process)
        kill_worker_of(job_id)
    advance_clock()
    done = carry_out(job_id)
    models = [model for model, _ in home().models.page(100).models]
    stored = {model.model_name: model.version for model in models}
    assert stored == {f"mpg-{name}": 1 for name in ("ridge", "lasso", "decision_tree")}
    assert {row["version"] for row in done.result["results"]} == {1, None}
    assert {model.job_id for model in models} == {job_id}
