"""Requests to a store over real sockets: within the deadline, repeated, and refused while the circuit is open."""

import random
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any, ClassVar

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from core import deadlines
from core.deadlines import deadline
from core.errors import DeadlineError
from core.storage import aws_calls
from core.storage.aws_calls import ATTEMPTS, FIRST_WAIT_SECONDS, seconds_of_attempt, seconds_to_wait
from core.storage.aws_session import AwsSession
from core.storage.dependency import FAILURES, CircuitOpenError
from core.storage.s3.client import create_client
from tests.support.http_server import QuietHandler, running_server
from tests.support.waiting import wait_for

# Nothing of these tests takes as long, unless what they test is broken.
NEVER = 60.0


class Clock:
    """The clock of the deadlines, which stands still between the moves of the test."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class _Store(QuietHandler):
    """Answers as the test says, one function after another; the last one stays."""

    protocol_version = "HTTP/1.1"
    answers: ClassVar[list[Callable[["_Store"], None]]] = []
    asked: ClassVar[int] = 0
    over: ClassVar[Event] = Event()
    clock: ClassVar["Clock"]
    peers: ClassVar[set[tuple[str, int]]] = set()

    def do_GET(self) -> None:
        _Store.asked += 1
        self.peers.add(self.client_address)
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        answer(self)

    def silent(self) -> None:
        self.over.wait(NEVER)

    def trickling(self) -> None:
        """Send a byte at a time, with a minute between them by the clock of the deadlines."""
        self.begin(1 << 20)
        while not self.over.is_set():
            self.wfile.write(b"x")
            self.clock.now += 60

    def broken_off(self) -> None:
        self.begin(100)
        self.wfile.write(b"x" * 50)
        self.close_connection = True

    def cut_off(self) -> None:
        self.close_connection = True

    def complete(self) -> None:
        self.answer(b"bytes")

    def slow_down(self) -> None:
        self.answer(b"<Error><Code>SlowDown</Code></Error>", 503)

    def missing(self) -> None:
        self.answer(b"<Error><Code>NoSuchKey</Code></Error>", 404)

    def begin(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {"ACCESS_KEY_ID": "AKID", "SECRET_ACCESS_KEY": "secret", "DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(aws_calls, "FIRST_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(aws_calls, "FIRST_THROTTLED_WAIT_SECONDS", 0.0)
    _Store.clock = Clock()
    monkeypatch.setattr(deadlines, "clock", _Store.clock)
    _Store.over.clear()
    _Store.asked = 0
    _Store.peers.clear()
    with running_server(_Store) as url:
        yield create_client(AwsSession(), url)
        _Store.over.set()


def read(client: Any) -> bytes:
    body: bytes = client.get_object(Bucket="bucket", Key="key")["Body"].read()
    return body


def test_a_silent_store_is_asked_again_and_then_given_up(client: Any) -> None:
    _Store.answers = [_Store.silent]
    with deadline(0.3), pytest.raises(ReadTimeoutError):
        read(client)
    # A busy machine may read the last request only after the client has given up.
    wait_for(lambda: _Store.asked >= ATTEMPTS)
    assert _Store.asked == ATTEMPTS


def test_an_attempt_leaves_as_much_as_it_takes(client: Any) -> None:
    with deadline(5):
        assert seconds_of_attempt(20) == 2.5
    with deadline(60):
        assert seconds_of_attempt(20) == 20
    assert seconds_of_attempt(20) == 20


def test_a_body_that_trickles_counts_against_the_deadline(client: Any) -> None:
    _Store.answers = [_Store.trickling]
    with deadline(3600), pytest.raises(DeadlineError):
        read(client)


@pytest.mark.parametrize("answer", [_Store.cut_off, _Store.slow_down])
def test_a_store_that_fails_once_is_asked_again(client: Any, answer: Callable[[_Store], None]) -> None:
    _Store.answers = [answer, _Store.complete]
    assert read(client) == b"bytes"


@pytest.mark.parametrize("answer", [_Store.silent, _Store.cut_off, _Store.slow_down, _Store.broken_off])
def test_a_store_that_fails_on_and_on_is_not_asked_any_more(client: Any, answer: Callable[[_Store], None]) -> None:
    _Store.answers = [answer]
    for _ in range(FAILURES):
        with deadline(0.2), pytest.raises((BotoCoreError, ClientError)):
            read(client)
    asked = _Store.asked
    with pytest.raises(CircuitOpenError):
        read(client)
    assert _Store.asked == asked


def test_an_object_that_is_missing_is_an_answer(client: Any) -> None:
    _Store.answers = [_Store.missing]
    for _ in range(2 * FAILURES):
        with pytest.raises(ClientError):
            read(client)
    assert _Store.asked == 2 * FAILURES


def test_bodies_come_whole_in_pieces_and_over_one_connection(client: Any) -> None:
    _Store.answers = [_Store.complete]
    for _ in range(40):  # more than go on at a time
        body = client.get_object(Bucket="bucket", Key="key")["Body"]
        assert list(body.iter_chunks(2)) == [b"by", b"te", b"s"]
    assert len(_Store.peers) == 1


def test_a_request_is_repeated_only_where_it_fits_into_what_is_left() -> None:
    fails: dict[str, Any] = {"response": None, "caught_exception": OSError("reset")}
    assert seconds_to_wait(1, **fails) is not None
    assert seconds_to_wait(ATTEMPTS, **fails) is None
    assert seconds_to_wait(1, response=None, caught_exception=ValueError("ours")) is None
    with deadline(0):
        assert seconds_to_wait(1, **fails) is None


def test_waits_have_full_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    monkeypatch.setattr(random, "uniform", draw)
    for attempt in (1, 2):
        assert seconds_to_wait(attempt, response=None, caught_exception=OSError("reset")) == 0
    assert drawn == [(0, FIRST_WAIT_SECONDS), (0, 2 * FIRST_WAIT_SECONDS)]
