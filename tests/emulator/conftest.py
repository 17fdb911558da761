"""Stacks that a test may stop and kill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import Stack


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Stack]:
    """A stack of the test's own, not started."""
    own = Stack(tmp_path / "home", REGATTA_WORKERS="1")
    yield own
    if own.supervisor is not None:
        own.kill_all()
