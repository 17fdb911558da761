"""One copy of the code for all functions of the emulator, which is unpacked once and compiled once at most."""

import hashlib
import os
import shutil
import tempfile
import threading
import zipfile
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from infra.paths import ROOT

PREFIX = "ministack-code-"

_unpacking = threading.Lock()


class SharedArchive(zipfile.ZipFile):
    """The package of a function, as MiniStack unpacks it: into a copy that all functions of the same package share."""

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Replace `path`, a new folder without anything in it, by a link to the copy."""
        assert self.filename is not None
        digest = hashlib.sha256(Path(self.filename).read_bytes()).hexdigest()
        shared = Path(tempfile.gettempdir()) / f"{PREFIX}{digest[:16]}"
        with _unpacking:
            if not shared.exists():
                draft = Path(tempfile.mkdtemp(prefix=PREFIX))
                super().extractall(draft, members, pwd)
                take_bytecode(draft)
                draft.rename(shared)
        Path(path).rmdir()
        Path(path).symlink_to(shared)


def take_bytecode(code: Path) -> None:
    """Let modules of `code` that this installation has to the byte have its bytecode, where it was compiled.

    Python takes bytecode by the time and the size of its source, so a module takes the time of the other one as well.
    """
    for source in (path for name in ("core", "functions") for path in (ROOT / name).rglob("*.py")):
        module, compiled = code / source.relative_to(ROOT), Path(cache_from_source(str(source)))
        status = source.stat()
        if compiled.exists() and module.exists() and module.read_bytes() == source.read_bytes():
            os.utime(module, ns=(status.st_atime_ns, status.st_mtime_ns))
            target = Path(cache_from_source(str(module)))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(compiled, target)
