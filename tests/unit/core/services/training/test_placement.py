"""Where a training is carried out: in a function, on this server, or in AWS Batch; by injected limits."""

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from core.catalogue import regressor
from core.errors import InvalidInputError, TooLargeError
from core.jobs import service as jobs
from core.jobs.commands import CompareCommand, TrainCommand
from core.jobs.effort import BATCH_VARIABLE, Effort
from core.jobs.worker import GivenToBatchError, run_job
from core.machine_memory import PROCESS_BYTES
from core.manifests import DatasetManifest
from core.regressors.candidates import Candidate
from core.regressors.expected_memory import bytes_with_parts, expected_bytes, rows_within
from core.regressors.expected_time import seconds_in_parts
from core.services.handlers import HANDLERS
from core.services.processing.ingest import ingest
from core.services.training import placement
from core.services.training.commands import check_compare, check_train
from core.services.training.placement import RowsToRead, place, rows_to_read
from core.services.training.train import train_model
from core.settings import settings
from core.storage.s3.object_store import ObjectStore
from core.storage.workspace import Workspace
from functions.worker.run_one import run_one
from tests.support.recorded_batch import RecordedBatch
from tests.support.storage import home
from tests.support.tables import CSVS

RIDGE, TREE = Candidate(regressor("ridge")), Candidate(regressor("decision_tree"))
# Memory for a part of mpg's 398 rows.
LITTLE = PROCESS_BYTES + 100_000


@pytest.fixture
def batch() -> RecordedBatch:
    return RecordedBatch()


@pytest.fixture
def large(bucket: ObjectStore, batch: RecordedBatch) -> Workspace:
    """A workspace on AWS with Batch, and mpg in it."""
    ingest(home(), "mpg.csv", CSVS["mpg"][0])
    return replace(home(), batch=batch)


@pytest.fixture
def dataset(large: Workspace) -> DatasetManifest:
    return large.datasets.manifest(None)


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_TRAINING_MEMORY_BYTES", str(LITTLE))
    settings.cache_clear()


def train(model_type: str = "ridge", **fields: Any) -> TrainCommand:
    return TrainCommand(model_type=model_type, target_column="mpg", **fields)


def test_what_fits_stays_in_the_function(large: Workspace, dataset: DatasetManifest) -> None:
    assert place(large, train(), dataset, [RIDGE], 1.0) == Effort(1.0)


def test_what_may_take_longer_than_a_function_goes_to_batch(large: Workspace, dataset: DatasetManifest) -> None:
    effort = place(large, train(), dataset, [RIDGE], 301.0)
    assert effort == Effort(inf, expected_bytes([RIDGE], dataset.rows, dataset.columns))
    assert place(large, train(training="function"), dataset, [RIDGE], 301.0) == Effort(301.0)


@pytest.mark.usefixtures("little_memory")
def test_what_has_no_room_in_the_function_goes_to_batch(large: Workspace, dataset: DatasetManifest) -> None:
    assert place(large, train("decision_tree"), dataset, [TREE], 1.0).batch_bytes > LITTLE
    assert check_compare(large, CompareCommand(target_column="mpg"))[1].batch_bytes > LITTLE


def test_a_caller_may_choose_batch(large: Workspace, batch: RecordedBatch) -> None:
    command, effort = check_train(large, train(training="batch"))
    assert effort.seconds == inf
    job = jobs.submit_job(large, command, batch_bytes=effort.batch_bytes)
    assert batch.submitted == [(job.job_id, effort.batch_bytes)]
    assert [entry.job_id for entry in large.queue.open_jobs.list()] == [job.job_id]
    # The reconciler, and a retry, go the same way.
    jobs.offer_again(large, job.job_id)
    assert batch.submitted == [(job.job_id, effort.batch_bytes)] * 2
    assert jobs.cancel_job(large, job.job_id).status == "cancelled"
    assert batch.stopped == [job.job_id]
    jobs.retry_job(large, job.job_id)
    assert batch.submitted == [(job.job_id, effort.batch_bytes)] * 3


