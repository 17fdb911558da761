"""The folder of a server's temporary files. That of a killed server is deleted by the next one."""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX = "regatta-server-"
LOCK = "lock"


class TemporaryRoot:
    """A folder below `parent` that this process holds a lock on, for as long as it lives."""

    def __init__(self, parent: Path) -> None:
        """Make the folder, and delete those of servers that were killed."""
        sweep(parent)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = (self.path / LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        """Delete the folder with all that is in it."""
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def sweep(parent: Path) -> list[Path]:
    """Delete the folders of servers that do not live any more; return them. Those of other users stay."""
    deleted = []
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid() and not _is_held(folder / LOCK):
                shutil.rmtree(folder, ignore_errors=True)
                deleted.append(folder)
    return deleted


def _is_held(lock: Path) -> bool:
    """Return whether a process holds the lock. A folder without one is just being made, and counts as held."""
    try:
        with lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return True
    return False
