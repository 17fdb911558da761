"""Files that arrive: ingested once, however often and in whatever order it is said, whoever is killed."""

import json
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest

from core.errors import ConflictError, NoSuchFileError, UnavailableError
from core.jobs.worker import MOST_ATTEMPTS
from core.manifests import DatasetManifest, Reading
from core.progress import ReportProgress
from core.services.datasets import uploads as uploading
from core.services.processing import ingest_upload
from core.settings import settings
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from core.storage.upload_repository import Ticket
from functions.ingest.handler import HANDLERS, handler
from tests.support.storage import WORKSPACE, home

pytestmark = pytest.mark.usefixtures("bucket")

CSV = b"age;name\n" + b"".join(b"%d;n%d\n" % (n, n % 7) for n in range(50))


@pytest.fixture
def arrived() -> str:
    """The file_id of an upload whose bytes are there."""
    return arrive(CSV)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets every lease run out."""

    def move() -> None:
        now = time.time()
        monkeypatch.setattr("core.storage.leases.time.time", lambda: now + settings().job_lease_seconds + 1)

    return move


def arrive(body: bytes, reading: Reading = Reading()) -> str:  # noqa: B008
    file_id = uploading.start_upload(home(), "船.csv", len(body), reading).ticket.file_id
    container().objects.put(key(file_id), body)
    return file_id


def receive(file_id: str) -> None:
    """Deal with one event about the file."""
    ingest_upload.receive_upload(home(), file_id, HANDLERS, seconds=60)


def key(file_id: str) -> str:
    return f"uploads/{WORKSPACE}/{file_id}.csv"


def in_flight() -> list[str]:
    return [item.key for item in container().objects.list("uploads/")]


def looked(file_id: str) -> Ticket:
    found = uploading.upload_status(home(), file_id)
    assert isinstance(found, Ticket)
    return found


def message(*keys: str, number: int = 1) -> dict[str, Any]:
    """A queue's message with an S3 notification about these keys."""
    records = [
        {"eventName": "ObjectCreated:Post", "s3": {"object": {"key": quote_plus(key, safe="/")}}} for key in keys
    ]
    return {"messageId": str(number), "body": json.dumps({"Records": records})}


def test_what_arrives_becomes_the_announced_dataset_and_leaves_nothing_in_flight(
    arrived: str, bucket: ObjectStore
) -> None:
    receive(arrived)
    manifest = uploading.upload_status(home(), arrived)
    assert isinstance(manifest, DatasetManifest)
    assert (manifest.file_id, manifest.filename, manifest.rows, manifest.delimiter) == (arrived, "船.csv", 50, ";")
    assert bucket.get(f"{WORKSPACE}/datasets/{arrived}/source.csv") == CSV
    assert home().datasets.current() == arrived
    assert in_flight() == []


def test_the_announced_reading_holds() -> None:
    file_id = arrive("a,b\nä,1\nö,2\n".encode("cp1252"), Reading(encoding="cp1252", has_header=False))
    receive(file_id)
    manifest = home().datasets.manifest(file_id)
    assert (manifest.encoding, manifest.has_header, manifest.rows) == ("cp1252", False, 3)


def test_a_repeated_event_makes_nothing_and_clears_what_came_again(arrived: str, bucket: ObjectStore) -> None:
    receive(arrived)
    before = [(item.key, item.etag) for item in bucket.list("")]
    bucket.put(key(arrived), b"sent once more with the same form")
    for _ in range(2):
        receive(arrived)
    assert [(item.key, item.etag) for item in bucket.list("")] == before


def test_an_event_about_a_deleted_dataset_does_not_bring_it_back(arrived: str) -> None:
    receive(arrived)
    home().datasets.delete(arrived)
    receive(arrived)
    with pytest.raises(NoSuchFileError):
        uploading.upload_status(home(), arrived)


def test_a_file_that_arrives_after_it_was_given_up_is_deleted(arrived: str, bucket: ObjectStore) -> None:
    uploading.abort_upload(home(), arrived)
    bucket.put(key(arrived), CSV)
    receive(arrived)
    assert list(bucket.list("")) == []


