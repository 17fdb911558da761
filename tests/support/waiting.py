"""Wait for what another thread or process does."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
# Only what never happens takes so long, on the slowest machine: it ends a test that would hang, and decides nothing.
SAFETY_NET = 300.0


def wait_for(read: Callable[[], T], is_done: Callable[[T], object] = bool, seconds: float = SAFETY_NET) -> T:
    """Return the first value read for which `is_done` holds, by default the first that is true."""
    deadline = time.monotonic() + seconds
    while not is_done(value := read()):
        assert time.monotonic() < deadline, value
        time.sleep(0.02)
    return value
