"""`regatta up` in processes that are forked from one that has loaded everything, and not started anew.

To load it takes three seconds of a processor for each stack: most for the web apps. What the supervisor starts again,
it starts as it always does, and test_detached starts whole stacks so.
"""

import atexit
import ctypes
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from infra.cli import app
from infra.local import processes
from infra.local.child_process import ForkedProcess
from tests.support.forked_server import CONTEXT, print_to, take_environment

to_fork = {"infra.local.emulator", "infra.local.web"}


class ForkedUp:
    """The process of a supervisor, used as one of `subprocess.Popen`."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        """Start it; what it prints goes to `log`."""
        self._process: ForkServerProcess = CONTEXT.Process(target=_supervise, args=(dict(environment), log))
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return the exit status once the process has ended, negative for a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; raises `subprocess.TimeoutExpired`."""
        self._process.join(timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired("regatta up", timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


class ForkedChild(ForkedProcess):
    """A child of the supervisor, used as one of `subprocess.Popen`."""

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


def _supervise(environment: dict[str, str], log: Path) -> None:
    take_environment(environment)
    with log.open("wb") as output:
        print_to(output.fileno())
    vars(processes)["subprocess"] = SimpleNamespace(**{**vars(subprocess), "Popen": _start_child})
    sys.argv = ["regatta", "up"]
    app(prog_name="regatta")


def _start_child(
    command: Sequence[str], *, env: dict[str, str], stdout: IO[bytes], **options: Any
) -> "subprocess.Popen[bytes] | ForkedChild":
    """Fork a part of a stack that starts; start every other process, and a part when it is started again.

    By then there are threads, which hold locks while this process forks. At first only the one of the spinner is.
    """
    module = command[2]
    if module not in to_fork:
        return subprocess.Popen(command, env=env, stdout=stdout, **options)
    to_fork.remove(module)

    def run(descriptors: Sequence[int]) -> None:
        print_to(descriptors[0])
        take_environment(env)
        _show_environment({name: env[name] for name in (processes.MARK, processes.PART)})
        sys.argv = list(command[2:])
        try:
            sys.exit(importlib.import_module(module).main())
        finally:
            atexit._run_exitfuncs()

    return ForkedChild(run, [stdout.fileno()], None)


def _show_environment(environment: Mapping[str, str]) -> None:
    """Let other processes read these variables of this one, whose own are somewhere else in its memory.

    What they read is what the process was executed with, and it was forked.
    """
    start, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[47:49])
    text = b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in environment.items())
    assert len(text) < end - start, "The environment of the tests has no room for the mark of a stack."
    ctypes.memmove(start, text.ljust(end - start, b"\0"), end - start)
