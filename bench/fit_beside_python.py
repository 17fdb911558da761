"""How long a fit of many small trees takes beside a thread that stays in Python.

LightGBM comes back to Python after each tree, and then waits until the other thread lets it have the interpreter.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from threading import Event, Thread
from time import perf_counter

import numpy as np

from bench._report import Figure, at_most, run
from core.catalogue import regressor
from core.regressors.thread_limits import one_core_per_fit

ROWS, COLUMNS, TREES, FITS, QUICK_FITS = 800, 8, 400, 7, 3


def measure(quick: bool) -> Iterator[Figure]:
    """Yield what is left of the time with the turns that threads take in a race."""
    fits = QUICK_FITS if quick else FITS
    alone = _fit_seconds(fits)
    with _thread_in_python():
        own = _fit_seconds(fits)
    with one_core_per_fit(), _thread_in_python():
        quick_turns = _fit_seconds(fits)
    times = f"{quick_turns / alone:.1f} and {own / alone:.1f} times alone"
    yield at_most(f"{TREES} trees beside Python: a race's turns / Python's", quick_turns / own, 0.3, times)


def _fit_seconds(fits: int) -> float:
    """Return the median seconds of several fits, after one that does not count."""
    draw = np.random.default_rng(0)
    rows = draw.random((ROWS, COLUMNS))
    target = rows[:, 0] * np.sin(8 * rows[:, 1])
    seconds = []
    for _ in range(fits + 1):
        begun = perf_counter()
        regressor("lightgbm").build({"n_estimators": TREES, "num_leaves": 15}).fit(rows, target)
        seconds.append(perf_counter() - begun)
    return median(seconds[1:])


@contextmanager
def _thread_in_python() -> Iterator[None]:
    """Keep a thread busy in Python within a block."""
    stop = Event()

    def work() -> None:
        while not stop.is_set():
            for number in range(10_000):
                str(number)

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(run("A fit beside Python", measure))
