"""The seconds that the command line takes to start, beside those of Python alone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from tempfile import TemporaryDirectory

from bench._report import Figure, Timer, at_most, paired, run

# What people still take for at once.
START_SECONDS = 0.40
# Nothing listens there, so that a command ends at its first request.
NOWHERE = "http://127.0.0.1:9"
COMMANDS = (("--help",), ("--version",), ("status",), ("files", "--url", NOWHERE), ("jobs", "--url", NOWHERE))


def measure(quick: bool) -> Iterator[Figure]:
    """Yield one figure a command: its seconds until it ends or sends its first request."""
    with TemporaryDirectory(prefix="regatta-bench-") as home:
        python = process([sys.executable, "-c", "pass"], home)
        for command in COMMANDS:
            regatta = process([sys.executable, "-m", "infra.cli", *command], home)
            regatta()
            pair = paired(regatta, python, rounds=5 if quick else 15)
            detail = f"{pair.ours:.2f} s / {pair.theirs:.2f} s of Python alone"
            yield at_most(f"regatta {command[0]}: seconds to start", pair.ours, START_SECONDS, detail)


def process(command: Sequence[str], home: str) -> Timer:
    """Return a timer: the seconds of a process from its start to its end, with compiled bytecode."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REGATTA_")}
    environment |= {"REGATTA_HOME": home, "PYTHONPYCACHEPREFIX": f"{home}/bytecode"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run_once() -> float:
        start = time.perf_counter()
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        return time.perf_counter() - start

    return run_once


if __name__ == "__main__":
    sys.exit(run("Start of the command line", measure))
