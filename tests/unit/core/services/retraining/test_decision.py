"""A file is accepted, held until the next one confirms it, or old; each file is trained on once."""

from pathlib import Path

import pytest

from tests.support.arrivals import (
    SERIES,
    carry_out,
    drifting_table,
    linear_table,
    put_file,
    read_arrival,
    retrain_on,
    serve_champion,
    serving_version,
    submit_arrival,
    version_numbers,
)
from tests.support.storage import home

pytestmark = pytest.mark.usefixtures("bucket", "arrival_clock", "two_folds")


def test_a_file_in_another_unit_is_held_and_stays_out_when_the_next_one_contradicts_it(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    odd = retrain_on("1.csv", linear_table(1, scale=100))
    assert (odd.result["state"], read_arrival(odd).learned, serving_version(), version_numbers()) == (
        "held",
        False,
        1,
        [1],
    )
    retrain_on("2.csv", linear_table(2))
    assert (read_arrival(odd).state, read_arrival(odd).contradicted) == ("held", True)
    later = retrain_on("3.csv", linear_table(3, scale=100))
    assert later.result["state"] == "held"
    assert serving_version() != 3


def test_a_held_file_is_learned_from_once_the_next_one_says_the_same(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    before = retrain_on("0.csv", drifting_table(9, 1))
    held = retrain_on("1.csv", linear_table(1, scale=2))
    new = retrain_on("2.csv", linear_table(2, scale=2))
    assert (read_arrival(held).state, read_arrival(held).learned) == ("accepted", True)
    assert (new.result["state"], new.result["promoted"]) == ("accepted", True)
    # What was before the change is not learned from any more.
    assert read_arrival(before).learned
    assert home().models.manifest(SERIES).dataset.earlier == [held.order["file_id"]]
    newest = retrain_on("3.csv", linear_table(3, scale=2))
    trained = home().models.manifest(SERIES, newest.result["version"]).dataset
    assert trained.earlier == [held.order["file_id"], new.order["file_id"]]


def test_two_odd_files_that_disagree_do_not_confirm_each_other(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    first, second = retrain_on("1.csv", linear_table(1, scale=100)), retrain_on("2.csv", linear_table(2, scale=-3))
    assert (read_arrival(first).contradicted, read_arrival(second).contradicted) == (True, False)
    assert [read_arrival(job).state for job in (first, second)] == ["held", "held"]
    assert serving_version() == 1


def test_a_held_file_does_not_confirm_itself(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    odd = linear_table(1, scale=100)
    held = retrain_on("1.csv", odd)
    again = retrain_on("the same.csv", odd)
    assert (again.result["state"], again.result["learned"]) == ("old", False)
    turned = retrain_on("in another order.csv", odd[::-1])
    assert [turned.result["state"], read_arrival(held).learned, serving_version()] == ["held", False, 1]


def test_an_older_file_changes_nothing_that_serves_and_is_learned_from_next_time(tmp_path: Path, arrival_clock) -> None:
    serve_champion(tmp_path)
    old = submit_arrival(put_file("old.csv", drifting_table(1, 1)))
    new = retrain_on("new.csv", drifting_table(2, 1))
    assert serving_version() == 2
    late = carry_out(old)
    assert (late.result["state"], late.result["learned"], late.result["version"]) == ("old", True, None)
    assert (serving_version(), version_numbers()) == (2, [1, 2])
    newest = retrain_on("newest.csv", drifting_table(3, 2))
    trained = home().models.manifest(SERIES, newest.result["version"]).dataset
    assert trained.earlier == [old.order["file_id"], new.order["file_id"]]


def test_a_file_from_before_a_held_one_says_nothing_about_it(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    before = submit_arrival(put_file("before.csv", drifting_table(1, 1)))
    held = retrain_on("held.csv", linear_table(2, scale=2))
    assert carry_out(before).result["state"] == "accepted"
    assert (read_arrival(held).state, read_arrival(held).contradicted) == ("held", False)
    assert retrain_on("after.csv", linear_table(3, scale=2)).result["promoted"]


def test_the_same_bytes_by_another_name_are_learned_from_once(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    retrain_on("1.csv", drifting_table(1, 1))
    twin = retrain_on("copy.csv", drifting_table(1, 1))
    assert (twin.result["state"], twin.result["learned"]) == ("old", False)
    assert "'1.csv'" in twin.result["reason"]
    assert version_numbers() == [1, 2]


def test_a_file_of_everything_so_far_is_judged_by_what_is_new_in_it(tmp_path: Path) -> None:
    import pandas as pd

    serve_champion(tmp_path, mode="replace")
    job = retrain_on("all.csv", pd.concat([linear_table(0, 300), linear_table(5, 200)]))
    report = home().series.report(SERIES, job.job_id)
    assert 20 <= report["scores"]["rows"] < 100
