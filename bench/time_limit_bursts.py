"""The seconds of portfolio searches beside loads that come and go, as multiples of their time limit.

A constant load is in every forecast of a search. One that begins while the winner is refitted and stored is in none.
"""

import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Event

from bench._bucket import bucket
from bench._events import discard_logs
from bench._report import Figure, at_most, run
from bench.time_limit import QUICK_SECONDS, SECONDS, most, timed_search, upload
from core.machine_limits import available_cores

# The shapes of `bench.time_limit` whose winners take the longest to store.
NAMES = ("3,000 x 200", "100,000 x 20", "1,000,000 x 8")
ROUNDS = 5
# The processes for each core, and the shortest and the longest time that all are on, or off, in seconds.
PROCESSES_A_CORE, SHORTEST, LONGEST = 3, 1.0, 8.0
SEED = 0


def measure(quick: bool) -> Iterator[Figure]:
    """Yield by shape the longest of its searches."""
    seconds = QUICK_SECONDS if quick else SECONDS
    with bucket() as folder, bursts():
        discard_logs()
        for name in NAMES:
            file_id = upload(folder, name)
            taken = sorted(timed_search(file_id, seconds)[0] for _ in range(1 if quick else ROUNDS))
            detail = f"{', '.join(f'{one:.1f}' for one in taken)} s / {seconds:g} s"
            yield at_most(f"{name}: seconds / time_limit", taken[-1] / seconds, most(seconds), detail)


@contextmanager
def bursts() -> Iterator[None]:
    """Keep the machine busy in bursts of random lengths, within a block."""
    context = get_context("spawn")
    is_on = context.Event()
    processes = [
        context.Process(target=_work, args=(is_on,), daemon=True) for _ in range(PROCESSES_A_CORE * available_cores())
    ]
    processes.append(context.Process(target=_switch, args=(is_on,), daemon=True))
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _work(is_on: Event) -> None:
    while is_on.wait():
        sum(number * number for number in range(10_000))


def _switch(is_on: Event) -> None:
    drawn = random.Random(SEED)
    while True:
        is_on.set()
        time.sleep(drawn.uniform(SHORTEST, LONGEST))
        is_on.clear()
        time.sleep(drawn.uniform(SHORTEST, LONGEST))


if __name__ == "__main__":
    sys.exit(run("The time limit beside bursts of load", measure))
