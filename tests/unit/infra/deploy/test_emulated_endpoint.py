"""The URL by which functions reach the endpoint that they are deployed to."""

import json
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import urlsplit

import pytest

from infra.deploy.emulated import endpoint_for_functions
from tests.support.http_server import QuietHandler, running_server


class _Emulator(QuietHandler):
    """Answers as LocalStack does at this address."""

    info: ClassVar[dict[str, object]] = {}

    def do_GET(self) -> None:
        body = json.dumps(self.info).encode() if self.path == "/_localstack/info" else b""
        self.answer(body, 200 if body else 404)


@pytest.fixture
def port() -> Iterator[int]:
    with running_server(_Emulator) as url:
        yield urlsplit(url).port


@pytest.mark.parametrize(
    ("info", "host"),
    [
        ({"version": "4.12.0", "is_docker": True}, "localhost.localstack.cloud"),
        ({"version": "4.12.0", "is_docker": False}, "127.0.0.1"),
        ({}, "127.0.0.1"),
    ],
)
def test_only_containers_need_another_name_for_this_machine(port: int, info: dict[str, object], host: str) -> None:
    _Emulator.info = info
    assert endpoint_for_functions(f"http://127.0.0.1:{port}") == f"http://{host}:{port}"


@pytest.mark.parametrize("url", ["http://aws.example.com:4566", "http://127.0.0.1:9"])
def test_other_machines_and_silent_ones_keep_their_names(url: str) -> None:
    assert endpoint_for_functions(url) == url
