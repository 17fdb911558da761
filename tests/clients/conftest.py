"""Fixtures for the tests of the clients: the toolchains that `make test-clients` installs, and a stack."""

from collections.abc import Iterator

import pytest

from tests.clients.toolchain import Toolchain
from tests.support.stack import Stack


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """Where `go`, `node`, `npm` and `schemathesis` are. Fails where they were never installed."""
    return Toolchain.installed()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of the module's own: its programs name models as they like, and some delete whatever they find."""
    own = Stack(tmp_path_factory.mktemp("stack") / "home").start()
    yield own
    own.kill_all()
