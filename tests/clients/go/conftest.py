"""The Go programs of the tests, built once for all processes of a run, and tables to run them with."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.go.building import CLIENT, Go, build_programs
from tests.clients.go.documented import documented_programs
from tests.clients.go.generated import generate_client
from tests.clients.toolchain import Toolchain
from tests.support.workflow import gbk_csv

HERE = Path(__file__).parent


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Path]) -> Path:
    """Return what `make` returned for a new folder of this run: in this process, or in another one before."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # that of all processes
    folder, made = root / name, root / f"{name}.made"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed
            folder.mkdir()
            made.write_text(str(make(folder)))
    return Path(made.read_text())


@pytest.fixture(scope="session")
def go(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Go:
    """The Go compiler. It has compiled the client once: processes that begin at once would each compile all of Go's."""
    compiler = Go(toolchain)

    def compile_client(folder: Path) -> Path:
        compiler.run("build", "./...", directory=CLIENT)
        return folder

    made_once(tmp_path_factory, "compiled", compile_client)
    return compiler


@pytest.fixture(scope="session")
def generated_client(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module of a client that a generator made of the OpenAPI document, and nobody edited."""
    return made_once(tmp_path_factory, "generated", lambda folder: generate_client(toolchain, folder))


@pytest.fixture(scope="session")
def programs(go: Go, generated_client: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the binaries: the programs of these tests, those of docs/go.md, and the examples of the client."""
    own = {name: (HERE / name / "main.go").read_text(encoding="utf-8") for name in ("job", "failures", "generatedjob")}
    sources = own | documented_programs()
    return made_once(tmp_path_factory, "programs", lambda folder: build_programs(go, sources, generated_client, folder))


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV in GBK with Chinese headers."""
    path = tmp_path_factory.mktemp("table") / "房价.csv"
    path.write_bytes(gbk_csv())
    return path
