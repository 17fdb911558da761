"""Where a file of a series is trained on: by its settings, or by a forecast from the size of the object."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.jobs import service as jobs
from core.jobs.commands import RetrainCommand
from core.jobs.effort import BATCH_VARIABLE
from core.machine_memory import PROCESS_BYTES
from core.services.handlers import HANDLERS
from core.services.series import arrivals
from core.services.series.effort import PACKED, TIMES_AS_TEXT, forecast
from core.settings import settings
from core.storage.container import container
from core.storage.job_repository import Job
from core.storage.series_repository import Arrival, Series, SeriesSettings, TrainingForecast
from functions.worker.run_one import run_one
from tests.support.arrivals import (
    SERIES,
    TARGET,
    carry_out,
    linear_table,
    put_file,
    read_arrival,
    retrain_on,
    submit_arrival,
)
from tests.support.recorded_batch import RecordedBatch
from tests.support.storage import home

MB = 1_000_000


def command(size: int, name: str = "2.csv", written: str = "2026-03") -> RetrainCommand:
    key = f"incoming/default/{SERIES}/{name}"
    facts: dict[str, Any] = {"sequencer": None, "target_column": None, "file_id": "f-new", "etag": "e"}
    return RetrainCommand(series=SERIES, key=key, last_modified=written, size_bytes=size, **facts)


def arrival(size: int, takes: TrainingForecast | None, name: str = "1.csv", written: str = "2026-01") -> Arrival:
    facts: dict[str, Any] = {"state": "accepted", "learned": True, "reason": "so it was", "etag": name}
    names = {"job_id": name, "file_id": f"f-{name}", "filename": name, "key": f"incoming/default/{SERIES}/{name}"}
    return Arrival(**names, size_bytes=size, last_modified=written, forecast=takes, **facts)


def series(*before: Arrival, **chosen: Any) -> Series:
    return Series(name=SERIES, settings=SeriesSettings(**chosen), arrivals=list(before))


def test_a_first_file_takes_memory_for_its_bytes_and_the_time_of_the_race() -> None:
    memory, seconds = forecast(series(time_limit=30), command(500 * MB))
    assert memory == PROCESS_BYTES + TIMES_AS_TEXT * 500 * MB
    assert seconds == 30 + 100
    packed, longer = forecast(series(time_limit=30), command(500 * MB, "1.parquet"))
    assert (packed - PROCESS_BYTES, longer - 30) == (PACKED * (memory - PROCESS_BYTES), PACKED * 100)


def test_a_later_file_takes_what_those_of_the_window_took_in_proportion_to_its_size() -> None:
    takes = TrainingForecast(memory_bytes=40 * MB, seconds=3)
    first, other = arrival(10 * MB, takes), arrival(0, None, "0.csv", "2026-02")
    # A hundred times as large as all before, and with the rows of these.
    assert forecast(series(first, other), command(1_000 * MB)) == (PROCESS_BYTES + 4_040 * MB, 200 + 303)
    assert forecast(series(first, other, mode="replace"), command(1_000 * MB))[0] == PROCESS_BYTES + 4_000 * MB
    # The same file again is not there twice; what is written in another format is no measure.
    assert forecast(series(first), command(10 * MB).model_copy(update={"file_id": first.file_id}))[1] == 2 + 3
    assert forecast(series(first), command(10 * MB, "2.xlsx"))[1] == PACKED * 2 + 60 + 3


@pytest.fixture
def batch(bucket: object, quick_races: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordedBatch]:
    """A deployment with AWS Batch, whose series has a target."""
    recorded = RecordedBatch()
    monkeypatch.setattr(container(), "batch", recorded)
    home().series.configure(SERIES, SeriesSettings(target_column=TARGET, time_limit=1))
    yield recorded


def choose(training: str) -> None:
    home().series.configure(SERIES, SeriesSettings(target_column=TARGET, time_limit=1, training=training))


def in_container(job: Job, monkeypatch: pytest.MonkeyPatch) -> int:
    """Carry out a job as the command of a container does, and return its exit status."""
    monkeypatch.setenv(BATCH_VARIABLE, "f1e2d3")
    return run_one(home(), job.job_id, HANDLERS, seconds=600)


def notes_of(job: Job) -> list[str]:
    report = home().series.report(SERIES, job.job_id)
    assert report is not None
    return list(report["notes"])


def test_what_is_not_too_much_for_a_function_stays_with_the_workers(batch: RecordedBatch) -> None:
    job = retrain_on("1.csv", linear_table(1))
    assert (batch.submitted, job.result["training"], job.batch_bytes) == ([], "function", 0)
    assert "why_batch" not in job.order
    takes = read_arrival(job).forecast
    assert takes is not None
    assert 0 < takes.memory_bytes < 100 * MB
    assert not any("Batch" in note for note in notes_of(job))


def test_a_file_that_is_too_large_for_a_function_goes_to_batch_once(
    batch: RecordedBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGATTA_BATCH_ABOVE_BYTES", str(PROCESS_BYTES + 1_000))
    settings.cache_clear()
    key = put_file("1.csv", linear_table(1))
    (job,) = {submit_arrival(key, sequencer=str(n)).job_id: submit_arrival(key) for n in range(3)}.values()
    assert {name for name, _ in batch.submitted} == {job.job_id}
    assert batch.submitted[0][1] == job.batch_bytes > PROCESS_BYTES + 1_000
    assert container().queue.open_jobs.list()[0].job_id == job.job_id
    # The settings of the moment count, and a job stays where it was given to.
    choose("function")
    assert submit_arrival(key).batch_bytes == job.batch_bytes
    assert submit_arrival(put_file("2.csv", linear_table(2))).batch_bytes == 0
    assert in_container(job, monkeypatch) == 0
    decided = read_arrival(job)
    assert (decided.state, decided.training) == ("accepted", "batch")
    assert notes_of(job)[0].startswith("AWS Batch did this: by the size of the file it was expected to take 0.4 GiB")
    # A second container, as after an answer that was lost, changes nothing.
    assert in_container(job, monkeypatch) == 0
    assert home().series.get(SERIES, fresh=True).arrivals == [decided]


def test_a_series_may_choose_batch_and_files_that_waited_go_there_too(
    batch: RecordedBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    home().series.configure(SERIES, SeriesSettings(time_limit=1))
    assert retrain_on("1.csv", linear_table(1)).result["state"] == "waiting"
    choose("batch")
    (job,) = arrivals.submit_waiting(home(), SERIES)
    assert [name for name, _ in batch.submitted] == [job.job_id]
    assert in_container(job, monkeypatch) == 0
    assert "AWS Batch did this: the settings of the series say training=batch" in notes_of(job)


def test_where_batch_is_taken_away_the_workers_decide_and_the_report_says_so(
    batch: RecordedBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose("batch")
    given = submit_arrival(put_file("1.csv", linear_table(1)))
    monkeypatch.setattr(container(), "batch", None)
    monkeypatch.setattr(container(), "_workspaces", {})
    jobs.offer_again(home(), given.job_id)
    assert [name for name, _ in batch.submitted] == [given.job_id]
    assert container().queue.waiting() == [("default", given.job_id)]
    for job in (carry_out(given), retrain_on("2.csv", linear_table(2))):
        assert job.result["training"] == "function"
        assert any(note.startswith("a worker of the queue did this, although") for note in notes_of(job))
