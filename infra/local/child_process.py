"""Child processes of a server: forked from it where that is safe, and started anew elsewhere.

A forked process has everything loaded that its server has, and shares that memory: it serves after a tenth of a second
and not after seconds. The server has one thread, so that no lock is held by another while it forks. On macOS libraries
of the system do not survive a fork.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from core.telemetry.log import log_descriptors

FORKS = sys.platform == "linux"
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Program:
    """What a child process runs: a function that takes the numbers of its descriptors, in a module that is run alike.

    `forks` says that the server has loaded what the function needs.
    """

    module: str
    main: Callable[[Sequence[int]], None]
    forks: bool = FORKS


class ChildProcess(Protocol):
    """What a server needs of a child process; `subprocess.Popen` has it."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None:
        """Return the exit status once the process has ended, negative for a signal; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; raises `subprocess.TimeoutExpired`."""

    def send_signal(self, number: int, /) -> None:
        """Send a signal to the process, if it runs."""


def start(program: Program, descriptors: Sequence[int], temporary: Path | None) -> ChildProcess:
    """Start a process with these descriptors, and `temporary` as the folder of its temporary files.

    It is in a process group of its own, so that Ctrl-C in the terminal reaches the server alone. A session of its own
    would do that too, but Linux weighs niceness within a session only. Raises `OSError` where there is no room for it.
    """
    if program.forks:
        return ForkedProcess(program.main, descriptors, temporary)
    environment = {**os.environ, **({"TMPDIR": str(temporary)} if temporary else {})}
    return subprocess.Popen(
        [sys.executable, "-m", program.module, *map(str, descriptors)],
        stdin=subprocess.DEVNULL,
        pass_fds=descriptors,
        env=environment,
        process_group=0,
    )


def is_stopped(pid: int) -> bool:
    """Return whether a signal such as SIGSTOP has stopped a process."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False  # it has ended


class ForkedProcess:
    """A process that this one has forked."""

    def __init__(
        self, main: Callable[[Sequence[int]], None], descriptors: Sequence[int], temporary: Path | None
    ) -> None:
        """Fork a process that calls `main`; raises `OSError` where there is no room for it."""
        self.returncode: int | None = None
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _run_forked(main, descriptors, temporary)

    def poll(self) -> int | None:
        """Return the exit status once the process has ended, negative for a signal; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; raises `subprocess.TimeoutExpired`."""
        until = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(POLL_SECONDS)
        return status

    def send_signal(self, number: int, /) -> None:
        """Send a signal to the process, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _run_forked(main: Callable[[Sequence[int]], None], descriptors: Sequence[int], temporary: Path | None) -> None:
    """Call `main` in the forked process, and end it. Nothing of the server goes on in it."""
    status = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.setpgid(0, 0)
        _keep_only(descriptors)
        if temporary is not None:
            os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
        main(descriptors)
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _keep_only(descriptors: Sequence[int]) -> None:
    """Close what the server has open, such as its ends of other lifelines, and read nothing from the terminal."""
    kept = {1, 2, *descriptors, *log_descriptors()}
    for number in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        if number not in kept:
            with suppress(OSError):
                os.close(number)
    # The lowest number that is free is that of the standard input.
    os.open(os.devnull, os.O_RDONLY)
