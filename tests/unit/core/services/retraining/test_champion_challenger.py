"""What may be learned from, and who serves: the policy of a series, file by file."""

from pathlib import Path

import numpy as np
import pytest

from core.services.retraining.decision import ArrivalCase
from core.services.training.reproduce import reproduce
from core.storage.job_repository import Job
from core.storage.series_repository import SeriesSettings
from tests.support.arrivals import (
    SERIES,
    TARGET,
    again,
    announced,
    champion,
    decided,
    done,
    drop,
    put,
    serving,
    shuffled,
    table,
    versions,
)
from tests.support.storage import home

pytestmark = pytest.mark.usefixtures("bucket", "arrival_clock")


def drifting(seed: int, step: int) -> object:
    """The same world a little further on."""
    return table(seed, 500).assign(y=lambda rows: rows[TARGET] + 0.2 * step)


def test_the_first_file_is_raced_and_its_best_model_serves_by_the_name_of_the_series() -> None:
    home().series.configure(SERIES, SeriesSettings(time_limit=1))
    job = drop("1.csv", table(1), **{"target-column": TARGET})
    assert (job.result["state"], job.result["promoted"], job.result["champion"]) == ("accepted", True, 1)
    manifest = home().models.manifest(SERIES)
    assert (manifest.version, manifest.job_id, manifest.dataset.file_id) == (1, job.job_id, job.order["file_id"])
    assert home().series.get(SERIES).settings.target_column == TARGET
    later = drop("2.csv", drifting(2, 1))
    assert later.result["promoted"]
    follower = home().models.manifest(SERIES)
    assert follower.model_type == manifest.model_type
    assert [member.weight for member in follower.members] == [member.weight for member in manifest.members]
    assert reproduce(home(), SERIES).differing == []


def test_a_better_challenger_serves(tmp_path: Path) -> None:
    champion(tmp_path)
    job = drop("1.csv", drifting(1, 1))
    assert (job.result["state"], job.result["promoted"], serving()) == ("accepted", True, 2)
    report = home().series.report(SERIES, job.job_id)
    assert report["scores"]["challenger"]["rmse"] < report["scores"]["champion"]["rmse"]
    assert report["scores"]["difference"]["upper"] < 0
    manifest = home().models.manifest(SERIES)
    assert (manifest.dataset.file_id, manifest.dataset.earlier) == (job.order["file_id"], [])
    assert reproduce(home(), SERIES).differing == []


def test_a_challenger_that_may_be_worse_does_not(tmp_path: Path) -> None:
    champion(tmp_path, mode="replace", tolerance=0.0)
    job = drop("1.csv", table(1, 40))
    assert (job.result["state"], job.result["promoted"], serving()) == ("accepted", False, 1)
    assert "the champion stays" in job.result["reason"]
    assert versions() == [1, 2]


def test_a_challenger_learns_from_the_accepted_files_of_the_window(tmp_path: Path) -> None:
    champion(tmp_path, window=3)
    files = [drop(f"{n}.csv", drifting(n, n)).order["file_id"] for n in range(1, 5)]
    trained = home().models.manifest(SERIES, 5).dataset
    assert (trained.earlier, trained.file_id) == (files[1:3], files[3])
    assert (trained.rows_train, trained.rows_test) == (500 + 500 + 400, 100)
    assert reproduce(home(), SERIES, 5).differing == []


def test_mode_replace_learns_from_the_new_file_alone(tmp_path: Path) -> None:
    champion(tmp_path, mode="replace")
    for n in (1, 2):
        drop(f"{n}.csv", drifting(n, n))
    assert home().models.manifest(SERIES, 3).dataset.earlier == []


def test_a_file_whose_targets_are_of_other_rows_is_refused(tmp_path: Path) -> None:
    champion(tmp_path)
    job = drop("1.csv", shuffled(1))
    assert (job.status, decided(job).state, decided(job).learned) == ("failed", "refused", False)
    assert "not clearly better than always saying its mean" in job.error["detail"]
    assert (serving(), versions()) == (1, [1])


def test_a_file_in_another_unit_is_held_and_stays_out_when_the_next_one_contradicts_it(tmp_path: Path) -> None:
    champion(tmp_path)
    odd = drop("1.csv", table(1, scale=100))
    assert (odd.result["state"], decided(odd).learned, serving(), versions()) == ("held", False, 1, [1])
    drop("2.csv", table(2))
    assert (decided(odd).state, decided(odd).contradicted) == ("held", True)
    later = drop("3.csv", table(3, scale=100))
    assert later.result["state"] == "held"
    assert serving() != 3


