"""An object below incoming/: one job an arrival, whatever its events say, and what is missed is found."""

from datetime import UTC, datetime

import pytest

from core.errors import InvalidInputError
from core.services.series import arrivals
from core.storage.container import container
from core.storage.series_repository import SeriesSettings
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
from tests.support.storage import WORKSPACE, home

pytestmark = pytest.mark.usefixtures("bucket", "quick_races")

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
