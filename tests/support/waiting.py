"""Wait for what another thread or process does."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(read: Callable[[], T], is_done: Callable[[T], object] = bool, seconds: float = 60) -> T:
    """Return the first value read for which `is_done` holds, by default the first that is true, within `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_done(value := read()):
        assert time.monotonic() < deadline, value
        time.sleep(0.02)
    return value
