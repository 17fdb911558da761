"""One copy of the code for all functions of the emulator, so that Python compiles each module once."""

import hashlib
import shutil
import tempfile
from pathlib import Path

PREFIX = "ministack-code-"


def share_code(folder: Path) -> None:
    """Replace the unpacked code of a function by a link to the copy of all functions that have the same package.

    `folder` is new; the package that was unpacked there is beside it, as `code.zip`.
    """
    digest = hashlib.sha256((folder.parent / "code.zip").read_bytes()).hexdigest()
    shared = Path(tempfile.gettempdir()) / f"{PREFIX}{digest[:16]}"
    try:
        folder.rename(shared)
    except OSError:  # another function came first
        shutil.rmtree(folder)
    folder.symlink_to(shared)
