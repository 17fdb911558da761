"""Measure how long a compiled model takes for one row."""

import time

from core.array_types import RawColumns
from core.inference.session import CompiledModel

TIMED_RUNS = 25


def latency_us(compiled: CompiledModel, columns: RawColumns) -> float:
    """Return the microseconds for the first row of `columns`: the fastest of several runs, as other load only adds."""
    row = {name: values[:1] for name, values in columns.items()}
    seconds = []
    for _ in range(TIMED_RUNS):
        start = time.perf_counter()
        compiled.run(row)
        seconds.append(time.perf_counter() - start)
    return round(1e6 * min(seconds), 1)
