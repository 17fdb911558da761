"""The Go programs of the tests, built once, and tables to run them with."""

from pathlib import Path

import pytest

from tests.clients.go.building import Go, build_programs
from tests.clients.go.documented import documented_programs
from tests.clients.go.generated import generate_client
from tests.clients.toolchain import Toolchain
from tests.support.workflow import gbk_csv

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def go(toolchain: Toolchain) -> Go:
    """The Go compiler."""
    return Go(toolchain)


@pytest.fixture(scope="session")
def generated_client(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module of a client that a generator made of the OpenAPI document, and nobody edited."""
    return generate_client(toolchain, tmp_path_factory.mktemp("generated"))


@pytest.fixture(scope="session")
def programs(go: Go, generated_client: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the binaries: the programs of these tests, those of docs/go.md, and the examples of the client."""
    own = {name: (HERE / name / "main.go").read_text(encoding="utf-8") for name in ("job", "failures", "generatedjob")}
    return build_programs(go, own | documented_programs(), generated_client, tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV in GBK with Chinese headers."""
    path = tmp_path_factory.mktemp("table") / "房价.csv"
    path.write_bytes(gbk_csv())
    return path
