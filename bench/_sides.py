"""One side of a contest as a process of its own: seconds of the work alone, and peak memory of the whole process."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from statistics import median
from typing import Any

# The peak is not getrusage's: there, a process inherits that of the one that started it.
PROGRAM = """
import json, re, sys, time
from pathlib import Path
{imports}
start = time.perf_counter()
{work}
seconds = time.perf_counter() - start
peak = int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps({{"seconds": seconds, "peak": peak, "answer": answer}}))
"""


class Side:
    """Work that is run again and again; keeps what each run said."""

    def __init__(self, imports: str, work: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        """`work` is code that leaves something in `answer`; it finds `arguments` in `sys.argv[1:]`.

        `environment` is what is set besides.
        """
        self.environment = environment or {}
        self.command = [sys.executable, "-c", PROGRAM.format(imports=imports, work=work), *arguments]
        self.said: list[dict[str, Any]] = []

    def __call__(self) -> float:
        """Seconds of one run."""
        done = subprocess.run(
            self.command, check=False, capture_output=True, text=True, env={**os.environ, **self.environment}
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        self.said.append(json.loads(done.stdout.splitlines()[-1]))
        return float(self.said[-1]["seconds"])

    @property
    def peak_mb(self) -> float:
        """Median peak memory."""
        return float(median(said["peak"] for said in self.said)) / 1024
