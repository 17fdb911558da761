"""Parts are sent again after a failure that may pass, skipped when their URL has expired, given up when refused."""

import base64
import hashlib
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from regatta import Retries, errors
from regatta._sync.connection import Connection
from regatta._sync.parts import PartSender
from regatta.address import Address
from regatta.sources import open_source
from tests.support.http_server import QuietHandler, serving

CONTENT = bytes(range(256)) * 40
PART_SIZE = 4096
ATTEMPTS = 5


class Bucket(ThreadingHTTPServer):
    """Takes parts, and answers with what `answers` has for a path before it does: a status, or 0 for hanging up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[int]] = {}
        self.got: dict[str, bytes] = {}
        self.headers: list[str] = []

    def handle_error(self, *_: Any) -> None:
        """A client that breaks off is part of the test; nothing is to be printed."""

    def parts(self) -> list[dict[str, Any]]:
        count = -(-len(CONTENT) // PART_SIZE)
        return [{"number": n, "url": f"http://127.0.0.1:{self.server_port}/{n}"} for n in range(1, count + 1)]


class _Handler(QuietHandler):
    server: Bucket

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.headers += [name.lower() for name in self.headers]
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


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket() as server, serving(server):
        yield server


@pytest.fixture
def sent() -> list[int]:
    """The numbers of bytes that the sender reports, of all that are sent so far."""
    return []


@pytest.fixture
def sender(tmp_path: Path, sent: list[int]) -> Iterator[PartSender]:
    path = tmp_path / "file.csv"
    path.write_bytes(CONTENT)
    address = Address.of("http://service", "my key", {"X-Team": "blue"})
    retries = Retries(attempts=ATTEMPTS, random=lambda: 0.0)
    with open_source(path, None) as source:
        connection = Connection(address, httpx.Timeout(30), retries, None)
        yield PartSender(connection, source, PART_SIZE, sent.append)
        connection.close()


def test_the_parts_are_the_file(bucket: Bucket, sender: PartSender, sent: list[int]) -> None:
    assert sender.send(bucket.parts()) == 3
    assert b"".join(bucket.got[f"/{n}"] for n in (1, 2, 3)) == CONTENT
    assert (sent[0], sent[-1]) == (0, len(CONTENT))
    assert not {"x-api-key", "x-team"} & {*bucket.headers}


def test_the_parts_that_are_there_count_from_the_start(bucket: Bucket, sender: PartSender, sent: list[int]) -> None:
    assert sender.send(bucket.parts()[2:]) == 1
    assert sent[0] == 2 * PART_SIZE


def test_a_part_goes_again_after_a_hiccup_and_counts_once(bucket: Bucket, sender: PartSender, sent: list[int]) -> None:
    bucket.answers = {"/2": [503, 0, 500, 200], "/3": [429, 200]}
    assert sender.send(bucket.parts()) == 3
    assert b"".join(bucket.got[f"/{n}"] for n in (1, 2, 3)) == CONTENT
    assert sent[-1] == len(CONTENT)


def test_a_part_whose_url_ran_out_is_left_for_a_fresh_one(bucket: Bucket, sender: PartSender, sent: list[int]) -> None:
    bucket.answers = {"/2": [403]}
    assert sender.send(bucket.parts()) == 2
    assert sent[-1] == len(CONTENT) - PART_SIZE


def test_a_refusal_is_not_asked_again(bucket: Bucket, sender: PartSender) -> None:
    bucket.answers = {"/1": [400]}
    with pytest.raises(errors.UploadInterrupted, match="Part 1 was not taken: 400"):
        sender.send(bucket.parts())


def test_a_bucket_that_stays_away_is_given_up_after_some_attempts(bucket: Bucket, sender: PartSender) -> None:
    bucket.answers = {"/3": [503] * ATTEMPTS}
    with pytest.raises(errors.UploadInterrupted, match="Part 3 was not taken: 503"):
        sender.send(bucket.parts())
    assert bucket.answers["/3"] == []


def test_a_file_that_became_shorter_is_said(bucket: Bucket, sender: PartSender, tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_bytes(CONTENT[:-1])
    with pytest.raises(errors.UploadInterrupted, match="became shorter"):
        sender.send(bucket.parts())


def test_a_bucket_out_of_reach_is_named(bucket: Bucket, sender: PartSender) -> None:
    parts = [{"number": 1, "url": "http://127.0.0.1:1/1?signature=s"}]
    with pytest.raises(errors.RedirectTargetUnreachable, match=r"127\.0\.0\.1") as raised:
        sender.send(parts)
    assert "signature" not in str(raised.value)
