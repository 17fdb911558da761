"""Reads without boto3: signed as boto3 signs, and left to boto3 as soon as anything is unusual."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import ClassVar

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from core.deadlines import deadline
from core.errors import DeadlineError
from core.storage.s3.signed_get import SPECIAL, SignedGet, sigv4_headers
from tests.support.http_server import QuietHandler, running_server

KEY = "default/models/房价 a+b%/1/model.onnx"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SPECIAL, "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"ACCESS_KEY_ID": "AKID", "SECRET_ACCESS_KEY": "secret", "DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)


class _Store(QuietHandler):
    protocol_version = "HTTP/1.1"
    connections: ClassVar[set[tuple[str, int]]] = set()
    paths: ClassVar[list[str]] = []
    asked: ClassVar[Event] = Event()
    answering: ClassVar[Event] = Event()

    def do_GET(self) -> None:
        self.asked.set()
        self.answering.wait(60)
        self.connections.add(self.client_address)
        self.paths.append(self.path)
        if self.path.endswith("/broken"):
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"x")
            self.close_connection = True
            return
        found = not self.path.endswith("/absent")
        body = b"\x00bytes\xff" if found else b"<Code>NoSuchKey</Code>"
        self.send_response(200 if found else 404)
        self.send_header("ETag", '"etag"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def store() -> Iterator[str]:
    with running_server(_Store) as url:
        _Store.connections.clear()
        _Store.paths.clear()
        _Store.asked.clear()
        _Store.answering.set()
        yield url


@pytest.mark.parametrize("token", [None, "a/token+with=signs"])
def test_a_read_is_signed_as_boto3_signs_it(token: str | None) -> None:
    path = "/regatta/default/%E6%88%BF%20a%2Bb%25"
    request = AWSRequest("GET", f"http://127.0.0.1:4566{path}", headers={"host": "127.0.0.1:4566"})
    request.context["payload_signing_enabled"] = True
    S3SigV4Auth(Credentials("AKID", "secret", token), "s3", "eu-west-1").add_auth(request)
    stamp = datetime.strptime(request.context["timestamp"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = sigv4_headers("127.0.0.1:4566", path, "AKID", "secret", "eu-west-1", token, stamp)
    assert ours == {name.lower(): value for name, value in request.headers.items()}


def test_objects_come_as_they_are_over_one_connection(store: str) -> None:
    reads = SignedGet("regatta", store)
    assert [reads.get(key) for key in (KEY, "absent", "x")] == [b"\x00bytes\xff", None, b"\x00bytes\xff"]
    assert _Store.paths[0] == "/regatta/default/models/%E6%88%BF%E4%BB%B7%20a%2Bb%25/1/model.onnx"
    assert len(_Store.connections) == 1
    reads.retire()


def test_an_endpoint_that_only_the_environment_names_is_asked(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", store)
    reads = SignedGet("regatta", None)
    assert reads.get(KEY) == b"\x00bytes\xff"
    reads.retire()


def test_a_store_that_cannot_be_reached_is_left_to_boto3(store: str) -> None:
    assert SignedGet("regatta", "http://127.0.0.1:1").get(KEY) is None


def test_a_read_that_goes_on_while_boto3_takes_over_ends_as_usual(store: str) -> None:
    reads = SignedGet("regatta", store)
    _Store.answering.clear()
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(reads.get, KEY)
        assert _Store.asked.wait(60)
        reads.retire()
        _Store.answering.set()
        assert read.result() == b"\x00bytes\xff"
    assert reads.get(KEY) is None


def test_a_body_that_breaks_off_is_left_to_boto3(store: str) -> None:
    reads = SignedGet("regatta", store)
    assert reads.get("broken") is None
    assert reads.get(KEY) == b"\x00bytes\xff"
    reads.retire()


def test_nothing_is_read_once_the_deadline_has_passed(store: str) -> None:
    with deadline(0), pytest.raises(DeadlineError):
        SignedGet("regatta", store).get(KEY)
    assert _Store.paths == []


@pytest.mark.parametrize("name", [*SPECIAL, "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"])
def test_what_only_boto3_knows_is_left_to_boto3(store: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in SPECIAL:
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    else:
        monkeypatch.delenv(name)
    assert SignedGet("regatta", store).get(KEY) is None
    assert _Store.paths == []
