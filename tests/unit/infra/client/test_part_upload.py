"""Parts are sent again after a failure that may pass, skipped when their URL has expired, given up when refused."""

import base64
import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from infra.client import part_upload
from infra.client.part_upload import PartError, PartUploader

CONTENT = bytes(range(256)) * 40
PART_SIZE = 4096


class Bucket(ThreadingHTTPServer):
    """Takes parts, and answers with what `answers` has for a path before it does: a status, or 0 for hanging up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[int]] = {}
        self.got: dict[str, bytes] = {}

    def handle_error(self, *_: Any) -> None:
        """A client that breaks off is part of the test; nothing is to be printed."""

    def parts(self) -> list[dict[str, Any]]:
        count = -(-len(CONTENT) // PART_SIZE)
        return [{"number": n, "url": f"http://127.0.0.1:{self.server_port}/{n}"} for n in range(1, count + 1)]


class _Handler(BaseHTTPRequestHandler):
    server: Bucket

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = (self.server.answers.get(self.path) or [200]).pop(0)
        if not status:
            self.close_connection = True
            return
        if status == 200:
            assert self.headers["Content-MD5"] == base64.b64encode(hashlib.md5(body).digest()).decode()
            self.server.got[self.path] = body
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setattr(part_upload, "FIRST_PAUSE_SECONDS", 0.001)
    with Bucket() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def sent() -> list[int]:
    """The numbers of bytes that the uploader reports."""
    return []


@pytest.fixture
def uploader(tmp_path: Path, sent: list[int]) -> PartUploader:
    path = tmp_path / "file.csv"
    path.write_bytes(CONTENT)
    return PartUploader(path, PART_SIZE, sent.append)


def test_the_parts_are_the_file(bucket: Bucket, uploader: PartUploader, sent: list[int]) -> None:
    assert uploader.upload(bucket.parts()) == 3
    assert b"".join(bucket.got[f"/{n}"] for n in (1, 2, 3)) == CONTENT
    assert sum(sent) == len(CONTENT)


def test_a_part_goes_again_after_a_hiccup_and_counts_once(
    bucket: Bucket, uploader: PartUploader, sent: list[int]
) -> None:
    bucket.answers = {"/2": [503, 0, 500, 200], "/3": [429, 200]}
    assert uploader.upload(bucket.parts()) == 3
    assert b"".join(bucket.got[f"/{n}"] for n in (1, 2, 3)) == CONTENT
    assert sum(sent) == len(CONTENT)


def test_a_part_whose_url_ran_out_is_left_for_a_fresh_one(
    bucket: Bucket, uploader: PartUploader, sent: list[int]
) -> None:
    bucket.answers = {"/2": [403]}
    assert uploader.upload(bucket.parts()) == 2
    assert sum(sent) == len(CONTENT) - PART_SIZE


def test_a_refusal_is_not_asked_again(bucket: Bucket, uploader: PartUploader) -> None:
    bucket.answers = {"/1": [400]}
    with pytest.raises(PartError, match="Part 1 was not taken: 400"):
        uploader.upload(bucket.parts())


def test_a_bucket_that_stays_away_is_given_up_after_some_attempts(bucket: Bucket, uploader: PartUploader) -> None:
    bucket.answers = {"/3": [503] * part_upload.ATTEMPTS}
    with pytest.raises(PartError, match="Part 3 was not taken: 503"):
        uploader.upload(bucket.parts())
    assert bucket.answers["/3"] == []


def test_a_file_that_became_shorter_is_said(bucket: Bucket, uploader: PartUploader, tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_bytes(CONTENT[:-1])
    with pytest.raises(PartError, match="became shorter"):
        uploader.upload(bucket.parts())
