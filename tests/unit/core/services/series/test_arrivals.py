"""An object below incoming/: one job an arrival, whatever its events say, and what is missed is found."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import ConflictError, InvalidInputError
from core.services.series import arrivals
from core.services.series.overrule import overrule
from core.storage.container import container
from core.storage.known_workspaces import make_workspace
from core.storage.series_repository import SeriesSettings
from tests.support.arrivals import (
    SERIES,
    TARGET,
    carry_out,
    linear_table,
    put_file,
    read_arrival,
    retrain_on,
    serving_version,
    submit_arrival,
    train_by_hand,
    version_numbers,
)
from tests.support.storage import WORKSPACE, home

pytestmark = pytest.mark.usefixtures("bucket", "quick_races", "two_folds")

NAME = "a b+c%中文.csv"


def jobs() -> list[str]:
    return [job.job_id for job in home().jobs.list()]


def test_the_same_event_five_times_is_one_job() -> None:
    key = put_file("1.csv", linear_table(1))
    etag = container().objects.head(key).etag
    submitted = [submit_arrival(key, etag=etag.strip('"'), sequencer=str(n)) for n in range(4)] + [submit_arrival(key)]
    assert len({job.job_id for job in submitted}) == 1
    assert len({job.order["file_id"] for job in submitted}) == 1
    assert len(jobs()) == 1


def test_the_order_says_what_the_object_is() -> None:
    key = put_file(NAME, linear_table(1), **{"target-column": "%E4%BB%B7"})
    order = submit_arrival(key).order
    assert (order["series"], order["key"], order["target_column"]) == (SERIES, key, "价")
    assert order["size_bytes"] == container().objects.size(key)
    assert datetime.fromisoformat(order["last_modified"]) <= datetime.now(UTC)


def test_an_overwritten_object_is_another_job_and_the_older_one_changes_nothing() -> None:
    key = put_file("1.csv", linear_table(1))
    older = submit_arrival(key)
    put_file("1.csv", linear_table(2), **{"target-column": TARGET})
    job = carry_out(older)
    assert (job.status, job.result["state"]) == ("succeeded", "superseded")
    assert submit_arrival(key).job_id != older.job_id
    assert home().datasets.list() == []
    assert read_arrival(older).learned is False


def test_a_deleted_object_is_no_job_or_one_that_changes_nothing() -> None:
    key = put_file("1.csv", linear_table(1))
    job = submit_arrival(key)
    container().objects.delete([key])
    assert arrivals.submit_retraining(container(), key) is None
    assert carry_out(job).result["state"] == "superseded"


@pytest.mark.parametrize(
    "key",
    ["incoming/default/a.csv", "incoming/default/s/a.txt", "uploads/default/s/a.csv", "incoming/default/ ?/a.csv"],
)
def test_what_is_no_arrival_is_refused(key: str) -> None:
    with pytest.raises(InvalidInputError):
        arrivals.submit_retraining(container(), key)


def test_a_file_keeps_its_name_and_is_not_made_current() -> None:
    job = retrain_on(f"2026/{NAME}", linear_table(1))
    manifest = home().datasets.manifest(job.order["file_id"])
    assert manifest.filename == NAME
    assert home().datasets.current() is None


def test_without_a_target_a_file_is_registered_and_waits_for_one() -> None:
    job = retrain_on("1.csv", linear_table(1))
    assert job.result["state"] == "waiting"
    assert f"PUT /series/{SERIES}" in job.result["reason"]
    assert "colour" in job.result["reason"]
    assert arrivals.submit_waiting(home(), SERIES) == []
    home().series.configure(SERIES, SeriesSettings(target_column=TARGET, time_limit=1))
    (later,) = arrivals.submit_waiting(home(), SERIES)
    assert later.job_id != job.job_id
    assert arrivals.submit_waiting(home(), SERIES)[0].job_id == later.job_id
    assert carry_out(later).result["state"] == "accepted"
    (arrival,) = home().series.get(SERIES).arrivals
    assert (arrival.file_id, arrival.champion) == (job.order["file_id"], 1)
    assert arrivals.submit_waiting(home(), SERIES) == []
    manifest = home().models.manifest(SERIES)
    assert (manifest.model_name, manifest.target_column) == (SERIES, TARGET)


def test_reconcile_finds_what_no_event_has_told_of() -> None:
    put_file("README.txt", b"not an arrival")
    keys = [
        put_file("1.csv", linear_table(1)),
        put_file("2.csv", linear_table(2)),
        put_file("3.csv", linear_table(3), "others"),
    ]
    submit_arrival(keys[0])
    assert [(one.key, one.job) for one in arrivals.reconcile(container(), dry_run=True)] == [
        (keys[2], None),
        (keys[1], None),
    ]
    assert len(jobs()) == 1
    assert [one.key for one in arrivals.reconcile(container(), "nobody")] == []
    missed = arrivals.reconcile(container(), WORKSPACE)
    assert {one.job.order["key"] for one in missed if one.job} == {*keys[1:]}
    assert arrivals.reconcile(container()) == []


def test_reconcile_leaves_alone_what_was_decided_long_ago() -> None:
    job = retrain_on("1.csv", linear_table(1))
    home().jobs.delete(job.job_id)
    assert arrivals.reconcile(container()) == []


def test_objects_of_a_job_that_was_lost_are_offered_again() -> None:
    submit_arrival(put_file("1.csv", linear_table(1)))
    container().queue.remove(WORKSPACE, jobs()[0])
    home().jobs.change(jobs()[0], lambda job: {"offered_at": 0.0})
    arrivals.reconcile(container())
    assert container().queue.waiting() == [(WORKSPACE, jobs()[0])]


def test_a_file_that_says_the_target_sets_free_what_waited_for_it() -> None:
    waiting = retrain_on("1.csv", linear_table(1))
    home().series.configure(SERIES, SeriesSettings(time_limit=1))
    retrain_on("2.csv", linear_table(2), **{"target-column": TARGET})
    (later,) = (job for job in home().jobs.list() if job.status == "queued")
    assert later.order["file_id"] == waiting.order["file_id"]
    assert carry_out(later).status == "succeeded"
    assert {arrival.state for arrival in home().series.get(SERIES).arrivals} <= {"accepted", "old"}


HOSTILE_KEYS = (
    *("incoming/incoming/default/prices/1.csv", "incoming/incoming/prices/1.csv", "incoming/default/incoming/1.csv"),
    *(
        "incoming/uploads/prices/1.csv",
        "incoming/default/uploads/1.csv",
        "incoming//prices/1.csv",
        "incoming/..//1.csv",
    ),
    *("incoming/default/../prices/1.csv", "incoming/../default/prices/1.csv", "incoming/default/prices/../1.csv"),
    *("incoming/default/prices/./1.csv", "incoming/default/prices//1.csv", "incoming/default/prices/a%2Fb.csv"),
    *(
        "incoming/default/prices/a%2e%2e%2fb.csv",
        "incoming/default/prices/a\\b.csv",
        "incoming/default/prices/a\nb.csv",
    ),
    *(
        "incoming/default/prices/a\0b.csv",
        "incoming/default/prices/a\u2028b.csv",
        f"incoming/default/prices/{'a' * 256}.csv",
    ),
    *(f"incoming/{'a' * 41}/prices/1.csv", "incoming/Default/prices/1.csv", "incoming/de%66ault/prices/1.csv"),
    *("INCOMING/default/prices/1.csv", "incoming/default/prices/1.c\u017fv", "incoming/default/prices/1.xl\u017fx"),
    *("incoming/default/prices/1.csv.exe", "incoming/default/prices/1.csv/", "/incoming/default/prices/1.csv"),
    *(f"incoming/default/{'a' * 101}/1.csv", "incoming/default/.newest/1.csv", "incoming/default/prices/.csv\r"),
)


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_no_cleverness_of_a_key_is_an_arrival(key: str) -> None:
    with pytest.raises(InvalidInputError):
        arrivals.submit_retraining(container(), key, "0" * 32)
    assert jobs() == []


def test_a_key_makes_no_workspace() -> None:
    key = "incoming/nowhere/prices/1.csv"
    container().objects.put(key, b"x,y\n1,2\n")
    with pytest.raises(InvalidInputError, match="nowhere"):
        arrivals.submit_retraining(container(), key)
    assert arrivals.reconcile(container()) == []
    assert [item.key for item in container().objects.list("nowhere/")] == []
    make_workspace(container().objects, "nowhere")
    (missed,) = arrivals.reconcile(container())
    assert missed.job is not None
    assert container().workspace("nowhere").jobs.read(missed.job.job_id) is not None


def test_what_is_no_arrival_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    for key in ("incoming/incoming/prices/1.csv", "incoming/nowhere/prices/1.csv"):
        container().objects.put(key, b"x,y\n1,2\n")
    settled: set[tuple[str, str]] = set()
    for _ in range(3):
        assert arrivals.reconcile(container(), settled=settled) == []
    assert len([record for record in caplog.records if "ignored" in str(record.__dict__)]) == 2


def test_two_dropped_files_do_not_replace_a_model_that_was_trained_by_hand(tmp_path: Path) -> None:
    train_by_hand(tmp_path)
    first = retrain_on("1.csv", linear_table(1), **{"target-column": TARGET})
    second = retrain_on("2.csv", linear_table(2), **{"target-column": TARGET})
    for job in (first, second):
        assert (job.result["state"], job.result["learned"], job.result["promoted"]) == ("held", False, False)
        assert f"PUT /series/{SERIES}" in job.result["reason"]
    assert serving_version() == 1
    assert version_numbers() == [1]
    with pytest.raises(ConflictError):
        overrule(home(), SERIES, first.job_id, learned=True)
    home().series.configure(SERIES, SeriesSettings(target_column=TARGET, time_limit=1))
    again = arrivals.submit_waiting(home(), SERIES)
    assert {job.order["key"] for job in again} == {first.order["key"], second.order["key"]}
    decided = [carry_out(job).result for job in again]
    assert {one["state"] for one in decided} == {"accepted"}
    assert arrivals.submit_waiting(home(), SERIES) == []


def test_a_model_that_its_files_trained_is_the_series_own(tmp_path: Path) -> None:
    home().series.change(SERIES, lambda series: series.model_copy(update={"settings": SeriesSettings(time_limit=1)}))
    assert retrain_on("1.csv", linear_table(1), **{"target-column": TARGET}).result["state"] == "accepted"
    train_by_hand(tmp_path)
    assert retrain_on("2.csv", linear_table(2)).result["state"] in ("accepted", "held")
    assert home().series.get(SERIES).owns_model
    assert not any(one.takes_over for one in home().series.get(SERIES).arrivals)
