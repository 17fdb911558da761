"""A large object is downloaded in ranges: all of one object, whatever breaks off or changes meanwhile."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from urllib3.exceptions import ProtocolError

from core.errors import UnavailableError
from core.storage.s3 import download
from core.storage.s3.object_store import MissingObjectError, ObjectStore

RANGE = 1000
BODY = bytes(range(256)) * 20


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the object is written, in ranges of a thousand bytes, over a longer file that is there."""
    monkeypatch.setattr(download, "RANGE_BYTES", RANGE)
    monkeypatch.setattr(download, "CHUNK_BYTES", 100)
    path = tmp_path / "file"
    path.write_bytes(b"x" * 2 * len(BODY))
    return path


@pytest.mark.parametrize("size", [0, 1, RANGE, RANGE + 1, len(BODY)])
def test_the_file_has_the_bytes_of_the_object(bucket: ObjectStore, path: Path, size: int) -> None:
    etag = bucket.put("key", BODY[:size])
    assert bucket.download("key", path) == etag
    assert path.read_bytes() == BODY[:size]


def test_a_range_goes_on_where_it_broke_off(bucket: ObjectStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("key", BODY)
    asked = _break_off(bucket, monkeypatch, {"bytes=0-999", "bytes=1000-1999"}.__contains__)
    bucket.download("key", path)
    assert path.read_bytes() == BODY
    assert {"bytes=300-999", "bytes=1300-1999"} <= set(asked)
    assert len(asked) == len(BODY) // RANGE + 1 + 2


def test_a_range_that_always_breaks_off_is_unavailable(
    bucket: ObjectStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("key", BODY[:RANGE])
    asked = _break_off(bucket, monkeypatch, lambda _: True)
    with pytest.raises(UnavailableError):
        bucket.download("key", path)
    assert asked == ["bytes=0-999", "bytes=300-999", "bytes=600-999"]


def test_an_object_that_is_replaced_meanwhile_is_read_again(
    bucket: ObjectStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("key", BODY)
    real = bucket.client.head_object

    def replaced(**asked: Any) -> Any:
        head = real(**asked)
        monkeypatch.setattr(bucket.client, "head_object", real)
        bucket.put("key", BODY[::-1])
        return head

    monkeypatch.setattr(bucket.client, "head_object", replaced)
    bucket.download("key", path)
    assert path.read_bytes() == BODY[::-1]


def test_a_missing_object_leaves_the_file_alone(bucket: ObjectStore, path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(MissingObjectError):
        bucket.download("key", path)
    assert path.read_bytes() == before


def _break_off(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, broken: Callable[[str], bool]) -> list[str]:
    """Let the answers for some ranges end after 300 bytes of their body; return the ranges that are asked for."""
    real, asked = bucket.client.get_object, list[str]()

    def get_object(**options: Any) -> Any:
        asked.append(options["Range"])
        answer = real(**options)
        if broken(options["Range"]):
            answer["Body"] = _Short(answer["Body"].read(300))
        return answer

    monkeypatch.setattr(bucket.client, "get_object", get_object)
    return asked


class _Short:
    """A body that breaks off after some bytes."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def iter_chunks(self, _: int) -> Iterator[bytes]:
        yield self._body
        raise ProtocolError("Connection broken")
