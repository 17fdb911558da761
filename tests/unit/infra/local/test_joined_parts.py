"""The parts of an object in MiniStack are joined on the disk, and have the bytes that they were copied from."""

import errno
import gc
import hashlib
import os
import re
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ministack.services import s3

from infra.local import full_disk, joined_parts, ranged_reads
from tests.support.coroutines import run

BODY = bytes(range(256)) * 4_000
OTHER = b"x" * len(BODY)
WHOLE = f"bytes=0-{len(BODY) - 1}"
REPLACED = "_get_object _upload_part_copy _complete_multipart_upload _maybe_replicate _atomic_write md5_hash hashlib"


@pytest.fixture(autouse=True)
def in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A bucket on disk with the object `key`; the keys of the objects that were read into memory whole."""
    found: list[str] = []
    monkeypatch.setattr(s3, "S3_PERSIST", True)
    monkeypatch.setattr(s3, "DATA_DIR", str(tmp_path))
    for name in ("_buckets", "_bucket_versioning", "_object_versions", "_multipart_uploads"):
        monkeypatch.setattr(s3, name, type(s3._buckets)())
    for name in REPLACED.split():
        monkeypatch.setattr(s3, name, getattr(s3, name))
    real = s3._read_body

    def read_body(bucket: str, key: str, stored: dict[str, Any]) -> Any:
        found.append(key)
        return real(bucket, key, stored)

    monkeypatch.setattr(s3, "_read_body", read_body)
    monkeypatch.setattr(s3, "handle_request", full_disk.refusing(s3.handle_request))
    s3.logger.addFilter(full_disk.remember_failure)
    ranged_reads.install()
    joined_parts.install()
    _ask("PUT", "/bucket")
    _ask("PUT", "/bucket/key", body=BODY)
    yield found
    s3.logger.removeFilter(full_disk.remember_failure)


def test_parts_are_joined_in_their_order_and_no_object_is_read_into_memory(in_memory: list[str]) -> None:
    upload = _begin()
    sent = hashlib.md5(b"sent").hexdigest()
    assert _ask("PUT", "/bucket/new", body=b"sent", uploadId=upload, partNumber="2")[1]["ETag"] == f'"{sent}"'
    _copy(upload, 3, WHOLE)
    _copy(upload, 1, "bytes=300-600299")
    pieces = [BODY[300:600_300], b"sent", BODY]
    digests = b"".join(hashlib.md5(piece).digest() for piece in pieces)
    assert _complete(upload, 1, 2, 3) == hashlib.md5(digests).hexdigest() + "-3"
    assert in_memory == []
    assert _ask("HEAD", "/bucket/new")[1]["Content-Length"] == str(sum(map(len, pieces)))
    assert _get("new") == b"".join(pieces)


def test_a_whole_object_is_copied_without_a_range(in_memory: list[str]) -> None:
    upload = _begin()
    _copy(upload, 1, None)
    _complete(upload, 1)
    assert in_memory == []
    assert _get("new") == BODY


@pytest.mark.parametrize("wanted", [WHOLE, "bytes=7-400006"])
@pytest.mark.parametrize("change", ["replace", "delete"])
def test_a_part_keeps_the_bytes_that_were_copied(wanted: str, change: str) -> None:
    upload = _begin()
    _copy(upload, 1, wanted)
    assert _ask("PUT", "/bucket/key", body=OTHER)[0] == 200
    if change == "delete":
        assert _ask("DELETE", "/bucket/key")[0] == 204
    _complete(upload, 1)
    first, last = map(int, wanted.removeprefix("bytes=").split("-"))
    assert _get("new") == BODY[first : last + 1]


def test_an_object_can_be_joined_of_itself() -> None:
    upload = _begin("key")
    for number in (1, 2):
        _copy(upload, number, WHOLE, "key")
    _complete(upload, 1, 2, key="key")
    assert _get("key") == BODY * 2


def test_the_digest_of_what_is_known_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[int] = []
    md5 = hashlib.md5

    def count(data: bytes = b"", **options: bool) -> Any:
        hashed.append(len(data))
        return md5(data, **options)

    monkeypatch.setattr(hashlib, "md5", count)
    upload = _begin()
    _copy(upload, 1, WHOLE)
    assert _ask("PUT", "/bucket/new", body=OTHER, uploadId=upload, partNumber="2")[0] == 200
    _complete(upload, 1, 2)
    # The part that was sent, and the digests of both.
    assert hashed == [len(OTHER), 2 * md5().digest_size]


@pytest.mark.parametrize("end", ["complete", "abort"])
def test_no_file_stays_open(end: str) -> None:
    before = _open_files()
    upload = _begin()
    _copy(upload, 1, WHOLE)
    assert _open_files() == before + 1
    if end == "complete":
        _complete(upload, 1)
    else:
        assert _ask("DELETE", "/bucket/new", uploadId=upload)[0] == 204
        assert _ask("GET", "/bucket/new")[0] == 404
    gc.collect()
    assert _open_files() == before


def test_where_too_many_files_are_open_a_part_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2, 2))
    before = _open_files()
    upload = _begin()
    _copy(upload, 1, WHOLE)
    _copy(upload, 2, "bytes=5-9")
    assert _open_files() == before + 1
    _complete(upload, 1, 2)
    assert _get("new") == BODY + BODY[5:10]


def test_a_version_has_bytes_of_its_own() -> None:
    upload = _begin()
    _copy(upload, 1, "bytes=5-9")
    _copy(upload, 2, WHOLE)
    status = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    assert _ask("PUT", "/bucket", body=status, versioning="")[0] == 200
    _complete(upload, 1, 2)
    version = _ask("HEAD", "/bucket/new")[1]["x-amz-version-id"]
    assert _ask("PUT", "/bucket/new", body=OTHER)[0] == 200
    assert bytes(_ask("GET", "/bucket/new", versionId=version)[2]) == BODY[5:10] + BODY


def test_a_part_that_is_not_the_one_meant_is_refused() -> None:
    upload = _begin()
    _copy(upload, 1, WHOLE)
    body = b"<M><Part><PartNumber>1</PartNumber><ETag>other</ETag></Part></M>"
    assert _ask("POST", "/bucket/new", body=body, uploadId=upload)[0] == 400
    _complete(upload, 1)
    assert _get("new") == BODY


def test_on_a_full_disk_nothing_is_joined_and_the_parts_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _ask("PUT", "/bucket/new", body=OTHER)[0] == 200
    upload = _begin()
    for number in (1, 2):
        _copy(upload, number, WHOLE)
    with monkeypatch.context() as full:
        full.setattr(full_disk, "has_room", lambda size: size < 2 * len(BODY))
        assert _join(upload, 1, 2)[0] == 507
    with monkeypatch.context() as full:
        full.setattr(os, "preadv", _fails_after(5, os.preadv))
        assert _join(upload, 1, 2)[0] == 507
    assert _get("new") == OTHER
    assert not list(tmp_path.rglob("*.tmp"))
    _complete(upload, 1, 2)
    assert _get("new") == BODY * 2


def _fails_after(calls: int, real: Callable[..., int]) -> Callable[..., int]:
    """Return a function that calls `real`, and after so many calls finds that the disk is full."""
    left = iter(range(calls))

    def call(*arguments: Any) -> int:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    return call


def _begin(key: str = "new") -> str:
    """Begin an upload; return its id."""
    found = re.search(rb"<UploadId>(.+?)<", _ask("POST", f"/bucket/{key}", uploads="")[2])
    assert found is not None
    return found[1].decode()


def _copy(upload: str, number: int, wanted: str | None, key: str = "new") -> None:
    """Copy a range of the object `key` as a part, or all of it."""
    headers = {"x-amz-copy-source": "/bucket/key"} | ({"x-amz-copy-source-range": wanted} if wanted else {})
    assert _ask("PUT", f"/bucket/{key}", headers, uploadId=upload, partNumber=str(number))[0] == 200


def _join(upload: str, *numbers: int, key: str = "new") -> full_disk.Answer:
    """Ask for these parts to be joined; return the answer."""
    parts = "".join(f"<Part><PartNumber>{number}</PartNumber></Part>" for number in numbers)
    body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    return _ask("POST", f"/bucket/{key}", body=body, uploadId=upload)


def _complete(upload: str, *numbers: int, key: str = "new") -> str:
    """Join these parts; return the ETag."""
    status, _, body = _join(upload, *numbers, key=key)
    assert status == 200
    etag = re.search(rb'<ETag>(?:"|&quot;)(.+?)(?:"|&quot;)<', body)
    assert etag is not None
    return etag[1].decode()


def _get(key: str) -> bytes:
    """Return the object as it is on the disk."""
    assert s3._buckets["bucket"]["objects"][key]["body"] is None
    return bytes(_ask("GET", f"/bucket/{key}")[2])


def _open_files() -> int:
    """Return how many files of objects are open; any other may be closed by the garbage collector at any time."""
    folder = Path(s3.DATA_DIR).resolve()
    return sum(folder in link.resolve().parents for link in Path("/dev/fd").iterdir())


def _ask(
    method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"", **query: str
) -> full_disk.Answer:
    """Return the answer of MiniStack to a request."""
    answer: full_disk.Answer = run(s3.handle_request(method, path, headers or {}, body, query))
    return answer
