"""Parts on their way: sent again where the bucket hiccups, left where a URL ran out, given up where it says no."""

import base64
import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from infra import parts
from infra.parts import PartError, PartSender

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
    monkeypatch.setattr(parts, "FIRST_PAUSE_SECONDS", 0.001)
    with Bucket() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def sent() -> list[int]:
    """What the sender says of its progress."""
    return []


@pytest.fixture
def sender(tmp_path: Path, sent: list[int]) -> PartSender:
    path = tmp_path / "file.csv"
    path.write_bytes(CONTENT)
    return PartSender(path, PART_SIZE, sent.append)


def test_the_parts_are_the_file(bucket: Bucket, sender: PartSender, sent: list[int]) -> None:
    assert sender.send(bucket.parts()) == 3
    assert b"".join(bucket.got[f"/{n}"] for n in (1, 2, 3)) == CONTENT
    assert sum(sent) == len(CONTENT)


def test_a_part_goes_again_after_a_hiccup_and_counts_once(bucket: Bucket, sender: PartSender, sent: list[int]) -> None:
    bucket.answers = {"/2": [503, 0, 500, 200], "/3": [429, 200]}
    assert sender.send(bucket.parts()) == 3
    assert b"".join(bucket.got[f"/{n}"] for n in (1, 2, 3)) == CONTENT
    assert sum(sent) == len(CONTENT)


def test_a_part_whose_url_ran_out_is_left_for_a_fresh_one(bucket: Bucket, sender: PartSender, sent: list[int]) -> None:
    bucket.answers = {"/2": [403]}
    assert sender.send(bucket.parts()) == 2
    assert sum(sent) == len(CONTENT) - PART_SIZE


def test_a_refusal_is_not_asked_again(bucket: Bucket, sender: PartSender) -> None:
    bucket.answers = {"/1": [400]}
    with pytest.raises(PartError, match="Part 1 was not taken: 400"):
        sender.send(bucket.parts())


def test_a_bucket_that_stays_away_is_given_up_after_some_attempts(bucket: Bucket, sender: PartSender) -> None:
    bucket.answers = {"/3": [503] * parts.ATTEMPTS}
    with pytest.raises(PartError, match="Part 3 was not taken: 503"):
        sender.send(bucket.parts())
    assert bucket.answers["/3"] == []


def test_a_file_that_became_shorter_is_said(bucket: Bucket, sender: PartSender, tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_bytes(CONTENT[:-1])
    with pytest.raises(PartError, match="became shorter"):
        sender.send(bucket.parts())
