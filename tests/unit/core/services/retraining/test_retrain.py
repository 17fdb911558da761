"""A retraining ends with one champion, whatever file arrives, and whenever another one or a kill interrupts it."""

from pathlib import Path

import pytest

from core.services.retraining.decision import ArrivalCase
from core.services.training import placement
from core.storage.job_repository import Job
from core.storage.series_repository import SeriesSettings
from tests.support.arrivals import (
    SERIES,
    TARGET,
    carry_out,
    drifting_table,
    linear_table,
    put_file,
    read_arrival,
    repeat_retraining,
    retrain_on,
    serve_champion,
    serving_version,
    submit_arrival,
    version_numbers,
)
from tests.support.jobs import end_process
from tests.support.storage import home

pytestmark = pytest.mark.usefixtures("bucket", "arrival_clock", "quick_races", "two_folds")
MOMENTS = {
    "while the file is stored": "core.storage.dataset_repository.Draft.finish",
    "before the challenger is stored": "core.services.retraining.champion_challenger.publish_model",
    "after the challenger was stored": "core.services.retraining.serving_model.ServingModel.metrics",
    "before the report is written": "core.storage.series_repository.SeriesRepository.write_report",
    "before the promotion": "core.services.retraining.decision.ArrivalCase._promote",
    "after the promotion": "core.services.retraining.decision.ArrivalCase._keep",
}


def done_after(quicker: Job, job: Job, monkeypatch: pytest.MonkeyPatch) -> Job:
    """The job, which another one overtakes right before it would have promoted."""
    promote = ArrivalCase._promote

    def overtaken(case: ArrivalCase, version: int, before: int | None) -> bool:
        monkeypatch.setattr(ArrivalCase, "_promote", promote)
        assert carry_out(quicker).result["promoted"]
        return promote(case, version, before)

    monkeypatch.setattr(ArrivalCase, "_promote", overtaken)
    return carry_out(job)


def test_two_files_at_once_are_two_versions_and_one_champion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_champion(tmp_path)
    first, second = (submit_arrival(put_file(f"{n}.csv", drifting_table(n, 1))) for n in (1, 2))
    monkeypatch.setattr("core.services.series.arrivals.written_at", lambda _: "2026-01-01T00:00:01")
    loser = done_after(first, second, monkeypatch)
    assert version_numbers() == [1, 2, 3]
    report = home().series.report(SERIES, second.job_id)
    # Judged once more, beside the one that was quicker.
    assert report["before"] == read_arrival(first).version
    assert serving_version() == loser.result["champion"]
    assert {read_arrival(first).learned, read_arrival(second).learned} == {True}


def test_two_first_files_at_once_are_two_versions_and_one_champion(monkeypatch: pytest.MonkeyPatch) -> None:
    home().series.configure(SERIES, SeriesSettings(target_column=TARGET, time_limit=1))
    first, second = (submit_arrival(put_file(f"{n}.csv", linear_table(n))) for n in (1, 2))
    loser = done_after(first, second, monkeypatch)
    assert version_numbers() == [1, 2]
    assert read_arrival(second).version == 1
    assert home().series.report(SERIES, second.job_id)["before"] == read_arrival(first).version == 2
    assert serving_version() == loser.result["champion"]


def test_the_first_file_is_read_as_far_as_there_is_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    home().series.configure(SERIES, SeriesSettings(target_column=TARGET, time_limit=1))
    job = submit_arrival(put_file("first.csv", linear_table(0)))
    for name in ("rows_within", "rows_beside_parts"):
        monkeypatch.setattr(placement, name, lambda *_, **__: 40)
    carry_out(job)
    assert home().models.manifest(SERIES).dataset.rows_train <= 32
    notes = home().series.report(SERIES, job.job_id)["notes"]
    assert any(note.startswith("40 of the 200 rows were read") for note in notes)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_killed_anywhere_leaves_a_champion_and_the_retry_finishes(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_champion(tmp_path)
    held = retrain_on("0.csv", linear_table(1, scale=2))
    job = submit_arrival(put_file("1.csv", linear_table(2, scale=2)))

    with monkeypatch.context() as patched:
        patched.setattr(MOMENTS[moment], end_process)
        with pytest.raises(SystemExit):
            repeat_retraining(job)
    assert serving_version() == (2 if moment == "after the promotion" else 1)
    assert repeat_retraining(job)["promoted"]
    assert (serving_version(), version_numbers()) == (2, [1, 2])
    assert (read_arrival(job).promoted, read_arrival(held).state) == (True, "accepted")
    assert repeat_retraining(job)["promoted"]
    assert version_numbers() == [1, 2]


@pytest.mark.parametrize("body", [b"\x00\x01\x02", b"", b"a,b\n1,2\n"])
def test_a_poison_file_fails_once_with_a_reason_and_stops_nobody(body: bytes, tmp_path: Path) -> None:
    serve_champion(tmp_path)
    job = retrain_on("1.csv", body)
    assert (job.status, job.attempts, read_arrival(job).state) == ("failed", 1, "refused")
    assert read_arrival(job).reason == job.error["detail"]
    assert retrain_on("2.csv", drifting_table(2, 1)).result["promoted"]


def test_an_object_that_names_another_target_than_the_series_is_refused(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    assert "'x'" in retrain_on("1.csv", linear_table(1), **{"target-column": "x"}).error["detail"]
