"""What differs between coroutines and threads. `regatta._async.runtime` has the same names."""

import time


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)
