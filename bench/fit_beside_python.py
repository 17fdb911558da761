"""How long a fit of many small trees takes beside a thread that stays in Python.

LightGBM comes back to Python after each tree, and then waits until the other thread lets it have the interpreter.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import numpy as np

from bench._report import Figure, at_most, p50, paired, run
from core.catalogue import regressor
from core.regressors.thread_limits import one_core_per_fit

ROWS, COLUMNS, TREES = 800, 8, 400
TURNS, QUICK_TURNS = 7, 3


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the time of a fit with a race's turns, divided by the time with Python's turns."""
    alone = p50(_fit, 3)()

    def with_turns_of_a_race() -> float:
        with one_core_per_fit(), _thread_in_python():
            return p50(_fit, 1)()

    def with_turns_of_python() -> float:
        with _thread_in_python():
            return p50(_fit, 1)()

    both = paired(with_turns_of_a_race, with_turns_of_python, QUICK_TURNS if quick else TURNS)
    times = f"{both.ours / alone:.1f} and {both.theirs / alone:.1f} times alone"
    yield at_most(f"{TREES} trees beside Python: a race's turns / Python's", both.ratio, 0.3, times)


def _fit() -> None:
    draw = np.random.default_rng(0)
    rows = draw.random((ROWS, COLUMNS))
    target = rows[:, 0] * np.sin(8 * rows[:, 1])
    regressor("lightgbm").build({"n_estimators": TREES, "num_leaves": 15}).fit(rows, target)


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
