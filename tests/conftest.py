"""Fixtures for every test."""

from collections.abc import Iterator

import pytest

from tests.support.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The embedded stack all tests share; a test that stops or kills one makes its own."""
    shared = Stack(tmp_path_factory.mktemp("stack") / "home").start()
    yield shared
    shared.stop()
