"""A large upload is ingested once, however often its event comes and whenever a worker is killed."""

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from core.errors import ConflictError, NoSuchFileError, UnavailableError
from core.jobs.worker import MOST_ATTEMPTS
from core.manifests import DatasetManifest, Reading
from core.progress import ReportProgress
from core.services.datasets import uploads as uploading
from core.services.processing import ingest_upload
from core.storage.s3.object_store import ObjectStore
from tests.support.jobs import end_process
from tests.support.storage import WORKSPACE, home
from tests.support.uploads import CSV, keys_in_flight, put_upload, read_ticket, receive_event, upload_key


@pytest.fixture
def arrived(bucket: ObjectStore) -> str:
    """The identifier of an upload whose bytes are in the bucket."""
    return put_upload(CSV)


def test_what_arrives_becomes_the_announced_dataset_and_leaves_nothing_in_flight(
    arrived: str, bucket: ObjectStore
) -> None:
    receive_event(arrived)
    manifest = uploading.upload_status(home(), arrived)
    assert isinstance(manifest, DatasetManifest)
    assert (manifest.file_id, manifest.filename, manifest.rows, manifest.delimiter) == (arrived, "船.csv", 50, ";")
    assert bucket.get(f"{WORKSPACE}/datasets/{arrived}/source.csv") == CSV
    assert home().datasets.current() == arrived
    assert keys_in_flight() == []


def test_the_announced_reading_holds(bucket: ObjectStore) -> None:
    file_id = put_upload("a,b\nä,1\nö,2\n".encode("cp1252"), Reading(encoding="cp1252", has_header=False))
    receive_event(file_id)
    manifest = home().datasets.manifest(file_id)
    assert (manifest.encoding, manifest.has_header, manifest.rows) == ("cp1252", False, 3)


def test_a_repeated_event_makes_nothing_and_clears_what_came_again(arrived: str, bucket: ObjectStore) -> None:
    receive_event(arrived)
    before = [(item.key, item.etag) for item in bucket.list("")]
    bucket.put(upload_key(arrived), b"sent once more with the same form")
    for _ in range(2):
        receive_event(arrived)
    assert [(item.key, item.etag) for item in bucket.list("")] == before


def test_an_event_about_a_deleted_dataset_does_not_bring_it_back(arrived: str) -> None:
    receive_event(arrived)
    home().datasets.delete(arrived)
    receive_event(arrived)
    with pytest.raises(NoSuchFileError):
        uploading.upload_status(home(), arrived)


def test_a_file_that_arrives_after_it_was_given_up_is_deleted(arrived: str, bucket: ObjectStore) -> None:
    uploading.abort_upload(home(), arrived)
    bucket.put(upload_key(arrived), CSV)
    receive_event(arrived)
    assert list(bucket.list("")) == []


def test_a_refused_file_ends_as_failed_with_its_problem_and_is_deleted(bucket: ObjectStore) -> None:
    file_id = put_upload(b"a,b\n1,2\n3\n")
    receive_event(file_id)
    ticket = read_ticket(file_id)
    assert ticket.status == "failed"
    assert ticket.error is not None
    assert (ticket.error["status"], ticket.error["type"]) == (422, "urn:regatta:problem:not-a-csv")
    assert [entry["row"] for entry in ticket.error["errors"]] == [3]
    assert keys_in_flight() == [f"uploads/{WORKSPACE}/{file_id}.json"]
    assert list(bucket.list(f"{WORKSPACE}/")) == []
    bucket.put(upload_key(file_id), CSV)
    receive_event(file_id)
    assert read_ticket(file_id) == ticket
    assert keys_in_flight() == [f"uploads/{WORKSPACE}/{file_id}.json"]


