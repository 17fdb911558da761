"""Stacks that a test may stop and kill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import parts
from tests.support.stack import Stack
from tests.support.waiting import wait_for


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Stack]:
    """A stack of the test's own, not started."""
    own = Stack(tmp_path / "home", REGATTA_WORKERS="1")
    yield own
    if own.supervisor is not None:
        own.kill_all()


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of the module's own, of two workers, whose tests find it as the one before left it."""
    own = Stack(tmp_path_factory.mktemp("mortal") / "home", REGATTA_WORKERS="2")
    yield own
    if own.supervisor is not None:
        own.kill_all()


@pytest.fixture
def running(mortal: Stack) -> Stack:
    """The same stack, started again if the test before has ended it, with both workers serving."""
    if mortal.supervisor is None or mortal.supervisor.poll() is not None:
        mortal.start()
    wait_for(lambda: parts.read(mortal.home)["web"].get("serving") == 2)
    return mortal
