"""Large uploads: announced, sent in parts, resumed, completed, given up."""

import base64
import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from core.errors import ConflictError, IncompleteUploadError, InvalidInputError, NoSuchFileError, TooLargeError
from core.jobs.commands import IngestCommand
from core.jobs.service import new_job
from core.manifests import Reading
from core.services.datasets import uploads as uploading
from core.settings import settings
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from core.storage.upload_repository import MOST_PARTS, PART_BYTES, object_key, upload_of
from tests.support.storage import WORKSPACE, home

pytestmark = pytest.mark.usefixtures("bucket")


@pytest.fixture
def no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a terabyte are taken."""
    monkeypatch.setenv("REGATTA_MAX_FILE_BYTES", str(1 << 40))
    settings.cache_clear()


def announced(size: int, method: str | None = None) -> uploading.UploadInstructions:
    return uploading.start_upload(home(), "船.csv", size, Reading(delimiter=";"), method)


def send(way_in: uploading.UploadInstructions, number: int, body: bytes) -> None:
    """PUT one part, as a client does at its URL."""
    url = urlsplit(way_in.parts[number])
    upload_id = parse_qs(url.query)["uploadId"][0]
    key = f"uploads/{WORKSPACE}/{way_in.ticket.file_id}.csv"
    assert url.path.endswith(key)
    container().objects.client.upload_part(
        Bucket=container().objects.bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body
    )


def being_ingested(file_id: str, leased_until: float) -> None:
    """Let a worker have the upload until then."""
    job = new_job(file_id, IngestCommand(file_id=file_id, filename="a.csv"))
    running = job.model_copy(update={"status": "running", "owner": "x", "leased_until": leased_until})
    home().uploads.change(file_id, lambda _: {"job": running})


def test_a_form_is_for_one_object_of_at_most_the_announced_size() -> None:
    way_in = announced(1000)
    assert way_in.ticket.method == "post"
    key = f"uploads/{WORKSPACE}/{way_in.ticket.file_id}.csv"
    assert way_in.fields["key"] == key
    conditions = json.loads(base64.b64decode(way_in.fields["policy"]))["conditions"]
    assert {"key": key} in conditions
    assert ["content-length-range", 1, 1000] in conditions
    assert way_in.parts == {}


def test_parts_cover_the_file_exactly_and_each_url_takes_just_its_bytes() -> None:
    size = 101_000_000
    way_in = announced(size)
    assert way_in.ticket.method == "multipart"
    sizes = way_in.ticket.part_sizes
    assert list(sizes) == list(way_in.parts) == list(range(1, -(-size // PART_BYTES) + 1))
    assert sum(sizes.values()) == size
    assert set(list(sizes.values())[:-1]) == {PART_BYTES}
    query = parse_qs(urlsplit(way_in.parts[1]).query)
    assert query["partNumber"] == ["1"]
    assert "content-length" in query["X-Amz-SignedHeaders"][0].split(";")


def test_a_huge_file_gets_larger_parts_and_not_more_urls(no_limit: None) -> None:
    size = 100_000_000_001
    way_in = announced(size)
    assert len(way_in.parts) == MOST_PARTS
    assert sum(way_in.ticket.part_sizes.values()) == size


def test_what_is_too_large_is_refused_before_a_byte_is_sent() -> None:
    with pytest.raises(TooLargeError, match="REGATTA_MAX_FILE_BYTES"):
        announced((5 << 30) + 1)
    assert list(container().objects.list("uploads/")) == []


def test_a_form_for_more_than_one_request_carries_is_refused(no_limit: None) -> None:
    with pytest.raises(InvalidInputError, match="multipart"):
        announced((5 << 30) + 1, "post")


def test_an_upload_goes_on_with_the_parts_that_are_missing() -> None:
    way_in = announced(2 * PART_BYTES + 5, "multipart")
    send(way_in, 2, bytes(PART_BYTES))
    again = uploading.resume_upload(home(), way_in.ticket.file_id)
    assert again.received == [2]
    assert list(again.parts) == [1, 3]
    assert again.ticket.reading == Reading(delimiter=";")


def test_missing_and_short_parts_are_named(bucket: ObjectStore) -> None:
    way_in = announced(2 * PART_BYTES + 5, "multipart")
    send(way_in, 1, bytes(PART_BYTES))
    send(way_in, 3, b"shor")
    with pytest.raises(IncompleteUploadError, match="2 of 3 parts") as error:
        uploading.complete_upload(home(), way_in.ticket.file_id)
    assert [entry["part"] for entry in error.value.errors] == [2, 3]
    assert not home().uploads.is_received(way_in.ticket.file_id)


def test_a_part_that_is_sent_again_counts_once_and_the_last_one_holds(bucket: ObjectStore) -> None:
    way_in = announced(PART_BYTES + 3, "multipart")
    for number, body in ((2, b"old"), (1, bytes(PART_BYTES)), (2, b"new")):
        send(way_in, number, body)
    assert uploading.complete_upload(home(), way_in.ticket.file_id).stage == "queued"
    assert bucket.get(f"uploads/{WORKSPACE}/{way_in.ticket.file_id}.csv") == bytes(PART_BYTES) + b"new"


def test_completing_twice_changes_nothing() -> None:
    way_in = announced(3, "multipart")
    send(way_in, 1, b"abc")
    first = uploading.complete_upload(home(), way_in.ticket.file_id)
    assert uploading.complete_upload(home(), way_in.ticket.file_id) == first
    assert uploading.resume_upload(home(), way_in.ticket.file_id).parts == {}


def test_a_form_that_was_not_sent_cannot_be_completed() -> None:
    way_in = announced(3)
    with pytest.raises(IncompleteUploadError, match="has not arrived"):
        uploading.complete_upload(home(), way_in.ticket.file_id)


def test_a_form_that_was_sent_is_complete_by_itself(bucket: ObjectStore) -> None:
    way_in = announced(3)
    bucket.put(way_in.fields["key"], b"abc")
    assert uploading.complete_upload(home(), way_in.ticket.file_id) == way_in.ticket
    assert uploading.resume_upload(home(), way_in.ticket.file_id).url is None


def test_giving_up_leaves_nothing(bucket: ObjectStore) -> None:
    way_in = announced(PART_BYTES + 3, "multipart")
    send(way_in, 1, bytes(PART_BYTES))
    uploading.abort_upload(home(), way_in.ticket.file_id)
    assert list(bucket.list("")) == []
    assert home().uploads.received_parts(way_in.ticket) is None
    for call in (uploading.resume_upload, uploading.complete_upload, uploading.abort_upload, uploading.upload_status):
        with pytest.raises(NoSuchFileError):
            call(home(), way_in.ticket.file_id)


def test_what_is_being_ingested_cannot_be_given_up() -> None:
    file_id = announced(3).ticket.file_id
    being_ingested(file_id, time.time() + 60)
    with pytest.raises(ConflictError, match=file_id):
        uploading.abort_upload(home(), file_id)


@pytest.mark.parametrize("file_id", ["nothing-like-it", "../default/x", "0198c0ffee0", "船"])
def test_an_upload_that_nobody_announced_is_not_there(file_id: str) -> None:
    with pytest.raises(NoSuchFileError):
        uploading.upload_status(home(), file_id)
    with pytest.raises(NoSuchFileError):
        uploading.resume_upload(home(), file_id)


def test_another_workspace_does_not_see_it() -> None:
    with pytest.raises(NoSuchFileError):
        uploading.upload_status(container().workspace("other"), announced(3).ticket.file_id)


def test_only_keys_of_uploads_are_arrivals() -> None:
    file_id = announced(3).ticket.file_id
    assert upload_of(f"uploads/default/{file_id}.csv") == ("default", file_id)
    for key in (f"uploads/{file_id}.csv", f"uploads/a/b/{file_id}.csv", f"uploads/a/{file_id}.json", "uploads/a/B.csv"):
        assert upload_of(key) is None


@pytest.mark.parametrize(("field", "value"), [("encoding", "klingon"), ("delimiter", "ab")])
def test_a_reading_that_fits_no_file_is_refused_before_a_byte_is_sent(field: str, value: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        uploading.start_upload(home(), "a.csv", 10, Reading(**{field: value}))
    assert caught.value.errors[0]["field"] == field
    assert list(container().objects.list("uploads/")) == []


def test_completing_a_file_that_nobody_works_on_says_its_arrival_again() -> None:
    ticket = announced(3).ticket
    key = object_key(WORKSPACE, ticket.file_id)
    container().objects.put(key, b"a,b")

    def said() -> str | None:
        head = container().objects.client.head_object(Bucket=container().objects.bucket, Key=key)
        return head["Metadata"].get("copied-at")

    being_ingested(ticket.file_id, time.time() + 60)
    uploading.complete_upload(home(), ticket.file_id)
    assert said() is None  # somebody has it
    being_ingested(ticket.file_id, 1.0)
    uploading.complete_upload(home(), ticket.file_id)
    assert said() is not None
    assert container().objects.get(key) == b"a,b"
