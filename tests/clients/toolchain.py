"""The programs in `.venv-clients`: Go, Node.js and schemathesis, and folders for what they download and build."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-clients"
NOT_SET_UP = "The toolchains of the clients are not set up here. Run `make test-clients`, which installs them."


@dataclass(frozen=True)
class Toolchain:
    """The environment of the toolchains; its programs go before those on PATH, which serve where there is no wheel."""

    environment: Path

    @classmethod
    def installed(cls, environment: Path = ENVIRONMENT) -> "Toolchain":
        """Return the toolchain of this checkout.

        Raises:
            AssertionError: it was not installed; the message says how to.
        """
        assert (environment / ".ready").is_file(), NOT_SET_UP
        return cls(environment)

    def program(self, name: str) -> str:
        """Return the path of the program `name`.

        Raises:
            AssertionError: neither the environment nor PATH has it.
        """
        found = shutil.which(name, path=self.search_path)
        assert found, f"{name} has no wheel for this machine. Put {name} on PATH, and run `make test-clients` again."
        return found

    def cache(self, name: str) -> Path:
        """Return the folder `name` for downloads and builds that later runs use again. `make clean` removes it."""
        folder = self.environment / "cache" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def run(
        self,
        name: str,
        *arguments: str | Path,
        directory: Path,
        variables: Mapping[str, str] | None = None,
        seconds: float = 600,
    ) -> str:
        """Run a program and return all that it wrote.

        Raises:
            AssertionError: it failed; the message has its output.
        """
        finished = subprocess.run(
            [self.program(name), *map(str, arguments)],
            cwd=directory,
            env=self.variables(variables or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        command = " ".join([name, *map(str, arguments)])
        assert finished.returncode == 0, f"`{command}` ended with {finished.returncode}:\n{finished.stdout}"
        return finished.stdout

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the environment variables for a program: those of this process, PATH with the tools first, `more`."""
        return {**os.environ, "PATH": self.search_path, **more}

    @property
    def search_path(self) -> str:
        """PATH, with the programs of the environment first."""
        return os.pathsep.join([str(self.environment / "bin"), os.environ.get("PATH", os.defpath)])
