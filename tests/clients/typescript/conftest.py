"""Fixtures for the tests of the client in TypeScript."""

import pytest

from tests.clients.toolchain import Toolchain
from tests.clients.typescript.package import TypeScriptPackage


@pytest.fixture(scope="session")
def package(toolchain: Toolchain) -> TypeScriptPackage:
    """The client, installed and built in a copy."""
    return TypeScriptPackage.built(toolchain)
