"""The process that `core.containers.limited_process` runs: it limits itself, reads a container, and ends."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress

from core.errors import RegattaError
from core.types import Json


def _reader(name: str) -> Callable[..., Json]:
    if name == "parquet":
        from core.containers.parquet_rows import write_parquet

        return write_parquet
    from core.containers.sheets import write_sheet

    return write_sheet


def _limit(memory_bytes: int, seconds: int) -> None:
    """Limit the memory and the processor time of this process, where the system can."""
    import resource

    for limit, most in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CPU, seconds)):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))


def main() -> None:
    """Take a request from the input, and write the answer, or an error, to the output."""
    limited = json.load(sys.stdin)
    _limit(limited["memory_bytes"], limited["seconds"])
    try:
        answer = _reader(limited["reader"])(**limited["request"])
    except RegattaError as error:
        answer = {"error": {"name": type(error).__name__, "detail": error.detail, "errors": error.errors}}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
