"""A copy of clients/typescript with all that it is developed with, in the cache of the toolchains.

Nothing is installed or built in the checkout. Programs of the tests lie in the copy too, so that they import the
client by its name, as it is packed.
"""

import fcntl
import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.clients.toolchain import ROOT, Toolchain

SOURCE = ROOT / "clients/typescript"
PROGRAMS = Path(__file__).parent / "programs"
GENERATED = Path(__file__).parent / "generated"
DOCUMENT = ROOT / "docs/openapi.json"
PAGE = ROOT / "docs/typescript.md"
MANIFESTS = ("package.json", "package-lock.json")
COMPLAINTS = ("warn", "error", "invalid", "unsupported", "deprecated", "missing")
# TypeScript's own declarations are not ours to check.
QUICKLY = ("--skipDefaultLibCheck",)
TEXTS = ("tsconfig.json", "README.md")


@dataclass(frozen=True)
class TypeScriptPackage:
    """The copy in `folder`, installed and built."""

    toolchain: Toolchain
    folder: Path

    @classmethod
    def built(cls, toolchain: Toolchain) -> "TypeScriptPackage":
        """Copy, install and build what has changed since the last time; one process at a time."""
        package = cls(toolchain, toolchain.cache("typescript"))
        with (package.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            package._install()
            package._build()
        return package

    def node(self, *arguments: str | Path) -> str:
        """Run Node.js in the package, and return what it wrote."""
        return self.toolchain.run("node", *arguments, directory=self.folder)

    def npx(self, program: str, *arguments: str | Path) -> str:
        """Run a program of an installed package as npx does, and return what it wrote, without colours."""
        script = self.folder / "node_modules/.bin" / program
        return self.toolchain.run("node", script, *arguments, directory=self.folder, variables={"NO_COLOR": "1"})

    def npm(self, *arguments: str | Path) -> str:
        """Run npm in the package, and return what it wrote but for its notes on settings."""
        variables = {"npm_config_loglevel": "error"}
        return self.toolchain.run("npm", *arguments, directory=self.folder, variables=variables)

    def _install(self) -> None:
        """Install exactly what the lock has, unless it is installed."""
        digest = _digest([SOURCE / name for name in MANIFESTS])
        installed = self.folder / ".installed"
        if installed.exists() and installed.read_text() == digest:
            return
        installed.unlink(missing_ok=True)
        for name in MANIFESTS:
            shutil.copy(SOURCE / name, self.folder)
        arguments = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
        self.toolchain.run("npm", *arguments, directory=self.folder)
        installed.write_text(digest)

    def _build(self) -> None:
        """Copy the sources and compile them, unless they are the same as before."""
        folders = {"src": SOURCE / "src", "test": SOURCE / "test", "programs": PROGRAMS, "generated": GENERATED}
        files = [PAGE, *(SOURCE / name for name in TEXTS)]
        files += [file for folder in folders.values() for file in sorted(folder.rglob("*"))]
        digest = _digest([file for file in files if file.is_file()])
        built = self.folder / ".built"
        if built.exists() and built.read_text() == digest:
            return
        built.unlink(missing_ok=True)
        shutil.rmtree(self.folder / "dist", ignore_errors=True)
        for name, folder in folders.items():
            shutil.rmtree(self.folder / name, ignore_errors=True)
            shutil.copytree(folder, self.folder / name)
        for name in (*TEXTS, *MANIFESTS):
            shutil.copy(SOURCE / name, self.folder)
        (self.folder / "programs/page.ts").write_text(examples_of(PAGE))
        self.npx("tsc", *QUICKLY)
        built.write_text(digest)


def examples_of(page: Path) -> str:
    """Return the examples of a page as one program."""
    return "\n".join(re.findall(r"```ts\n(.*?)```", page.read_text(), re.DOTALL))


def complaints(output: str) -> list[str]:
    """Return the lines in which a generator says that something is not as it should be."""
    return [line for line in output.splitlines() if any(word in line.lower() for word in COMPLAINTS)]


def _digest(files: list[Path]) -> str:
    """Return a digest of the files' names and bytes."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