def test_of_two_at_once_one_ingests_and_the_other_is_told_to_come_back(
    arrived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, calls = Event(), Event(), []
    ingest = ingest_upload.ingest

    def slow(*args: Any, **kwargs: Any) -> DatasetManifest:
        calls.append(1)
        begun.set()
        assert go_on.wait(300)
        return ingest(*args, **kwargs)

    monkeypatch.setattr(ingest_upload, "ingest", slow)
    first = Thread(target=receive_event, args=(arrived,))
    first.start()
    assert begun.wait(300)
    with pytest.raises(ConflictError, match=arrived):
        receive_event(arrived)
    go_on.set()
    first.join(300)
    receive_event(arrived)
    assert home().datasets.manifest(arrived).rows == 50
    assert (len(calls), keys_in_flight()) == (1, [])


def test_a_killed_ingestion_is_tried_again_when_its_lease_is_over(
    arrived: str, monkeypatch: pytest.MonkeyPatch, advance_clock: Callable[..., None]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(ingest_upload, "ingest", end_process)
        with pytest.raises(SystemExit):
            receive_event(arrived)
    assert read_ticket(arrived).status == "ingesting"
    with pytest.raises(ConflictError):
        receive_event(arrived)
    advance_clock()
    receive_event(arrived)
    assert home().datasets.manifest(arrived).rows == 50
    assert keys_in_flight() == []


def test_killed_between_the_dataset_and_the_clearing_away_only_the_clearing_away_is_left(
    arrived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(type(home().uploads), "close", end_process)
        with pytest.raises(SystemExit):
            receive_event(arrived)
    assert isinstance(uploading.upload_status(home(), arrived), DatasetManifest)
    monkeypatch.setattr(ingest_upload, "ingest", end_process)
    receive_event(arrived)
    assert keys_in_flight() == []


def test_a_file_that_kills_every_invocation_fails_in_the_end(
    arrived: str, monkeypatch: pytest.MonkeyPatch, advance_clock: Callable[..., None]
) -> None:
    monkeypatch.setattr(ingest_upload, "ingest", end_process)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            receive_event(arrived)
        advance_clock()
    receive_event(arrived)
    ticket = read_ticket(arrived)
    assert (ticket.status, ticket.error["status"]) == ("failed", 500)
    assert "memory" in ticket.error["detail"]
    assert keys_in_flight() == [f"uploads/{WORKSPACE}/{arrived}.json"]


def test_storage_trouble_says_nothing_about_the_file_however_often_it_comes(
    arrived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(ingest_upload, "ingest", Mock(side_effect=UnavailableError("down")))
        for _ in range(MOST_ATTEMPTS + 1):
            with pytest.raises(UnavailableError):
                receive_event(arrived)
    assert read_ticket(arrived).status == "waiting"
    receive_event(arrived)
    assert home().datasets.manifest(arrived).rows == 50


def test_the_ticket_tells_how_far_it_is_at_most_once_a_second(arrived: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, clock = [], [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def steps(*_: Any, report_progress: ReportProgress, **__: Any) -> None:
        for second, stage, share in ((0.9, "reading", 0.0), (1.1, "reading", 0.5), (1.5, "profiling", 0.6)):
            clock[0] = second
            report_progress(stage, share)
            seen.append((read_ticket(arrived).status, read_ticket(arrived).stage, read_ticket(arrived).progress))
        raise UnavailableError("enough")

    monkeypatch.setattr(ingest_upload, "ingest", steps)
    with pytest.raises(UnavailableError):
        receive_event(arrived)
    assert seen == [("ingesting", "downloading", 0.0), ("ingesting", "reading", 0.55), ("ingesting", "reading", 0.55)]


def test_an_ingestion_is_a_job_that_lies_in_its_ticket_and_not_among_the_others(
    arrived: str, handlers: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(ingest_upload, "ingest", end_process)
        with pytest.raises(SystemExit):
            receive_event(arrived)
    assert read_ticket(arrived).job.kind == "ingest"
    assert handlers.get("/jobs").json() == {"jobs": [], "next": None}
    state = handlers.get(f"/data/files/{arrived}").json()
    assert (state["status"], state["stage"], state["error"]) == ("ingesting", "downloading", None)


def test_a_refusal_names_where_the_upload_is_followed(handlers: httpx.Client) -> None:
    file_id = put_upload(b"a,b\n1,2\n3\n")
    receive_event(file_id)
    state = handlers.get(f"/data/files/{file_id}").json()
    assert (state["status"], state["error"]["instance"]) == ("failed", f"/data/files/{file_id}")