CORRUPTIONS = {
    "a fifth of the targets in cents": lambda rows: rows.assign(y=rows["y"].where(rows.index % 5 > 0, 100 * rows["y"])),
    "targets of the wrong sign": lambda rows: rows.assign(y=-rows["y"]),
    "half of the targets of other rows": lambda rows: rows.assign(y=[*rows["y"][:100], *rows["y"][:99:-1]]),
    "a feature in another unit": lambda rows: rows.assign(x=0.3048 * rows["x"]),
    "a feature that is stuck": lambda rows: rows.assign(x=0.7),
    "a feature that is mostly missing": lambda rows: rows.assign(x=rows["x"].where(rows.index % 4 == 0)),
    "levels by other names": lambda rows: rows.assign(colour=rows["colour"].map({"red": "blue", "blue": "red"})),
}


@pytest.mark.parametrize("what", CORRUPTIONS)
def test_a_corrupted_file_is_neither_learned_from_nor_promoted(what: str, tmp_path: Path) -> None:
    champion(tmp_path)
    job = drop("1.csv", CORRUPTIONS[what](table(1)))
    assert decided(job).state in ("held", "refused")
    assert (decided(job).learned, serving(), versions()) == (False, 1, [1])
    assert drop("2.csv", table(2)).result["state"] == "accepted"
    assert home().models.manifest(SERIES, 2).dataset.earlier == []


def test_a_held_file_is_learned_from_once_the_next_one_says_the_same(tmp_path: Path) -> None:
    champion(tmp_path)
    before = drop("0.csv", drifting(9, 1))
    held = drop("1.csv", table(1, scale=2))
    new = drop("2.csv", table(2, scale=2))
    assert (decided(held).state, decided(held).learned) == ("accepted", True)
    assert (new.result["state"], new.result["promoted"]) == ("accepted", True)
    # What was before the change is not learned from any more.
    assert decided(before).learned
    assert home().models.manifest(SERIES).dataset.earlier == [held.order["file_id"]]
    newest = drop("3.csv", table(3, scale=2))
    trained = home().models.manifest(SERIES, newest.result["version"]).dataset
    assert trained.earlier == [held.order["file_id"], new.order["file_id"]]


def test_two_odd_files_that_disagree_do_not_confirm_each_other(tmp_path: Path) -> None:
    champion(tmp_path)
    first, second = drop("1.csv", table(1, scale=100)), drop("2.csv", table(2, scale=-3))
    assert (decided(first).contradicted, decided(second).contradicted) == (True, False)
    assert [decided(job).state for job in (first, second)] == ["held", "held"]
    assert serving() == 1


def test_a_held_file_does_not_confirm_itself(tmp_path: Path) -> None:
    champion(tmp_path)
    odd = table(1, scale=100)
    held = drop("1.csv", odd)
    again = drop("the same.csv", odd)
    assert (again.result["state"], again.result["learned"]) == ("old", False)
    turned = drop("in another order.csv", odd[::-1])
    assert [turned.result["state"], decided(held).learned, serving()] == ["held", False, 1]


def test_an_older_file_changes_nothing_that_serves_and_is_learned_from_next_time(tmp_path: Path, arrival_clock) -> None:
    champion(tmp_path)
    old = announced(put("old.csv", drifting(1, 1)))
    new = drop("new.csv", drifting(2, 1))
    assert serving() == 2
    late = done(old)
    assert (late.result["state"], late.result["learned"], late.result["version"]) == ("old", True, None)
    assert (serving(), versions()) == (2, [1, 2])
    newest = drop("newest.csv", drifting(3, 2))
    trained = home().models.manifest(SERIES, newest.result["version"]).dataset
    assert trained.earlier == [old.order["file_id"], new.order["file_id"]]


def test_a_file_from_before_a_held_one_says_nothing_about_it(tmp_path: Path) -> None:
    champion(tmp_path)
    before = announced(put("before.csv", drifting(1, 1)))
    held = drop("held.csv", table(2, scale=2))
    assert done(before).result["state"] == "accepted"
    assert (decided(held).state, decided(held).contradicted) == ("held", False)
    assert drop("after.csv", table(3, scale=2)).result["promoted"]


def test_the_same_bytes_by_another_name_are_learned_from_once(tmp_path: Path) -> None:
    champion(tmp_path)
    drop("1.csv", drifting(1, 1))
    twin = drop("copy.csv", drifting(1, 1))
    assert (twin.result["state"], twin.result["learned"]) == ("old", False)
    assert "'1.csv'" in twin.result["reason"]
    assert versions() == [1, 2]


def test_a_file_of_everything_so_far_is_judged_by_what_is_new_in_it(tmp_path: Path) -> None:
    import pandas as pd

    champion(tmp_path, mode="replace")
    job = drop("all.csv", pd.concat([table(0, 300), table(5, 200)]))
    report = home().series.report(SERIES, job.job_id)
    assert 20 <= report["scores"]["rows"] < 100


