"""A real embedded stack for tests: `regatta up`, in its own home and on free ports."""

import gc
import os
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
from typer.testing import CliRunner

from infra.cli import app
from infra.local import running_stack
from infra.local.credentials import credentials_of
from infra.local.processes import marked
from tests.support.forked_stack import ForkedUp
from tests.support.process_state import process_environment
from tests.support.waiting import wait_for

READY_SECONDS = 300
# A 503 of a stack is a fault then, and not the slowness of a busy machine.
PATIENT = dict.fromkeys(("REGATTA_REQUEST_SECONDS", "REGATTA_PREDICT_SECONDS", "REGATTA_STATUS_SECONDS"), "300")
CLI = (sys.executable, "-m", "infra.cli")


class Stack:
    """One `regatta up`: `start`, `stop`, `kill`, and where it answers while it runs."""

    def __init__(self, home: Path, **overrides: str) -> None:
        self.home = home
        self.log = home.parent / f"{home.name}.out"
        port, aws_port = free_ports(2)
        self.settings = {
            "REGATTA_HOME": str(home),
            "REGATTA_PORT": str(port),
            "REGATTA_AWS_PORT": str(aws_port),
            # Tests of lost events find them themselves.
            "REGATTA_RECONCILE_SECONDS": "0",
            **PATIENT,
            **overrides,
        }
        self.base_url = f"http://127.0.0.1:{port}"
        self.aws_url = f"http://127.0.0.1:{aws_port}"
        self.supervisor: subprocess.Popen[bytes] | ForkedUp | None = None

    def start(self) -> "Stack":
        """Start it and wait until it is ready."""
        self.launch()
        deadline = time.monotonic() + READY_SECONDS
        while self.running is None:
            if self.supervisor.poll() is not None or time.monotonic() > deadline:
                output = self.log.read_text()
                self.kill_all()
                raise AssertionError(f"The stack did not come up:\n{output}")
            time.sleep(0.05)
        return self

    def launch(self) -> None:
        """Start it without waiting."""
        if "PYTHONPATH" in self.settings:  # which Python reads when it starts
            with self.log.open("wb") as log:
                self.supervisor = subprocess.Popen(
                    [*CLI, "up"], env=self.shell, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
        else:
            self.supervisor = ForkedUp(self.shell, self.log)

    def stop(self) -> int:
        """Send SIGTERM, as an operator or a service manager does, and return the exit status."""
        self.supervisor.terminate()
        return self.supervisor.wait(300)

    def kill_supervisor(self) -> None:
        """Kill the supervisor alone with SIGKILL."""
        self.supervisor.kill()
        self.supervisor.wait()

    def kill_all(self) -> None:
        """Kill the supervisor and every process that it started with SIGKILL."""
        self.kill_supervisor()
        processes = self.processes()
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # it may have ended by itself, since its supervisor is gone
                process.kill()
        psutil.wait_procs(processes, timeout=300)

    def processes(self) -> list[psutil.Process]:
        """Return the processes of this stack, without the supervisor."""
        return marked(self.home)

    def process(self, part: str) -> psutil.Process:
        """Return the process that the supervisor started for `part`: web, ministack or redis."""
        return self.started(part)[0]

    def started(self, part: str) -> list[psutil.Process]:
        """Return the processes that the supervisor started for `part` and that run: none or one."""
        return running_processes(marked(self.home, part), lambda process: process.ppid() == self.supervisor.pid)

    def workers(self) -> list[psutil.Process]:
        """Return the processes that answer requests; those that compute give way to them."""
        web = self.process("web")
        niceness = web.nice()
        return running_processes(web.children(), lambda process: process.nice() == niceness)

    def cli(self, *arguments: str, directory: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run `regatta ARGUMENTS` in this stack's shell, in `directory`."""
        return subprocess.run(
            [*CLI, *arguments],
            cwd=directory,
            env=self.shell,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `regatta ARGUMENTS` in this process, which takes a tenth of the time, as if in this stack's shell."""
        gc.freeze()  # what is there already: looking through all that is loaded takes longer than most commands
        with process_environment(self.settings):
            done = CliRunner().invoke(app, arguments, prog_name="regatta")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        finished = subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)
        del done  # which knows the frames of the command
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()  # the connections of the command, which the end of its process would close
        gc.unfreeze()
        return finished

    @property
    def shell(self) -> dict[str, str]:
        """The environment of a shell whose REGATTA_* variables are those of this stack."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGATTA_", "AWS_"))}
        return {**kept, **self.settings}

    @property
    def running(self) -> running_stack.Running | None:
        """The record of the running stack; None until it is ready."""
        return running_stack.find(self.home)

    @property
    def api_url(self) -> str:
        """The emulated API Gateway's address of the deployed template."""
        return self.running.api_url

    @property
    def credentials(self) -> dict[str, str]:
        """The credentials of the emulated AWS, as arguments of boto3."""
        return credentials_of(self.home).arguments

    @property
    def env(self) -> dict[str, str]:
        """The variables that point a process at this stack."""
        return dict(self.running.variables)


def running_processes(
    processes: Iterable[psutil.Process], where: Callable[[psutil.Process], object]
) -> list[psutil.Process]:
    """Return the processes that run and for which `where` holds. Any of them may end at any moment."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and where(process):
                found.append(process)
    return found


def status_of(url: str) -> dict[str, Any]:
    """Return what the service at `url` says of itself, asked until it has found out within its two seconds."""
    answer = wait_for(lambda: httpx.get(f"{url}/system/status", timeout=300), lambda answer: answer.is_success)
    status: dict[str, Any] = answer.json()
    return status


def free_ports(count: int) -> list[int]:
    """Return free ports."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
