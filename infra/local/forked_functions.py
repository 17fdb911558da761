"""The processes of the emulator's functions where they can be forked from one that has loaded what they load.

A function that trains starts in a tenth of a second and not in three. The process that forks them is started with the
first function that can use it. It is `infra.local.fork_server`.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from infra.local.child_process import FORKS
from infra.local.fork_server import LENGTH_BYTES

# What functions load, but for their apps, which read the settings of their function while they are loaded. First for
# those that are zips, then for those that are images.
LIGHT_MODULES = (
    "functions.aws_lambda",
    "functions.http",
    "core.services.series.arrivals",
    "core.services.upkeep.reconcile",
    "boto3.s3.inject",
    "redis",
)
HEAVY_MODULES = (
    "functions.aws_lambda",
    "functions.http",
    "core.services.table_prediction.divided",
    "core.services.training.commands",
    "core.services.training.divided_race",
    "core.services.retraining.retrain",
    "core.services.processing.ingest_upload",
    "boto3.s3.inject",
    "redis",
)
CAN_FORK = FORKS and hasattr(os, "pidfd_open")


class ForkedFunction:
    """The process of a function, as MiniStack uses one; it is no child of this process."""

    def __init__(self, pid: int, descriptor: int, streams: Sequence[int]) -> None:
        """Take the descriptor of the process, which is readable when it has ended, and our ends of its streams."""
        self.pid = pid
        # How it ended is known to its parent alone.
        self.returncode: int | None = None
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._lock = threading.Lock()
        stdin, stdout, stderr = streams
        self.stdin = open(stdin, "w", buffering=1)  # noqa: PTH123, SIM115 - as long as the process
        self.stdout = open(stdout)  # noqa: PTH123, SIM115
        self.stderr = open(stderr)  # noqa: PTH123, SIM115

    def poll(self) -> int | None:
        """Return 0 once the process has ended, None while it runs."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; raises `subprocess.TimeoutExpired`."""
        status = self._wait(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return status

    def terminate(self) -> None:
        """Send SIGTERM, if the process runs."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, if the process runs."""
        self._send(signal.SIGKILL)

    def _wait(self, seconds: float | None) -> int | None:
        with self._lock:
            if self.returncode is None and self._poll.poll(None if seconds is None else seconds * 1000):
                self.returncode = 0
                os.close(self._descriptor)
            return self.returncode

    def _send(self, number: signal.Signals) -> None:
        with self._lock:
            if self.returncode is None:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._descriptor, number)


class ForkServer:
    """The emulator's end of a fork server. Several threads may use it at once."""

    def __init__(self, code: Path, modules: Sequence[str], interpreter: str = sys.executable) -> None:
        """Start the process, which loads the modules of `code` before it takes the first request."""
        self._lock = threading.Lock()
        self._socket, asking = socket.socketpair()
        with asking:
            number = asking.fileno()
            self._process = subprocess.Popen(
                [interpreter, "-m", "infra.local.fork_server", str(number), str(code), *modules],
                # By its name what is loaded knows that it is loaded for a function.
                env={**os.environ, "AWS_LAMBDA_FUNCTION_NAME": "fork-server"},
                stdin=subprocess.DEVNULL,
                pass_fds=[number],
            )

    def start(self, script: str, folder: Path, environment: Mapping[str, str]) -> ForkedFunction:
        """Return a process that runs a Python script in a folder. Raises `OSError` where the server has ended."""
        message = json.dumps({"script": script, "folder": str(folder), "environment": dict(environment)}).encode()
        # The child has one end of each pipe, we have the other one.
        (child_stdin, stdin), (stdout, child_stdout), (stderr, child_stderr) = os.pipe(), os.pipe(), os.pipe()
        child_streams, streams = (child_stdin, child_stdout, child_stderr), (stdin, stdout, stderr)
        try:
            with self._lock:
                socket.send_fds(self._socket, [len(message).to_bytes(LENGTH_BYTES, "big")], child_streams)
                self._socket.sendall(message)
                answer, descriptors, _, _ = socket.recv_fds(self._socket, LENGTH_BYTES, 1)
            if not answer:
                raise ConnectionResetError("The process that forks functions has ended.")
        except BaseException:
            for end in streams:
                os.close(end)
            raise
        finally:
            for end in child_streams:
                os.close(end)
        return ForkedFunction(int.from_bytes(answer, "big"), descriptors[0], streams)

    def close(self) -> None:
        """End the process. What it has forked goes on."""
        self._socket.close()
        self._process.terminate()
        self._process.wait()


class ForkServers:
    """The fork servers of the packages that functions were deployed with, each started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: dict[tuple[Path, bool], ForkServer] = {}

    def start(self, script: str, folder: Path, environment: Mapping[str, str], is_heavy: bool) -> ForkedFunction:
        """Return a process that runs a script of the function whose code is in `folder`; raises `OSError`."""
        key = (folder.resolve(), is_heavy)
        with self._lock:
            if key not in self._servers:
                self._servers[key] = ForkServer(key[0], HEAVY_MODULES if is_heavy else LIGHT_MODULES)
            server = self._servers[key]
        try:
            return server.start(script, folder, environment)
        except OSError:
            with self._lock:
                if self._servers.get(key) is server:
                    self._servers.pop(key).close()
            raise

    def close(self) -> None:
        """End the fork servers."""
        with self._lock:
            while self._servers:
                self._servers.popitem()[1].close()
