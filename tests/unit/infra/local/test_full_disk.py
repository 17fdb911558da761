"""What the disk has no room for is refused, and what was there before stays."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.services import s3

from infra.local import full_disk
from tests.support.coroutines import run

ROW = b"a,b\n1,2\n"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """MiniStack's object store, on a disk of its own, with a bucket."""
    monkeypatch.setattr(s3, "DATA_DIR", str(tmp_path))
    monkeypatch.setattr(s3, "S3_PERSIST", True)
    monkeypatch.setattr(s3, "_buckets", type(s3._buckets)())
    monkeypatch.setattr(s3, "handle_request", full_disk.refusing(s3.handle_request))
    s3.logger.addFilter(full_disk.remember_failure)
    assert send("PUT", "/bucket")[0] == 200
    yield
    s3.logger.removeFilter(full_disk.remember_failure)


def send(method: str, path: str, body: bytes = b"", **query: Any) -> full_disk.Answer:
    return run(s3.handle_request(method, path, {}, body, query))


def fill(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file that is written from now on be one too many."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(s3, "_atomic_write", refuse)


def test_what_could_not_be_written_is_not_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    fill(monkeypatch)
    status, _, body = send("PUT", "/bucket/new", ROW)
    assert status == 507
    assert b"No space left on device" in body
    assert send("GET", "/bucket/new")[0] == 404


def test_what_has_no_folder_is_not_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(s3, "os", SimpleNamespace(**{**vars(os), "makedirs": refuse}))
    status, _, body = send("PUT", "/bucket/folder/new", ROW)
    assert status == 507
    assert b"Permission denied" in body
    assert send("GET", "/bucket/folder/new")[0] == 404


def test_what_was_there_before_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert send("PUT", "/bucket/old", ROW)[0] == 200
    fill(monkeypatch)
    assert send("PUT", "/bucket/old", b"newer")[0] == 507
    status, _, body = send("GET", "/bucket/old")
    assert (status, body) == (200, ROW)


def test_a_disk_that_is_almost_full_takes_deletions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert send("PUT", "/bucket/old", ROW)[0] == 200
    monkeypatch.setattr(full_disk, "RESERVE_BYTES", 1 << 60)
    assert send("PUT", "/bucket/new", ROW)[0] == 507
    assert send("DELETE", "/bucket/old")[0] == 204
    assert send("GET", "/bucket/old")[0] == 404


def test_a_read_only_disk_takes_nothing_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert send("PUT", "/bucket/old", ROW)[0] == 200
    with monkeypatch.context() as read_only:
        read_only.setattr(os, "access", lambda *_: False)
        deletion = b"<Delete><Object><Key>old</Key></Object></Delete>"
        assert send("PUT", "/bucket/new", ROW)[0] == 507
        assert send("DELETE", "/bucket/old")[0] == 507
        assert send("POST", "/bucket", deletion, delete=[""])[0] == 507
        assert send("GET", "/bucket/old")[2] == ROW
    assert send("DELETE", "/bucket/old")[0] == 204


def test_what_has_room_is_stored() -> None:
    assert send("PUT", "/bucket/key", ROW)[0] == 200
    assert send("GET", "/bucket/key")[2] == ROW
