"""A stack of its own for a program that creates, renames and deletes whatever it can name."""

from collections.abc import Iterator

import pytest

from tests.support.stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that no other test sees."""
    own = Stack(tmp_path_factory.mktemp("stack") / "home").start()
    yield own
    own.stop()
