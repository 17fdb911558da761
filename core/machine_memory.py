"""How much memory this process may use: that of its function, of its container, or of the machine."""

import os
from pathlib import Path

from core.settings import MIB, settings

# The limits of a container, by version of control groups. Without one the first says "max", the second a huge number.
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
# Of a process that has loaded what trains.
PROCESS_BYTES = 400 << 20
# The MiB of a Lambda function.
FUNCTION_MEMORY = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"


def training_bytes() -> int:
    """Return how many bytes a training may use here: as set, else all that this process may."""
    return settings().training_memory_bytes or memory_bytes()


def memory_bytes() -> int:
    """Return how many bytes this process may use at most."""
    function = os.environ.get(FUNCTION_MEMORY, "")
    if function.isdecimal():
        return int(function) * MIB
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(limit for path in CGROUP_LIMITS if (limit := _limit(path)) is not None)])


def _limit(path: Path) -> int | None:
    """Return the limit in a file of a control group; None where there is no such file, or no limit."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
