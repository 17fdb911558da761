"""Files that arrive: ingested once, however often and in whatever order it is said, whoever is killed."""

import json
from collections.abc import Callable
from threading import Event, Thread
from typing import Any
from urllib.parse import quote_plus

import pytest

from core.errors import ConflictError, NoSuchFileError, UnavailableError
from core.manifests import DatasetManifest, Reading
from core.services.datasets import uploads as uploading
from core.services.processing import ingest_upload as arrivals
from core.storage.container import storage
from core.storage.s3.object_store import ObjectStore
from core.storage.upload_repository import Ticket
from functions.ingest.handler import handler
from tests.support.storing import WORKSPACE

CSV = b"age;name\n" + b"".join(b"%d;n%d\n" % (n, n % 7) for n in range(50))


@pytest.fixture(autouse=True)
def stores(bucket: ObjectStore) -> None:
    """The process's storage, over the emulated bucket."""
    storage().objects._client = bucket.client


@pytest.fixture
def arrived() -> str:
    """The file_id of an upload whose bytes are there."""
    return arrive(CSV)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets every lease run out."""

    def move() -> None:
        now = arrivals.time.time()
        monkeypatch.setattr("core.storage.upload_repository.time.time", lambda: now + arrivals.LEASE_SECONDS + 1)

    return move


def arrive(body: bytes, reading: Reading = Reading()) -> str:  # noqa: B008
    file_id = uploading.announce(WORKSPACE, "船.csv", len(body), reading).ticket.file_id
    storage().objects.put(key(file_id), body)
    return file_id


def key(file_id: str) -> str:
    return f"uploads/{WORKSPACE}/{file_id}.csv"


def in_flight() -> list[str]:
    return [item.key for item in storage().objects.list("uploads/")]


def looked(file_id: str) -> Ticket:
    found = uploading.look(WORKSPACE, file_id)
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
    arrivals.accept(WORKSPACE, arrived)
    manifest = uploading.look(WORKSPACE, arrived)
    assert isinstance(manifest, DatasetManifest)
    assert (manifest.file_id, manifest.filename, manifest.rows, manifest.delimiter) == (arrived, "船.csv", 50, ";")
    assert bucket.get(f"{WORKSPACE}/datasets/{arrived}/source.csv") == CSV
    assert storage().datasets.current(WORKSPACE) == arrived
    assert in_flight() == []


def test_the_announced_reading_holds() -> None:
    file_id = arrive("a,b\nä,1\nö,2\n".encode("cp1252"), Reading(encoding="cp1252", has_header=False))
    arrivals.accept(WORKSPACE, file_id)
    manifest = storage().datasets.manifest(WORKSPACE, file_id)
    assert (manifest.encoding, manifest.has_header, manifest.rows) == ("cp1252", False, 3)


def test_a_repeated_event_makes_nothing_and_clears_what_came_again(arrived: str, bucket: ObjectStore) -> None:
    arrivals.accept(WORKSPACE, arrived)
    before = [(item.key, item.etag) for item in bucket.list("")]
    bucket.put(key(arrived), b"sent once more with the same form")
    for _ in range(2):
        arrivals.accept(WORKSPACE, arrived)
    assert [(item.key, item.etag) for item in bucket.list("")] == before


def test_an_event_about_a_deleted_dataset_does_not_bring_it_back(arrived: str) -> None:
    arrivals.accept(WORKSPACE, arrived)
    storage().datasets.delete(WORKSPACE, arrived)
    arrivals.accept(WORKSPACE, arrived)
    with pytest.raises(NoSuchFileError):
        uploading.look(WORKSPACE, arrived)


def test_a_file_that_arrives_after_it_was_given_up_is_deleted(arrived: str, bucket: ObjectStore) -> None:
    uploading.abort(WORKSPACE, arrived)
    bucket.put(key(arrived), CSV)
    arrivals.accept(WORKSPACE, arrived)
    assert list(bucket.list("")) == []


def test_a_refused_file_ends_as_failed_with_its_problem_and_is_deleted(bucket: ObjectStore) -> None:
    file_id = arrive(b"a,b\n1,2\n3\n")
    arrivals.accept(WORKSPACE, file_id)
    ticket = looked(file_id)
    assert ticket.status == "failed"
    assert ticket.error is not None
    assert (ticket.error["status"], ticket.error["type"]) == (422, "urn:regatta:problem:not-a-csv")
    assert [entry["row"] for entry in ticket.error["errors"]] == [3]
    assert in_flight() == [f"uploads/{WORKSPACE}/{file_id}.json"]
    assert list(bucket.list(f"{WORKSPACE}/")) == []
    bucket.put(key(file_id), CSV)
    arrivals.accept(WORKSPACE, file_id)
    assert looked(file_id) == ticket
    assert in_flight() == [f"uploads/{WORKSPACE}/{file_id}.json"]


def test_of_two_at_once_one_ingests_and_the_other_is_told_to_come_back(
    arrived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, calls = Event(), Event(), []
    ingest = arrivals.ingest

    def slow(*args: Any, **kwargs: Any) -> DatasetManifest:
        calls.append(1)
        begun.set()
        assert go_on.wait(10)
        return ingest(*args, **kwargs)

    monkeypatch.setattr(arrivals, "ingest", slow)
    first = Thread(target=arrivals.accept, args=(WORKSPACE, arrived))
    first.start()
    assert begun.wait(10)
    with pytest.raises(ConflictError, match=arrived):
        arrivals.accept(WORKSPACE, arrived)
    go_on.set()
    first.join(10)
    arrivals.accept(WORKSPACE, arrived)
    assert storage().datasets.manifest(WORKSPACE, arrived).rows == 50
    assert (len(calls), in_flight()) == (1, [])


def test_a_killed_ingestion_is_tried_again_when_its_lease_is_over(
    arrived: str, monkeypatch: pytest.MonkeyPatch, later: Callable[[], None]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(arrivals, "ingest", killed)
        with pytest.raises(SystemExit):
            arrivals.accept(WORKSPACE, arrived)
    assert looked(arrived).status == "ingesting"
    with pytest.raises(ConflictError):
        arrivals.accept(WORKSPACE, arrived)
    later()
    arrivals.accept(WORKSPACE, arrived)
    assert storage().datasets.manifest(WORKSPACE, arrived).rows == 50
    assert in_flight() == []


def test_killed_between_the_dataset_and_the_clearing_away_only_the_clearing_away_is_left(
    arrived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(type(storage().uploads), "close", killed)
        with pytest.raises(SystemExit):
            arrivals.accept(WORKSPACE, arrived)
    assert isinstance(uploading.look(WORKSPACE, arrived), DatasetManifest)
    monkeypatch.setattr(arrivals, "ingest", killed)
    arrivals.accept(WORKSPACE, arrived)
    assert in_flight() == []


def test_a_file_that_kills_every_invocation_fails_in_the_end(
    arrived: str, monkeypatch: pytest.MonkeyPatch, later: Callable[[], None]
) -> None:
    monkeypatch.setattr(arrivals, "ingest", killed)
    for _ in range(arrivals.MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            arrivals.accept(WORKSPACE, arrived)
        later()
    arrivals.accept(WORKSPACE, arrived)
    ticket = looked(arrived)
    assert (ticket.status, ticket.error["status"]) == ("failed", 500)
    assert "memory" in ticket.error["detail"]
    assert in_flight() == [f"uploads/{WORKSPACE}/{arrived}.json"]


def test_storage_trouble_says_nothing_about_the_file_however_often_it_comes(
    arrived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(arrivals, "ingest", lambda *_, **__: raising(UnavailableError("down")))
        for _ in range(arrivals.MOST_ATTEMPTS + 1):
            with pytest.raises(UnavailableError):
                arrivals.accept(WORKSPACE, arrived)
    assert looked(arrived).status == "waiting"
    arrivals.accept(WORKSPACE, arrived)
    assert storage().datasets.manifest(WORKSPACE, arrived).rows == 50


def test_the_ticket_tells_how_far_it_is_at_most_once_a_second(arrived: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, clock = [], [0.0]
    monkeypatch.setattr(arrivals.time, "monotonic", lambda: clock[0])

    def steps(*_: Any, progress: Callable[[str, float], None], **__: Any) -> None:
        for second, stage, share in ((0.9, "reading", 0.0), (1.1, "reading", 0.5), (1.5, "profiling", 0.6)):
            clock[0] = second
            progress(stage, share)
            seen.append((looked(arrived).status, looked(arrived).stage, looked(arrived).progress))
        raise UnavailableError("enough")

    monkeypatch.setattr(arrivals, "ingest", steps)
    with pytest.raises(UnavailableError):
        arrivals.accept(WORKSPACE, arrived)
    assert seen == [("ingesting", "downloading", 0.0), ("ingesting", "reading", 0.55), ("ingesting", "reading", 0.55)]


def test_the_handler_reads_what_s3_sends(arrived: str) -> None:
    test_event = {"messageId": "0", "body": json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})}
    strangers = message("uploads/a b+c%中文.csv", f"uploads/{WORKSPACE}/{arrived}.json", number=2)
    answer = handler({"Records": [test_event, strangers, message(key(arrived), number=3)]}, None)
    assert answer == {"batchItemFailures": []}
    assert storage().datasets.manifest(WORKSPACE, arrived).rows == 50


def test_the_handler_gives_back_only_the_messages_that_failed(arrived: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = arrive(CSV)
    accept = arrivals.accept
    monkeypatch.setattr(
        "functions.ingest.handler.accept",
        lambda workspace, file_id: raising(UnavailableError("down")) if file_id == bad else accept(workspace, file_id),
    )
    events = [message(key(bad), number=1), message(key(arrived), number=2), {"messageId": "3", "body": "no JSON"}]
    assert handler({"Records": events}, None) == {
        "batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]
    }
    assert storage().datasets.manifest(WORKSPACE, arrived).rows == 50


def killed(*_: Any, **__: Any) -> None:
    raise SystemExit


def raising(error: Exception) -> None:
    raise error
