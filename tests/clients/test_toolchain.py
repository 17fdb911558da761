"""The toolchains of the clients: found where `make test-clients` installs them."""

from pathlib import Path

import pytest

from tests.clients.toolchain import Toolchain


@pytest.mark.parametrize("name", ["go", "node", "npm", "npx", "schemathesis"])
def test_every_program_of_the_tests_is_found(toolchain: Toolchain, name: str) -> None:
    assert Path(toolchain.program(name)).is_file()


def test_a_checkout_without_toolchains_says_how_to_install_them(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="make test-clients"):
        Toolchain.installed(tmp_path)


def test_a_program_that_fails_shows_what_it_wrote(toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"(?s)ended with 3.*no such table"):
        toolchain.run("node", "-e", "console.error('no such table'); process.exit(3)", directory=tmp_path)
