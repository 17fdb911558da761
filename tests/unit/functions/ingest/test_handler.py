"""The handler ingests what events of the bucket announce, and gives back the messages that failed."""

import json

import pytest

from core.errors import UnavailableError
from core.storage.s3.object_store import ObjectStore
from core.storage.workspace import Workspace
from functions.ingest.handler import handler
from tests.support.storage import WORKSPACE, home
from tests.support.uploads import CSV, put_upload, queue_message, receive_event, upload_key


@pytest.fixture
def arrived(bucket: ObjectStore) -> str:
    """The identifier of an upload whose bytes are in the bucket."""
    return put_upload(CSV)


def test_the_handler_reads_what_s3_sends(arrived: str) -> None:
    test_event = {"messageId": "0", "body": json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})}
    strangers = queue_message("uploads/a b+c%中文.csv", f"uploads/{WORKSPACE}/{arrived}.json", number=2)
    answer = handler({"Records": [test_event, strangers, queue_message(upload_key(arrived), number=3)]}, None)
    assert answer == {"batchItemFailures": []}
    assert home().datasets.manifest(arrived).rows == 50


def test_the_handler_gives_back_only_the_messages_that_failed(arrived: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = put_upload(CSV)

    def receive_or_fail(workspace: Workspace, file_id: str, *_: object, **__: object) -> None:
        if file_id == bad:
            raise UnavailableError("down")
        receive_event(file_id)

    monkeypatch.setattr("functions.ingest.handler.receive_upload", receive_or_fail)
    events = [
        queue_message(upload_key(bad), number=1),
        queue_message(upload_key(arrived), number=2),
        {"messageId": "3", "body": "no JSON"},
    ]
    assert handler({"Records": events}, None) == {
        "batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]
    }
    assert home().datasets.manifest(arrived).rows == 50
