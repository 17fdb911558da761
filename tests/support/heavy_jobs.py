"""Work for tests of heavy processes, which import it by its name."""

import os
import signal
import time
from pathlib import Path

from core.deadlines import remaining
from core.errors import InvalidInputError, UnavailableError
from core.storage.changes import changes
from core.storage.workspace import Workspace
from core.telemetry.request_id import request_id


def where(workspace: Workspace) -> tuple[str, int, int]:
    """Return the workspace, the process and its niceness."""
    return workspace.name, os.getpid(), os.getpriority(os.PRIO_PROCESS, 0)


def give_way(workspace: Workspace) -> int:
    """Give way for good, as a process does that may not take its priority back; return the process."""
    set_priority = os.setpriority

    def refuse_once(*target: int) -> None:
        os.setpriority = set_priority
        raise PermissionError

    os.setpriority = refuse_once
    return os.getpid()


def context(workspace: Workspace) -> tuple[str | None, float | None]:
    """Return the id of the request, and the seconds that are left."""
    return request_id(), remaining()


def refuse(workspace: Workspace) -> None:
    """Raise an error of ours with all its parts."""
    raise InvalidInputError("Correct the field.", [{"field": "rows", "message": "is empty"}])


def wait_for_file(workspace: Workspace, started: Path, released: Path) -> int:
    """Write a file, wait until another is there, and return the process."""
    started.write_text(str(os.getpid()))
    while not released.exists():
        time.sleep(0.01)
    return os.getpid()


def refuse_storage(workspace: Workspace) -> None:
    """Find no storage before anything was changed."""
    raise UnavailableError("The object store did not answer.")


def change_and_fail(workspace: Workspace) -> None:
    """Change what callers see, then find no storage."""
    changes().made(f"{workspace.name}/models/strength/1/manifest.json", created=True)
    raise UnavailableError("The object store did not answer.")


def die(workspace: Workspace, process: Path) -> None:
    """Write down the process, and end it as one that takes more memory than there is."""
    process.write_text(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGKILL)
