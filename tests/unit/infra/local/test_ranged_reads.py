"""A range of an object in MiniStack is read from the disk alone."""

from pathlib import Path

import pytest
from ministack.services import s3

from infra.local import ranged_reads
from infra.local.full_disk import Answer
from tests.support.coroutines import run

BODY = bytes(range(256)) * 40


@pytest.fixture
def read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the objects that were read whole, of a bucket on disk."""
    found: list[str] = []
    monkeypatch.setattr(s3, "S3_PERSIST", True)
    monkeypatch.setattr(s3, "DATA_DIR", str(tmp_path))
    monkeypatch.setattr(s3, "_buckets", type(s3._buckets)())
    for name in ("_get_object", "_upload_part_copy"):
        monkeypatch.setattr(s3, name, getattr(s3, name))
    real = s3._read_body
    monkeypatch.setattr(s3, "_read_body", lambda *wanted: (found.append(wanted[1]), real(*wanted))[1])
    ranged_reads.install()
    _ask("PUT", "/bucket")
    _ask("PUT", "/bucket/key", body=BODY)
    _ask("PUT", "/bucket/empty")
    return found


def test_a_range_is_read_alone(read_whole: list[str]) -> None:
    status, headers, body = _ask("GET", "/bucket/key", {"range": "bytes=300-1299"})
    assert (status, body) == (206, BODY[300:1300])
    assert headers["Content-Range"] == f"bytes 300-1299/{len(BODY)}"
    assert read_whole == []


def test_a_whole_object_is_bytes_as_before(read_whole: list[str]) -> None:
    assert _ask("GET", "/bucket/key")[::2] == (200, BODY)
    assert read_whole == ["key"]


@pytest.mark.parametrize(("key", "wanted"), [("key", "bytes=20000-20001"), ("key", "bytes=x"), ("empty", "bytes=0-1")])
def test_a_range_that_is_not_there_is_refused(read_whole: list[str], key: str, wanted: str) -> None:
    assert _ask("GET", f"/bucket/{key}", {"range": wanted})[0] == 416


def _ask(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"", **query: str) -> Answer:
    """Return the answer of MiniStack to a request."""
    return run(s3.handle_request(method, path, headers or {}, body, query))
