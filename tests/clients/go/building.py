"""Build Go programs against the client in this checkout, without a network: all of them in one call of the compiler."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic_core

from tests.clients.toolchain import ROOT, Toolchain

CLIENT = ROOT / "clients/go"
# One module for the programs of the tests, which takes the client from its folder.
MODULE = """module programs

go 1.24

require (
	regatta v0.0.0
	{generated} v0.0.0
)

replace regatta => {client}

replace {generated} => {folder}
"""
GENERATED = "generated"


@dataclass(frozen=True)
class Go:
    """The Go compiler, with its caches in the environment of the toolchains."""

    toolchain: Toolchain

    def run(self, *arguments: str | Path, directory: Path) -> str:
        """Run `go ARGUMENTS` and return all that it wrote; raises `AssertionError` where it fails."""
        return self.toolchain.run("go", *arguments, directory=directory, variables=self.variables)

    def gofmt(self, *folders: Path) -> str:
        """Return the files that gofmt would write otherwise, one a line."""
        root = self.run("env", "GOROOT", directory=CLIENT).strip()
        return self.toolchain.run(f"{root}/bin/gofmt", "-l", *folders, directory=CLIENT)

    @property
    def variables(self) -> dict[str, str]:
        """The settings of the compiler. Modules come from folders of this checkout only."""
        return {
            "GOCACHE": str(self.toolchain.cache("go-build")),
            "GOMODCACHE": str(self.toolchain.cache("go-mod")),
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            # Without the paths of folders in what is compiled, each program and the next run find it in the cache. All
            # commands say so alike: else each compiles the standard library for itself. To optimise would take longer
            # than all that the programs do.
            "GOFLAGS": "-mod=mod -trimpath '-gcflags=all=-N -l'",
            "GOWORK": "off",
            "CGO_ENABLED": "0",
            # The compiler, of which there is a process for each package, ends before collecting its garbage pays.
            "GOGC": "off",
            "GOMEMLIMIT": "600MiB",
        }


def build_programs(go: Go, programs: Mapping[str, str], generated: Path, folder: Path) -> Path:
    """Build programs, given by the name and text of their main package, and return the folder of the binaries.

    They may import `regatta` and `generated`, the module in the folder of that name.
    """
    (folder / "go.mod").write_text(MODULE.format(client=CLIENT, generated=GENERATED, folder=generated))
    for name, text in programs.items():
        (folder / name).mkdir()
        (folder / name / "main.go").write_text(text, encoding="utf-8")
    binaries = folder / "bin"
    binaries.mkdir()
    # Symbols and the tables of debuggers would take half of the linker's time.
    go.run("build", "-ldflags=-s -w", "-o", binaries, "./...", "regatta/examples/...", directory=folder)
    return binaries


def run_program(program: Path, *arguments: str | Path, variables: Mapping[str, str], seconds: float = 300) -> Any:
    """Run a program and return the JSON that it printed; raises `AssertionError` where it fails."""
    shown = run_text(program, *arguments, variables=variables, seconds=seconds)
    return pydantic_core.from_json(shown)


def run_text(
    program: Path,
    *arguments: str | Path,
    variables: Mapping[str, str],
    seconds: float = 300,
    directory: Path | None = None,
    source: bytes = b"",
) -> str:
    """Run a program on `source` as its standard input and return what it printed.

    Raises:
        AssertionError: it failed; the message has what it wrote to its standard error.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGATTA_")}
    finished = subprocess.run(
        [program, *map(str, arguments)],
        cwd=directory,
        env={**kept, **variables},
        input=source,
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    assert finished.returncode == 0, f"{program.name} ended with {finished.returncode}:\n{finished.stderr.decode()}"
    return finished.stdout.decode()
