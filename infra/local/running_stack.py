"""The embedded stack as other processes see it: whether one runs in a home, where it answers, and how to stop it."""

import fcntl
import json
import os
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra.local import embedded_redis, parts, processes

# The file below the home that says where a stack runs.
FILE = "stack.json"
# MiniStack writes its state when it stops; Redis and the web apps end at once.
STOP_SECONDS = 10


@dataclass(frozen=True)
class Running:
    """A running stack, as other processes read it from `stack.json` below its home."""

    pid: int
    url: str
    api_url: str
    aws_endpoint: str
    ready_seconds: float
    variables: dict[str, str]


def find(home: Path) -> Running | None:
    """Return the stack of `home` that is ready; None where none runs or it still starts."""
    home = home.expanduser().resolve()
    holder = supervisor(home)
    try:
        running = Running(**json.loads((home / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None  # there is none, or another version wrote it
    return running if running.pid == holder else None  # else a killed supervisor wrote it


def supervisor(home: Path) -> int | None:
    """Return the process id of the supervisor that holds the lock of `home`; None where there is none."""
    try:
        with (home / "lock").open() as lock:  # to lock a file takes no right to write to it
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = lock.read().strip()
                return int(text) if text.isdecimal() else None
    except OSError:
        pass  # there is no home, or it is another user's
    return None


def down(home: Path) -> bool:
    """Stop the stack of `home`, also where its supervisor was killed; return whether anything ran."""
    home = home.expanduser().resolve()
    holder = supervisor(home)
    if holder is not None:
        os.kill(holder, signal.SIGTERM)
        deadline = time.monotonic() + 3 * STOP_SECONDS
        while supervisor(home) == holder and time.monotonic() < deadline:
            time.sleep(0.05)
    leftover = processes.marked(home)
    processes.end(leftover)
    if leftover:
        forget(home)
        shutil.rmtree(home / "tmp", ignore_errors=True)
        embedded_redis.remove_socket(home)
    return holder is not None or bool(leftover)


def forget(home: Path) -> None:
    """Delete the files about a stack that has ended. In a read-only home they stay: nobody holds the lock."""
    for name in (FILE, parts.FILE, processes.WEB_STATE):
        with suppress(OSError):
            (home / name).unlink()