def test_a_worker_that_gets_the_message_of_a_job_for_batch_gives_it_to_batch(
    large: Workspace, batch: RecordedBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = jobs.submit_job(large, train(training="batch"), batch_bytes=LITTLE)
    jobs.cancel_job(large, job.job_id)
    # Whoever retries it may know of no Batch, as a shell: then its message goes to the queue.
    jobs.retry_job(replace(large, batch=None), job.job_id)
    with pytest.raises(GivenToBatchError):
        run_job(large, job.job_id, HANDLERS, seconds=600)
    assert batch.submitted == [(job.job_id, LITTLE)] * 2
    assert (jobs.job_status(large, job.job_id).status, jobs.job_status(large, job.job_id).attempts) == ("queued", 0)
    monkeypatch.setenv(BATCH_VARIABLE, "f1e2d3")
    assert run_one(large, job.job_id, HANDLERS, seconds=600) == 0
    assert jobs.job_status(large, job.job_id).status == "succeeded"


def test_a_job_for_batch_is_carried_out_by_a_worker_where_there_is_no_batch_any_more(large: Workspace) -> None:
    job = jobs.submit_job(large, train(training="batch"), batch_bytes=LITTLE)
    run_job(replace(large, batch=None), job.job_id, HANDLERS, seconds=600)
    assert jobs.job_status(large, job.job_id).status == "succeeded"


@pytest.mark.parametrize("queue", ["", "https://sqs.us-east-1.amazonaws.com/1/jobs"])
def test_batch_that_is_not_set_up_is_refused_with_and_without_a_queue_of_aws(
    large: Workspace, dataset: DatasetManifest, monkeypatch: pytest.MonkeyPatch, queue: str
) -> None:
    monkeypatch.setenv("REGATTA_JOBS_QUEUE_URL", queue)
    settings.cache_clear()
    with pytest.raises(InvalidInputError, match="REGATTA_BATCH_QUEUE") as refused:
        place(replace(large, batch=None), train(training="batch"), dataset, [RIDGE], 1.0)
    assert refused.value.errors[0]["field"] == "training"


@pytest.mark.usefixtures("little_memory")
def test_a_training_that_has_room_nowhere_is_refused_with_the_ways_out(
    large: Workspace, batch: RecordedBatch, dataset: DatasetManifest
) -> None:
    batch.most_bytes = LITTLE
    for command in (train(), train(training="function"), CompareCommand(target_column="mpg")):
        with pytest.raises(TooLargeError, match=r"fewer rows.*training=batch"):
            place(large, command, dataset, [RIDGE], 1.0)
    with pytest.raises(TooLargeError, match="fewer rows"):
        train_model(replace(large, batch=None), train())


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("command", [train(), CompareCommand(target_column="mpg")])
def test_any_training_learns_from_the_rows_that_have_room_where_these_are_enough(
    large: Workspace, dataset: DatasetManifest, monkeypatch: pytest.MonkeyPatch, command: TrainCommand | CompareCommand
) -> None:
    kept = isinstance(command, CompareCommand)
    rows = rows_within([RIDGE], LITTLE, dataset.columns, kept=kept)
    assert 20 < rows < dataset.rows
    monkeypatch.setattr(placement, "ENOUGH_ROWS", rows)
    assert rows_to_read(command, dataset, [RIDGE]) == RowsToRead(rows)
    assert place(replace(large, batch=None), command, dataset, [RIDGE], 1.0) == Effort(1.0)
    monkeypatch.setattr(placement, "ENOUGH_ROWS", rows + 1)
    with pytest.raises(TooLargeError, match=f"enough for {rows:,} of the 398 rows"):
        rows_to_read(command, dataset, [RIDGE])


@pytest.mark.usefixtures("little_memory")
def test_a_model_type_with_a_row_budget_learns_from_the_rows_that_have_room(
    large: Workspace, dataset: DatasetManifest
) -> None:
    command = train("decision_tree")
    rows, then_all = rows_to_read(command, dataset, [TREE])
    assert not then_all
    assert 20 < rows == rows_within([TREE], LITTLE, dataset.columns) < dataset.rows
    trained = train_model(large, command)
    assert f"{rows:,} of the 398 rows were read, spread evenly: memory allows no more" in trained.notes


def test_a_race_of_the_portfolio_reads_what_has_room(
    large: Workspace, dataset: DatasetManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement, "training_bytes", lambda: LITTLE)
    race = CompareCommand(target_column="mpg", ensemble=True, time_limit=5)
    rows = rows_within([RIDGE], LITTLE, dataset.columns)
    assert rows_to_read(race, dataset, [RIDGE]) == RowsToRead(rows)
    assert rows < dataset.rows


@pytest.mark.parametrize("model_type", ["ridge", "lightgbm"])
def test_what_learns_in_parts_needs_memory_for_the_rows_of_its_folds_and_a_little_for_each_of_all(
    dataset: DatasetManifest, monkeypatch: pytest.MonkeyPatch, model_type: str
) -> None:
    candidate, many = Candidate(regressor(model_type)), dataset.model_copy(update={"rows": 20_000_000})
    most = bytes_with_parts([candidate], [candidate], placement.FOLD_ROWS, many.rows, many.columns)
    assert most < expected_bytes([candidate], many.rows, many.columns) / 4
    monkeypatch.setattr(placement, "training_bytes", lambda: most + 1)
    assert rows_to_read(train(model_type), many, [candidate]) == RowsToRead(placement.FOLD_ROWS, then_all=True)
    # With less than that, the rows that have room without any parts are more than enough.
    monkeypatch.setattr(placement, "training_bytes", lambda: most - 100)
    rows = rows_within([candidate], most - 100, many.columns)
    assert rows_to_read(train(model_type), many, [candidate]) == RowsToRead(rows)
    assert rows > placement.ENOUGH_ROWS


def test_reading_all_rows_in_parts_takes_its_time(
    large: Workspace, dataset: DatasetManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = dataset.model_copy(update={"rows": 20_000_000})
    assert place(replace(large, batch=None), train(), many, [RIDGE], 10.0) == Effort(10.0)
    monkeypatch.setattr(placement, "training_bytes", lambda: 4 << 30)
    effort = place(replace(large, batch=None), train(), many, [RIDGE], 10.0)
    assert effort == Effort(10.0 + seconds_in_parts([RIDGE], many.rows, many.columns))


def test_a_container_has_the_memory_to_learn_in_parts(large: Workspace, dataset: DatasetManifest) -> None:
    many = dataset.model_copy(update={"rows": 20_000_000})
    effort = place(large, train(training="batch"), many, [RIDGE], 1.0)
    in_parts = bytes_with_parts([RIDGE], [RIDGE], placement.ENOUGH_ROWS, many.rows, many.columns)
    assert effort.batch_bytes == in_parts < expected_bytes([RIDGE], many.rows, many.columns)
    whole = place(large, train("decision_tree", training="batch"), many, [TREE], 1.0).batch_bytes
    assert whole == expected_bytes([TREE], many.rows, many.columns)
