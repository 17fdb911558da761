"""Process several columns at a time."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# numpy and Arrow release the interpreter while they sort and count, so two threads keep two cores busy.
THREADS = 2
# Columns of more rows are processed one after the other, since each takes several copies of itself in memory.
ROWS_SIDE_BY_SIDE = 8_000_000


def map_columns(work: Callable[[Item], Result], items: Iterable[Item], rows: int) -> list[Result]:
    """Call `work` with each item, on several threads unless columns have many `rows`; return the results in order."""
    with ThreadPoolExecutor(THREADS if rows <= ROWS_SIDE_BY_SIDE else 1) as pool:
        return list(pool.map(work, items))
