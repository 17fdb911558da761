"""Run a reader of containers in a process of its own, with limits of memory and time.

Neither a bomb nor a damaged file can then end more than this process, whatever the native code of the reader does.
"""

import json
import logging
import os
import subprocess
import sys

from core.errors import InvalidInputError, TooLargeError, UnreadableContainerError
from core.freed_memory import ARROW_POOL
from core.types import Json

log = logging.getLogger("regatta")

# The most memory for any file.
MEMORY_BYTES = 2 << 30
# The MiB that a function on AWS has, and the share of them for this process.
FUNCTION_MEMORY, FUNCTION_SHARE = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 0.6
# Seconds of processor time for any file, and bytes that are surely read in one more second.
SECONDS, BYTES_PER_SECOND = 60, 2 << 20
# The errors that a reader raises.
ERRORS = {error.__name__: error for error in (InvalidInputError, TooLargeError, UnreadableContainerError)}


def run_limited(reader: str, request: Json, unpacked_bytes: int, memory_bytes: int | None = None) -> Json:
    """Run a reader, one of "sheet" and "parquet", and return its answer.

    `unpacked_bytes` bounds the time, and `memory_bytes` the memory if it is less than any file may take. Raises what
    the reader raises, and `TooLargeError` where a limit ended it.
    """
    seconds = SECONDS + unpacked_bytes // BYTES_PER_SECOND
    limited = {"reader": reader, "request": request, "memory_bytes": _memory_bytes(memory_bytes), "seconds": seconds}
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        # The default pool reserves a gigabyte at once.
        **ARROW_POOL,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "core.containers.reader_process"],
            input=json.dumps(limited).encode(),
            capture_output=True,
            env=environment,
            timeout=2 * seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _beyond_limits() from None
    if done.returncode:
        # What it wrote last is an error, whose class says what ended it and whose message may quote a cell.
        last = done.stderr.decode(errors="replace").rstrip().rpartition("\n")[2].partition(":")[0]
        log.warning("the reader of a %s ended with %d: %.60s", reader, done.returncode, last)
        raise _beyond_limits()
    answer: Json = json.loads(done.stdout)
    if error := answer.get("error"):
        raise ERRORS[error["name"]](error["detail"], error["errors"])
    return answer


def _memory_bytes(needed: int | None = None) -> int:
    """Return how much address space the process may take: less than a function has, so that only this one is ended."""
    most = MEMORY_BYTES if needed is None else min(MEMORY_BYTES, needed)
    function = int(os.environ.get(FUNCTION_MEMORY, "0")) << 20
    return min(most, int(FUNCTION_SHARE * function)) if function else most


def _beyond_limits() -> TooLargeError:
    return TooLargeError(
        "The file is damaged, or takes more time or memory to read than a table may. Send the table as CSV, or fewer "
        "rows and columns of it."
    )
