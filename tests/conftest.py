"""Fixtures for every test."""

from collections.abc import Iterator

import pytest

from tests.localstack.running import LocalStack
from tests.own_redis import own_redis
from tests.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The embedded stack all tests share; a test that stops or kills one makes its own."""
    shared = Stack(tmp_path_factory.mktemp("stack") / "home").start()
    yield shared
    shared.stop()


@pytest.fixture(scope="session")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The LocalStack all tests share, with a Redis of its own and the template deployed."""
    home = tmp_path_factory.mktemp("localstack")
    with own_redis(home) as (_, port):
        shared = LocalStack(home, f"redis://127.0.0.1:{port}/0").start()
        yield shared
        shared.stop()
