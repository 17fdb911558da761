"""What differs between coroutines and threads. `regatta._async.runtime` has the same names."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def run_all(call: Callable[[In], Out], items: Sequence[In], at_a_time: int) -> list[Out]:
    """Return the results of a call for each item, in their order. After an error no other item is begun."""
    with ThreadPoolExecutor(at_a_time) as pool:
        try:
            return list(pool.map(call, items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def in_thread(call: Callable[[In], Out], argument: In) -> Out:
    """Return the result of a call."""
    return call(argument)
