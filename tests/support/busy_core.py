"""Run a command several times in a row on one core, beside a loop that wants that core for itself.

`make test-busy` shows with it that no test depends on how fast the machine is.
"""

import os
import subprocess
import sys
from collections.abc import Sequence

TIMES = 3
# It ends by itself once its parent is gone, however that ended.
LOOP = """
import os, sys
parent = int(sys.argv[1])
while os.getppid() == parent:
    sum(range(1_000_000))
"""


def pin_to_one_core() -> int:
    """Pin this process, and with it those that it starts, to one core; return how many cores they have then.

    Where the system cannot pin processes, that is all of them.
    """
    if sys.platform != "linux":
        return os.cpu_count() or 1
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return 1


def run_busily(command: Sequence[str], times: int = TIMES) -> int:
    """Run the command up to `times` times beside a busy loop on each core; return the first exit status but 0."""
    cores = pin_to_one_core()
    loops = [subprocess.Popen([sys.executable, "-c", LOOP, str(os.getpid())]) for _ in range(cores)]
    try:
        for time in range(1, times + 1):
            sys.stderr.write(f"Beside a busy loop, {time} of {times}: {' '.join(command)}\n")
            if status := subprocess.run(command, check=False).returncode:
                return status
        return 0
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


if __name__ == "__main__":
    sys.exit(run_busily(sys.argv[1:]))
