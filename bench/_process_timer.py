"""Measures work in a process of its own: the seconds of the work alone, and the peak memory of the process."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

# VmHWM and not getrusage, whose peak a process inherits from the one that started it.
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


def peak_memory(pid: int) -> float:
    """Return the most MiB that a process has taken so far; 0 where it has ended."""
    try:
        found = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


class ProcessTimer:
    """A timer that runs work in a new process each time, and keeps the results of all runs."""

    def __init__(self, imports: str, work: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        """`imports` and `work` are Python code; `work` reads `sys.argv[1:]`, which are `arguments`, and sets `answer`.

        `environment` is added to that of this process.
        """
        self.environment = environment or {}
        self.command = [sys.executable, "-c", PROGRAM.format(imports=imports, work=work), *arguments]
        self.results: list[dict[str, Any]] = []

    def __call__(self) -> float:
        """Run the work once; return its seconds. Raises `RuntimeError` with the traceback where it fails."""
        completed = subprocess.run(
            self.command, check=False, capture_output=True, text=True, env={**os.environ, **self.environment}
        )
        if completed.returncode:
            raise RuntimeError(completed.stderr)
        self.results.append(json.loads(completed.stdout.splitlines()[-1]))
        return float(self.results[-1]["seconds"])

    @property
    def peak_mb(self) -> float:
        """Return the median peak memory of all runs in MiB."""
        return float(median(result["peak"] for result in self.results)) / 1024
