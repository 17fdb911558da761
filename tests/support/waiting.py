"""Wait for what another thread or process does."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
# Only what never happens takes so long, on the slowest machine: it ends a test that would hang, and decides nothing.
SAFETY_NET = 300.0
# Seconds between two looks: longer ones while it takes long, as each look takes processor time from what is awaited.
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.1


def wait_for(read: Callable[[], T], is_done: Callable[[T], object] = bool, seconds: float = SAFETY_NET) -> T:
    """Return the first value read for which `is_done` holds, by default the first that is true."""
    deadline, pause = time.monotonic() + seconds, FIRST_PAUSE
    while not is_done(value := read()):
        assert time.monotonic() < deadline, value
        time.sleep(pause)
        pause = min(1.5 * pause, LONGEST_PAUSE)
    return value
