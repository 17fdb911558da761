"""A Lambda execution environment on this machine: one function in a process of its own, with Lambda's restrictions."""

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

from infra.paths import ROOT

RUNTIME = Path(__file__).parent / "runtime.py"

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
PAYLOAD_BYTES = 6 << 20
TMP_MIB = 512
START_SECONDS = 60

PACKAGES = ("core", "functions")

# Makes every file system read-only but TMPDIR, which takes TMP_MIB. Where SOURCE is set, CODE has its packages.
MOUNTS = """
mount -t tmpfs -o size="$TMP_MIB"m none "$TMPDIR"
mount -t tmpfs -o ro none /dev/shm
mount --bind "$CODE" "$CODE" && mount -o remount,bind,ro "$CODE"
for package in ${SOURCE:+core functions}; do
  mount --bind "$SOURCE/$package" "$CODE/$package" && mount -o remount,bind,ro "$CODE/$package"
done
mount -o remount,bind,ro /
"""


class LambdaError(Exception):
    """Lambda ends the invocation: the function gave no answer, a too large one, or took too long."""


class Environment:
    """The environment of one function. It starts cold, takes one event at a time, and can be frozen between two.

    The code is core/ and functions/ alone, so that the function finds nothing else of the project, and may only be
    read. Where Linux allows it, the process has a mount namespace of its own, in which nothing but TMPDIR can be
    written. Elsewhere audit events of Python refuse to open files outside of TMPDIR for writing.
    """

    def __init__(
        self,
        function: str,
        variables: Mapping[str, str],
        *,
        timeout: float = 29,
        tmp_mib: int = TMP_MIB,
        is_compiled: bool = False,
    ) -> None:
        """`function` is a folder of functions/; `variables` its environment; `timeout` in seconds.

        Python compiles what the function loads, as it does on Lambda, unless the code `is_compiled`. It need not be
        copied then where there is a mount namespace.
        """
        self.function = function
        self._timeout = timeout
        self._folder = TemporaryDirectory(prefix="regatta-environment-")
        home = Path(self._folder.name)
        self.code, tmp = home / "task", home / "tmp"
        is_mounted = is_compiled and has_namespace()
        ignored = None if is_compiled else shutil.ignore_patterns("__pycache__")
        for package in PACKAGES:
            if is_mounted:
                (self.code / package).mkdir(parents=True)
            else:
                shutil.copytree(ROOT / package, self.code / package, ignore=ignored)
        tmp.mkdir()
        # Settings of linear algebra: with others, the last digits differ from those of other processes here.
        algebra = {name: value for name, value in os.environ.items() if name.startswith(("OPENBLAS_", "OMP_"))}
        own = _own_variables(home, tmp_mib) | ({"SOURCE": str(ROOT)} if is_mounted else {})
        command = [sys.executable, "-I", str(RUNTIME), f"functions.{function}.handler"]
        self._process = subprocess.Popen(
            [*_namespace_prefix(), *command],
            env={**algebra, **variables, **own, "AWS_LAMBDA_FUNCTION_NAME": f"regatta-{function}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            self.started: dict[str, Any] = self._read(START_SECONDS)
        except LambdaError:
            self.close()
            raise

    def invoke(self, event: Any) -> Any:
        """Send an event to the function and return its answer; raises `LambdaError`."""
        payload = json.dumps(event).encode()
        if len(payload) > PAYLOAD_BYTES:
            raise LambdaError(f"RequestEntityTooLarge: {len(payload):,} bytes")
        assert self._process.stdin is not None
        request = {"event": event, "milliseconds": round(1000 * self._timeout)}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        result = self._read(self._timeout)
        if "error" in result:
            raise LambdaError(f"Unhandled: {result['error']}")
        size = len(json.dumps(result["answer"]).encode())
        if size > PAYLOAD_BYTES:
            raise LambdaError(f"ResponseSizeTooLarge: {size:,} bytes")
        self.last = result
        return result["answer"]

    def freeze(self) -> None:
        """Stop the process, as Lambda does between two events: no instruction runs, and time goes on."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the process go on."""
        self._process.send_signal(signal.SIGCONT)

    @property
    def peak_mib(self) -> float:
        """Return the most memory that the process has had (Linux)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def close(self) -> None:
        """End the process and delete its files."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def _read(self, seconds: float) -> dict[str, Any]:
        """Read one line of JSON; raises `LambdaError` after `seconds`, or when the process has ended."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                raise LambdaError(f"Task timed out after {seconds:.2f} seconds")
        line = self._process.stdout.readline()
        if not line:
            raise LambdaError(f"Runtime exited with status {self._process.wait()}")
        result: dict[str, Any] = json.loads(line)
        return result


def has_namespace() -> bool:
    """Return whether environments of this machine have mount namespaces, and not audit events alone."""
    return bool(_namespace_prefix())


@cache
def _namespace_prefix() -> tuple[str, ...]:
    """Return the words before a command that run it in a mount namespace; none where this machine refuses one."""
    if not shutil.which("unshare"):
        return ()
    rights = () if os.geteuid() == 0 else ("--map-root-user",)
    prefix = ("unshare", *rights, "--mount", "sh", "-ec", f'{MOUNTS}exec "$@"', "sh")
    with TemporaryDirectory(prefix="regatta-environment-") as folder:
        for name in ("task", "tmp"):
            (Path(folder) / name).mkdir()
        variables = _own_variables(Path(folder), 1)
        attempt = subprocess.run([*prefix, "true"], env=variables, capture_output=True, check=False)
    return prefix if attempt.returncode == 0 else ()


def _own_variables(home: Path, tmp_mib: int) -> dict[str, str]:
    """Return the variables that name the folder of the code, the folder that can be written, and its size."""
    places = {"CODE": str(home / "task"), "TMPDIR": str(home / "tmp"), "TMP_MIB": str(tmp_mib)}
    return {**places, "PATH": os.environ["PATH"]}