def done_after(quicker: Job, job: Job, monkeypatch: pytest.MonkeyPatch) -> Job:
    """The job, which another one overtakes right before it would have promoted."""
    promote = ArrivalCase._promote

    def overtaken(case: ArrivalCase, version: int, before: int | None) -> bool:
        monkeypatch.setattr(ArrivalCase, "_promote", promote)
        assert done(quicker).result["promoted"]
        return promote(case, version, before)

    monkeypatch.setattr(ArrivalCase, "_promote", overtaken)
    return done(job)


def test_two_files_at_once_are_two_versions_and_one_champion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    champion(tmp_path)
    first, second = (announced(put(f"{n}.csv", drifting(n, 1))) for n in (1, 2))
    monkeypatch.setattr("core.services.series.arrivals.written_at", lambda _: "2026-01-01T00:00:01")
    loser = done_after(first, second, monkeypatch)
    assert versions() == [1, 2, 3]
    report = home().series.report(SERIES, second.job_id)
    # Judged once more, beside the one that was quicker.
    assert report["before"] == decided(first).version
    assert serving() == loser.result["champion"]
    assert {decided(first).learned, decided(second).learned} == {True}


def test_two_first_files_at_once_are_two_versions_and_one_champion(monkeypatch: pytest.MonkeyPatch) -> None:
    home().series.configure(SERIES, SeriesSettings(target_column=TARGET, time_limit=1))
    first, second = (announced(put(f"{n}.csv", table(n))) for n in (1, 2))
    loser = done_after(first, second, monkeypatch)
    assert versions() == [1, 2]
    assert decided(second).version == 1
    assert home().series.report(SERIES, second.job_id)["before"] == decided(first).version == 2
    assert serving() == loser.result["champion"]


MOMENTS = {
    "while the file is stored": "core.storage.dataset_repository.Draft.finish",
    "before the challenger is stored": "core.services.retraining.champion_challenger.publish_model",
    "after the challenger was stored": "core.services.retraining.serving_model.ServingModel.metrics",
    "before the report is written": "core.storage.series_repository.SeriesRepository.write_report",
    "before the promotion": "core.services.retraining.decision.ArrivalCase._promote",
    "after the promotion": "core.services.retraining.decision.ArrivalCase._keep",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_killed_anywhere_leaves_a_champion_and_the_retry_finishes(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion(tmp_path)
    held = drop("0.csv", table(1, scale=2))
    job = announced(put("1.csv", table(2, scale=2)))

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as scene:
        scene.setattr(MOMENTS[moment], killed)
        with pytest.raises(SystemExit):
            again(job)
    assert serving() == (2 if moment == "after the promotion" else 1)
    assert again(job)["promoted"]
    assert (serving(), versions()) == (2, [1, 2])
    assert (decided(job).promoted, decided(held).state) == (True, "accepted")
    assert again(job)["promoted"]
    assert versions() == [1, 2]


def test_a_file_without_a_column_of_the_model_is_refused_with_its_name(tmp_path: Path) -> None:
    champion(tmp_path)
    job = drop("1.csv", table(1).drop(columns="colour"))
    assert (job.status, decided(job).state) == ("failed", "refused")
    assert "lacks 'colour'" in job.error["detail"]
    assert home().series.report(SERIES, job.job_id)["schema"]["missing"] == ["colour"]


def test_text_where_a_number_was_is_refused_and_a_number_where_text_was_is_taken(tmp_path: Path) -> None:
    whole = table(0, 300).assign(size=lambda rows: np.where(rows.index % 2, "12", "about 9"))
    champion(tmp_path, body=whole)
    texts = drop("1.csv", whole.assign(x="wide"))
    assert "'x' is text, and the model takes a number there" in texts.error["detail"]
    job = drop("2.csv", table(2).assign(size=12, weight=1.5, colour=lambda rows: rows["colour"] + "ish"))
    schema = home().series.report(SERIES, job.job_id)["schema"]
    assert schema["retyped"] == [{"name": "size", "was": "category", "is": "integer", "usable": True}]
    assert schema["new"] == ["weight"]
    assert [(one["name"], one["rows"]) for one in schema["unseen"]] == [("colour", 200)]


@pytest.mark.parametrize("body", [b"\x00\x01\x02", b"", b"a,b\n1,2\n"])
def test_a_poison_file_fails_once_with_a_reason_and_stops_nobody(body: bytes, tmp_path: Path) -> None:
    champion(tmp_path)
    job = drop("1.csv", body)
    assert (job.status, job.attempts, decided(job).state) == ("failed", 1, "refused")
    assert decided(job).reason == job.error["detail"]
    assert drop("2.csv", drifting(2, 1)).result["promoted"]


def test_an_object_that_names_another_target_than_the_series_is_refused(tmp_path: Path) -> None:
    champion(tmp_path)
    assert "'x'" in drop("1.csv", table(1), **{"target-column": "x"}).error["detail"]