def test_a_refused_file_ends_as_failed_with_its_problem_and_is_deleted(bucket: ObjectStore) -> None:
    file_id = arrive(b"a,b\n1,2\n3\n")
    receive(file_id)
    ticket = looked(file_id)
    assert ticket.status == "failed"
    assert ticket.error is not None
    assert (ticket.error["status"], ticket.error["type"]) == (422, "urn:regatta:problem:not-a-csv")
    assert [entry["row"] for entry in ticket.error["errors"]] == [3]
    assert in_flight() == [f"uploads/{WORKSPACE}/{file_id}.json"]
    assert list(bucket.list(f"{WORKSPACE}/")) == []
    bucket.put(key(file_id), CSV)
    receive(file_id)
    assert looked(file_id) == ticket
    assert in_flight() == [f"uploads/{WORKSPACE}/{file_id}.json"]


def test_of_two_at_once_one_ingests_and_the_other_is_told_to_come_back(
    arrived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, calls = Event(), Event(), []
    ingest = ingest_upload.ingest

    def slow(*args: Any, **kwargs: Any) -> DatasetManifest:
        calls.append(1)
        begun.set()
        assert go_on.wait(10)
        return ingest(*args, **kwargs)

    monkeypatch.setattr(ingest_upload, "ingest", slow)
    first = Thread(target=receive, args=(arrived,))
    first.start()
    assert begun.wait(10)
    with pytest.raises(ConflictError, match=arrived):
        receive(arrived)
    go_on.set()
    first.join(10)
    receive(arrived)
    assert home().datasets.manifest(arrived).rows == 50
    assert (len(calls), in_flight()) == (1, [])


def test_a_killed_ingestion_is_tried_again_when_its_lease_is_over(
    arrived: str, monkeypatch: pytest.MonkeyPatch, later: Callable[[], None]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(ingest_upload, "ingest", killed)
        with pytest.raises(SystemExit):
            receive(arrived)
    assert looked(arrived).status == "ingesting"
    with pytest.raises(ConflictError):
        receive(arrived)
    later()
    receive(arrived)
    assert home().datasets.manifest(arrived).rows == 50
    assert in_flight() == []


def test_killed_between_the_dataset_and_the_clearing_away_only_the_clearing_away_is_left(
    arrived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(type(home().uploads), "close", killed)
        with pytest.raises(SystemExit):
            receive(arrived)
    assert isinstance(uploading.upload_status(home(), arrived), DatasetManifest)
    monkeypatch.setattr(ingest_upload, "ingest", killed)
    receive(arrived)
    assert in_flight() == []


def test_a_file_that_kills_every_invocation_fails_in_the_end(
    arrived: str, monkeypatch: pytest.MonkeyPatch, later: Callable[[], None]
) -> None:
    monkeypatch.setattr(ingest_upload, "ingest", killed)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            receive(arrived)
        later()
    receive(arrived)
    ticket = looked(arrived)
    assert (ticket.status, ticket.error["status"]) == ("failed", 500)
    assert "memory" in ticket.error["detail"]
    assert in_flight() == [f"uploads/{WORKSPACE}/{arrived}.json"]


def test_storage_trouble_says_nothing_about_the_file_however_often_it_comes(
    arrived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(ingest_upload, "ingest", lambda *_, **__: raising(UnavailableError("down")))
        for _ in range(MOST_ATTEMPTS + 1):
            with pytest.raises(UnavailableError):
                receive(arrived)
    assert looked(arrived).status == "waiting"
    receive(arrived)
    assert home().datasets.manifest(arrived).rows == 50


def test_the_ticket_tells_how_far_it_is_at_most_once_a_second(arrived: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, clock = [], [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def steps(*_: Any, report_progress: ReportProgress, **__: Any) -> None:
        for second, stage, share in ((0.9, "reading", 0.0), (1.1, "reading", 0.5), (1.5, "profiling", 0.6)):
            clock[0] = second
            report_progress(stage, share)
            seen.append((looked(arrived).status, looked(arrived).stage, looked(arrived).progress))
        raise UnavailableError("enough")

    monkeypatch.setattr(ingest_upload, "ingest", steps)
    with pytest.raises(UnavailableError):
        receive(arrived)
    assert seen == [("ingesting", "downloading", 0.0), ("ingesting", "reading", 0.55), ("ingesting", "reading", 0.55)]


def test_the_handler_reads_what_s3_sends(arrived: str) -> None:
    test_event = {"messageId": "0", "body": json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})}
    strangers = message("uploads/a b+c%中文.csv", f"uploads/{WORKSPACE}/{arrived}.json", number=2)
    answer = handler({"Records": [test_event, strangers, message(key(arrived), number=3)]}, None)
    assert answer == {"batchItemFailures": []}
    assert home().datasets.manifest(arrived).rows == 50


def test_the_handler_gives_back_only_the_messages_that_failed(arrived: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = arrive(CSV)
    monkeypatch.setattr(
        "functions.ingest.handler.receive_upload",
        lambda workspace, file_id, *_, **__: raising(UnavailableError("down")) if file_id == bad else receive(file_id),
    )
    events = [message(key(bad), number=1), message(key(arrived), number=2), {"messageId": "3", "body": "no JSON"}]
    assert handler({"Records": events}, None) == {
        "batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]
    }
    assert home().datasets.manifest(arrived).rows == 50


OLD_TICKET = {
    "format": 1,
    "filename": "船.csv",
    "size_bytes": len(CSV),
    "reading": {"encoding": None, "delimiter": None, "has_header": None},
    "method": "post",
    "upload_id": None,
    "part_size": 0,
    "created_at": "2026-01-01T00:00:00+00:00",
    "expires_at": "2026-01-01T01:00:00+00:00",
}


OLD_INGESTION = {"status": "ingesting", "stage": "reading", "progress": 0.4, "owner": "x", "attempts": 1}


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ({"status": "waiting", "stage": "uploading", "attempts": 0}, ("waiting", "uploading", 0.0)),
        ({"status": "waiting", "stage": "queued", "attempts": 0}, ("waiting", "queued", 0.0)),
        ({"status": "waiting", "stage": "queued", "attempts": 1}, ("waiting", "queued", 0.0)),
        (
            {
                "status": "ingesting",
                "stage": "reading",
                "progress": 0.4,
                "owner": "x",
                "leased_until": 9e9,
                "attempts": 1,
            },
            ("ingesting", "reading", 0.4),
        ),
        (
            {
                "status": "ingesting",
                "stage": "reading",
                "progress": 0.4,
                "owner": "x",
                "leased_until": 1.0,
                "attempts": 1,
            },
            ("ingesting", "interrupted", 0.4),
        ),
    ],
)
def test_an_upload_that_version_0_1_stored_is_shown_and_finished(
    arrived: str, state: dict[str, Any], shown: tuple[str, str, float]
) -> None:
    ticket = {**OLD_TICKET, "file_id": arrived, "progress": 0.0, "error": None, "owner": None, "leased_until": 0.0}
    container().objects.put(f"uploads/{WORKSPACE}/{arrived}.json", json.dumps({**ticket, **state}).encode())
    found = looked(arrived)
    assert (found.status, found.stage, found.progress, found.error) == (*shown, None)
    if found.is_leased:
        with pytest.raises(ConflictError):
            receive(arrived)
        return
    receive(arrived)
    assert home().datasets.manifest(arrived).rows == 50
    assert in_flight() == []


def test_an_upload_that_version_0_1_refused_stays_refused(arrived: str) -> None:
    error = {"type": "urn:regatta:problem:not-a-csv", "status": 422}
    state = {"status": "failed", "stage": "reading", "progress": 0.2, "error": error, "attempts": 1}
    ticket = {**OLD_TICKET, "file_id": arrived, **state}
    container().objects.put(f"uploads/{WORKSPACE}/{arrived}.json", json.dumps(ticket).encode())
    receive(arrived)
    found = looked(arrived)
    assert (found.status, found.stage, found.progress, found.error) == ("failed", "reading", 0.2, error)


def test_an_ingestion_is_a_job_that_lies_in_its_ticket_and_not_among_the_others(
    arrived: str, handlers: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(ingest_upload, "ingest", killed)
        with pytest.raises(SystemExit):
            receive(arrived)
    assert looked(arrived).job.kind == "ingest"
    assert handlers.get("/jobs").json() == {"jobs": [], "next": None}
    state = handlers.get(f"/data/files/{arrived}").json()
    assert (state["status"], state["stage"], state["error"]) == ("ingesting", "downloading", None)


def test_a_refusal_names_where_the_upload_is_followed(handlers: httpx.Client) -> None:
    file_id = arrive(b"a,b\n1,2\n3\n")
    receive(file_id)
    state = handlers.get(f"/data/files/{file_id}").json()
    assert (state["status"], state["error"]["instance"]) == ("failed", f"/data/files/{file_id}")


def killed(*_: Any, **__: Any) -> None:
    raise SystemExit


def raising(error: Exception) -> None:
    raise error
