"""Ends the parts of a stack whose supervisor was killed. Redis and MiniStack cannot notice that by themselves.

The supervisor holds the other end of this process's standard input open and never writes to it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.local import embedded_redis, processes, running_stack

PART = "guard"


def start(home: Path) -> "subprocess.Popen[bytes]":
    """Start the guard of the stack of `home`. It bears the stack's mark, so whoever ends the parts ends it too."""
    return subprocess.Popen(
        [sys.executable, "-m", "infra.local.guard", str(home)],
        env=processes.stack_environment(home, PART),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )


def main() -> None:
    """Wait for the end of the supervisor, then end what it left, and delete its temporary files."""
    home = Path(sys.argv[1])
    sys.stdin.buffer.read()
    processes.end(process for process in processes.marked(home) if process.pid != os.getpid())
    running_stack.forget(home)
    shutil.rmtree(home / "tmp", ignore_errors=True)
    embedded_redis.remove_socket(home)


if __name__ == "__main__":
    main()
