"""Starts the supervisor of the embedded stack in a process of its own, which outlives the command and its terminal."""

import subprocess
import sys
import time
from pathlib import Path

from infra.local import running_stack
from infra.local.processes import LOG_TAIL_LINES, StackError

# The log of a supervisor without a terminal, beside those of its children.
LOG = "stack.log"


def start(home: Path) -> running_stack.Running:
    """Start the stack of `home` and return it when it is ready.

    Raises `StackError` with the end of its log where it cannot start. Ctrl-C meanwhile stops what was started.
    """
    home = home.expanduser().resolve()
    log = home / "logs" / LOG
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            supervisor = subprocess.Popen(
                [sys.executable, "-m", "infra.cli", "up"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise StackError(
            f"{log} cannot be written: {error.strerror}. REGATTA_HOME=DIR chooses another place."
        ) from error
    try:
        return _wait(supervisor, home, log)
    except BaseException:
        supervisor.terminate()
        supervisor.wait()
        raise


def _wait(supervisor: subprocess.Popen[bytes], home: Path, log: Path) -> running_stack.Running:
    """Return the stack when its supervisor has published it; raises `StackError` where that ends instead."""
    while supervisor.poll() is None:
        running = running_stack.find(home)
        if running is not None and running.pid == supervisor.pid:
            return running
        time.sleep(0.05)
    lines = log.read_text(errors="replace").splitlines()[-2 * LOG_TAIL_LINES :]
    if not lines:
        raise StackError(
            f"The stack did not start, and {log} says nothing. Is the disk full? `regatta up`, not detached, says why."
        )
    raise StackError("\n".join(["The stack did not start. It says:", *(f"  {line}" for line in lines)]))
