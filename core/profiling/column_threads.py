"""Work on several columns at a time."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# numpy and Arrow let go of the interpreter while they sort and count, so that two threads keep two cores busy.
THREADS = 2
# Columns of more rows are worked on one after the other: each takes several copies of itself in memory.
ROWS_SIDE_BY_SIDE = 8_000_000


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item], rows: int) -> list[Result]:
    """`work` of each item, which is about columns of `rows` rows, in the order of the items."""
    with ThreadPoolExecutor(THREADS if rows <= ROWS_SIDE_BY_SIDE else 1) as pool:
        return list(pool.map(work, items))
