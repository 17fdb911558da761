"""How long a compiled model takes for one row."""

import time
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from core.inference.session import CompiledModel

TIMED_RUNS = 25


def latency_us(compiled: CompiledModel, columns: Mapping[str, NDArray[Any]]) -> float:
    """Microseconds for the first row of `columns`: the fastest of several runs, as other work only slows it down."""
    row = {name: values[:1] for name, values in columns.items()}
    taken = []
    for _ in range(TIMED_RUNS):
        begun = time.perf_counter()
        compiled.run(row)
        taken.append(time.perf_counter() - begun)
    return round(1e6 * min(taken), 1)
