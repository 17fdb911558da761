"""A Lambda execution environment on this machine: one function in a process of its own, with what Lambda denies it."""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
RUNTIME = Path(__file__).parent / "runtime.py"

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
PAYLOAD_BYTES = 6 << 20
TMP_MIB = 512
START_SECONDS = 60

# Nothing but TMPDIR can be written, by whatever library, and that only up to its size.
SEALED = """
mount -t tmpfs -o size="$TMP_MIB"m none "$TMPDIR"
mount -t tmpfs -o ro none /dev/shm
mount --bind "$CODE" "$CODE" && mount -o remount,bind,ro "$CODE"
mount -o remount,bind,ro /
"""


class LambdaError(Exception):
    """Lambda itself ends an invocation like this: no answer, one that is too large, or one that comes too late."""


class Environment:
    """One function's environment: started cold, one event at a time, frozen in between by whoever wants to.

    The code is read-only and a copy, so that nothing else of the project is found. Linux lets the process be sealed off
    in a mount namespace; elsewhere Python's own audit events refuse what would be written outside of TMPDIR.
    """

    def __init__(
        self, function: str, variables: Mapping[str, str], *, timeout: float = 29, tmp_mib: int = TMP_MIB
    ) -> None:
        """`function` is a folder of functions/; `variables` its environment; `timeout` in seconds."""
        self.function = function
        self._timeout = timeout
        self._folder = TemporaryDirectory(prefix="regatta-environment-")
        home = Path(self._folder.name)
        self.code, tmp = home / "task", home / "tmp"
        for part in ("core", "functions"):
            shutil.copytree(ROOT / part, self.code / part, ignore=shutil.ignore_patterns("__pycache__"))
        tmp.mkdir()
        # How this machine is to add up: else the last digits differ from those of other processes here.
        machine = {name: value for name, value in os.environ.items() if name.startswith(("OPENBLAS_", "OMP_"))}
        own = _places(home, tmp_mib)
        command = [sys.executable, "-I", str(RUNTIME), f"functions.{function}.handler"]
        self._process = subprocess.Popen(
            [*_sealing(), *command],
            env={**machine, **variables, **own, "AWS_LAMBDA_FUNCTION_NAME": f"regatta-{function}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            self.started: dict[str, Any] = self._read(START_SECONDS)
        except LambdaError:
            self.close()
            raise

    def invoke(self, event: Any) -> Any:
        """The function's answer to this event; raises `LambdaError`."""
        payload = json.dumps(event).encode()
        if len(payload) > PAYLOAD_BYTES:
            raise LambdaError(f"RequestEntityTooLarge: {len(payload):,} bytes")
        assert self._process.stdin is not None
        request = {"event": event, "milliseconds": round(1000 * self._timeout)}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        said = self._read(self._timeout)
        if "error" in said:
            raise LambdaError(f"Unhandled: {said['error']}")
        size = len(json.dumps(said["answer"]).encode())
        if size > PAYLOAD_BYTES:
            raise LambdaError(f"ResponseSizeTooLarge: {size:,} bytes")
        self.last = said
        return said["answer"]

    def freeze(self) -> None:
        """Stop it as Lambda does between two events: no instruction runs, time goes on."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    @property
    def peak_mib(self) -> float:
        """The most memory that its process had so far (Linux)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def close(self) -> None:
        """End it and clear its files."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def _read(self, seconds: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                raise LambdaError(f"Task timed out after {seconds:.2f} seconds")
        line = self._process.stdout.readline()
        if not line:
            raise LambdaError(f"Runtime exited with status {self._process.wait()}")
        said: dict[str, Any] = json.loads(line)
        return said


def is_sealed() -> bool:
    """Whether environments of this machine are sealed off by the system, and not by audit events alone."""
    return bool(_sealing())


@cache
def _sealing() -> tuple[str, ...]:
    """What a command is preceded by to run in a mount namespace of its own; nothing where that is not allowed."""
    if not shutil.which("unshare"):
        return ()
    rights = () if os.geteuid() == 0 else ("--map-root-user",)
    prefix = ("unshare", *rights, "--mount", "sh", "-ec", f'{SEALED}exec "$@"', "sh")
    with TemporaryDirectory(prefix="regatta-environment-") as folder:
        for part in ("task", "tmp"):
            (Path(folder) / part).mkdir()
        tried = subprocess.run([*prefix, "true"], env=_places(Path(folder), 1), capture_output=True, check=False)
    return prefix if tried.returncode == 0 else ()


def _places(home: Path, tmp_mib: int) -> dict[str, str]:
    """The variables that say where the code lies and what may be written."""
    places = {"CODE": str(home / "task"), "TMPDIR": str(home / "tmp"), "TMP_MIB": str(tmp_mib)}
    return {**places, "PATH": os.environ["PATH"]}
