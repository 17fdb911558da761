"""A challenger is trained beside the champion, and serves where it is no worse."""

from pathlib import Path

import pytest

from core.services.training.reproduce import reproduce
from core.storage.series_repository import SeriesSettings
from tests.support.arrivals import (
    SERIES,
    TARGET,
    drifting_table,
    linear_table,
    retrain_on,
    serve_champion,
    serving_version,
    version_numbers,
)
from tests.support.storage import home

pytestmark = pytest.mark.usefixtures("bucket", "arrival_clock", "quick_races")


def test_the_first_file_is_raced_and_its_best_model_serves_by_the_name_of_the_series() -> None:
    home().series.configure(SERIES, SeriesSettings(time_limit=1))
    job = retrain_on("1.csv", linear_table(1), **{"target-column": TARGET})
    assert (job.result["state"], job.result["promoted"], job.result["champion"]) == ("accepted", True, 1)
    manifest = home().models.manifest(SERIES)
    assert (manifest.version, manifest.job_id, manifest.dataset.file_id) == (1, job.job_id, job.order["file_id"])
    assert home().series.get(SERIES).settings.target_column == TARGET
    later = retrain_on("2.csv", drifting_table(2, 1))
    assert later.result["promoted"]
    follower = home().models.manifest(SERIES)
    assert follower.model_type == manifest.model_type
    assert [member.weight for member in follower.members] == [member.weight for member in manifest.members]
    assert reproduce(home(), SERIES).differing == []


def test_a_better_challenger_serves(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    job = retrain_on("1.csv", drifting_table(1, 1))
    assert (job.result["state"], job.result["promoted"], serving_version()) == ("accepted", True, 2)
    report = home().series.report(SERIES, job.job_id)
    assert report["scores"]["challenger"]["rmse"] < report["scores"]["champion"]["rmse"]
    assert report["scores"]["difference"]["upper"] < 0
    manifest = home().models.manifest(SERIES)
    assert (manifest.dataset.file_id, manifest.dataset.earlier) == (job.order["file_id"], [])
    assert reproduce(home(), SERIES).differing == []


def test_a_challenger_that_may_be_worse_does_not(tmp_path: Path) -> None:
    serve_champion(tmp_path, mode="replace", tolerance=0.0)
    job = retrain_on("1.csv", linear_table(1, 40))
    assert (job.result["state"], job.result["promoted"], serving_version()) == ("accepted", False, 1)
    assert "the champion stays" in job.result["reason"]
    assert version_numbers() == [1, 2]


def test_a_challenger_learns_from_the_accepted_files_of_the_window(tmp_path: Path) -> None:
    serve_champion(tmp_path, window=3)
    files = [retrain_on(f"{n}.csv", drifting_table(n, n)).order["file_id"] for n in range(1, 5)]
    trained = home().models.manifest(SERIES, 5).dataset
    assert (trained.earlier, trained.file_id) == (files[1:3], files[3])
    assert (trained.rows_train, trained.rows_test) == (500 + 500 + 400, 100)
    assert reproduce(home(), SERIES, 5).differing == []


def test_mode_replace_learns_from_the_new_file_alone(tmp_path: Path) -> None:
    serve_champion(tmp_path, mode="replace")
    for n in (1, 2):
        retrain_on(f"{n}.csv", drifting_table(n, n))
    assert home().models.manifest(SERIES, 3).dataset.earlier == []
