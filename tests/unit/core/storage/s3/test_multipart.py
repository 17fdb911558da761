"""A large file is sent in parts: whole or not at all, whatever the answers say."""

import socket
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from core.errors import UnavailableError
from core.storage.aws_session import AwsSession
from core.storage.s3 import multipart, object_store
from core.storage.s3.client import ANSWER_SECONDS, CONNECT_SECONDS, WRITE_SECONDS, create_client
from core.storage.s3.object_store import MissingObjectError, ObjectStore

# S3 takes no smaller parts but the last one.
PART = 5 << 20
BODY = bytes(range(256)) * (2 * PART // 256) + b"the last part"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of three parts."""
    monkeypatch.setattr(multipart, "PART_BYTES", PART)
    monkeypatch.setattr(object_store, "MOST_AT_ONCE_BYTES", PART)
    path = tmp_path / "file"
    path.write_bytes(BODY)
    return path


def test_a_large_file_is_stored_whole_with_its_type(bucket: ObjectStore, file: Path) -> None:
    bucket.put_file("large", file, "text/csv")
    head = bucket.client.head_object(Bucket=bucket.bucket, Key="large")
    assert (bucket.get("large"), head["ContentType"]) == (BODY, "text/csv")
    assert head["ETag"].endswith('-3"')
    assert list(bucket.open_parts()) == []


def test_a_file_was_stored_where_the_answer_to_its_last_request_is_lost(
    bucket: ObjectStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lose_answer(bucket, monkeypatch, "complete_multipart_upload", carried_out=True)
    bucket.put_file("large", file)
    assert bucket.get("large") == BODY


@pytest.mark.parametrize("call", ["upload_part", "complete_multipart_upload"])
def test_a_file_that_could_not_be_sent_leaves_nothing(
    bucket: ObjectStore, file: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    _lose_answer(bucket, monkeypatch, call, carried_out=False)
    with pytest.raises(UnavailableError):
        bucket.put_file("large", file)
    with pytest.raises(MissingObjectError):
        bucket.get("large")
    assert list(bucket.open_parts()) == []


def test_the_store_may_take_as_long_to_read_a_part_as_to_answer() -> None:
    """Only connecting has to be quick."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        client: Any = create_client(AwsSession(), endpoint)
        pool = client._endpoint.http_session._manager.connection_from_url(endpoint)
        connection = pool._get_conn()
        assert connection.timeout == CONNECT_SECONDS
        connection.send_seconds = WRITE_SECONDS
        connection.connect()
        assert connection.sock.gettimeout() == WRITE_SECONDS
        connection.close()


def test_the_store_may_take_longer_to_begin_a_table_than_a_document(
    bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    bucket.put("table", BODY[:10])
    bucket.client.meta.events.register_last(
        "before-send.s3", lambda request, **_: waited.append(request.context["read_timeout"])
    )
    bucket.get_with_etag("table")
    bucket.download("table", tmp_path / "table")
    assert waited == [ANSWER_SECONDS, ANSWER_SECONDS, WRITE_SECONDS]  # the second is the HEAD of the download


def _lose_answer(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, call: str, *, carried_out: bool) -> None:
    real = getattr(bucket.client, call)

    def lost(**options: Any) -> None:
        if carried_out:
            real(**options)
        raise ReadTimeoutError(endpoint_url="http://s3")

    monkeypatch.setattr(bucket.client, call, lost)
