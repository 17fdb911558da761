"""Notifications of the bucket: decoded, one failure a message, and no message that comes for ever."""

import json
from typing import Any

import pytest

from core.errors import UnavailableError
from core.jobs import service as jobs
from core.settings import settings
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from core.types import Json
from functions.retrain.handler import handler
from functions.s3_events import CreatedObject, objects_in
from tests.support.permissions import is_allowed
from tests.support.storage import home

KEY = "incoming/default/flats/a b+c%中文.csv"
ENCODED = "incoming/default/flats/a+b%2Bc%25%E4%B8%AD%E6%96%87.csv"


@pytest.fixture
def stored(bucket: ObjectStore) -> ObjectStore:
    return bucket


def message(key: str, etag: str | None = None, number: int = 1, bucket: str | None = None) -> Json:
    named = {"name": bucket or settings().bucket}
    record = {"s3": {"bucket": named, "object": {"key": key, "eTag": etag, "sequencer": f"{number:016x}"}}}
    return {"messageId": f"m{number}", "body": json.dumps({"Records": [record]})}


def heard(*messages: Json) -> list[str]:
    """The messages that failed."""
    return [failed["itemIdentifier"] for failed in handler({"Records": list(messages)}, None)["batchItemFailures"]]


def ordered() -> list[Json]:
    return [job.order for job in jobs.list_jobs(home(), 9)[0]]


def test_a_key_is_decoded_as_s3_encodes_it() -> None:
    assert list(objects_in(message(ENCODED, "e")["body"])) == [
        CreatedObject(KEY, "e", "0000000000000001", settings().bucket)
    ]


def test_an_event_becomes_a_job_once_however_often_it_comes(stored: ObjectStore) -> None:
    etag = stored.put(KEY, b"a,b\n1,2\n").strip('"')
    assert heard(*(message(ENCODED, etag, number) for number in range(5))) == []
    (order,) = ordered()
    assert (order["key"], order["etag"], order["series"]) == (KEY, etag, "flats")


def test_what_s3_sends_as_a_test_is_no_arrival(stored: ObjectStore) -> None:
    assert heard({"messageId": "t", "body": json.dumps({"Event": "s3:TestEvent", "Bucket": "regatta"})}) == []
    assert ordered() == []


@pytest.mark.parametrize("key", ["incoming/default/a.csv", "incoming/default/%2Eflats/a.csv", "elsewhere/a/b.csv"])
def test_a_key_of_no_series_is_logged_and_never_comes_again(
    stored: ObjectStore, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert heard(message(key, "e")) == []
    assert ordered() == []
    assert "ignored" in caplog.text


def test_an_event_of_another_bucket_is_logged_and_never_comes_again(
    stored: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    etag = stored.put(KEY, b"a,b\n1,2\n").strip('"')
    assert heard(message(ENCODED, etag, bucket="of-somebody-else")) == []
    assert ordered() == []
    assert "of-somebody-else" in caplog.text


def test_one_message_that_fails_does_not_keep_the_others(stored: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    stored.put(KEY, b"a,b\n1,2\n")
    head = stored.head

    def refuses(key: str) -> Any:
        if "down" in key:
            raise UnavailableError("The object store did not answer.")
        return head(key)

    monkeypatch.setattr(container().objects, "head", refuses)
    broken = {"messageId": "broken", "body": "{"}
    assert heard(message("incoming/default/down/a.csv", "e", 7), broken, message(ENCODED)) == ["m7", "broken"]
    assert [order["key"] for order in ordered()] == [KEY]


@pytest.mark.parametrize("function", ["retrain", "worker", "janitor", "reconcile"])
def test_what_retrains_may_write_nothing_that_would_trigger_it(function: str) -> None:
    # The series of the first could be taken for a folder of jobs.
    for key in ("incoming/default/jobs/a.csv", "incoming/default/flats/datasets/a.csv"):
        for action in ("s3:PutObject", "s3:DeleteObject"):
            assert not is_allowed(function, action, key)
    assert is_allowed(function, "s3:ListBucket", "incoming/default/flats/a.csv")
    assert is_allowed(function, "s3:GetObject", "incoming/default/flats/a.csv") == (function != "janitor")
