"""Fixtures for the tests of the clients: the toolchains that `make test-clients` installs."""

import pytest

from tests.clients.toolchain import Toolchain


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """Where `go`, `node`, `npm` and `schemathesis` are. Fails where they were never installed."""
    return Toolchain.installed()
