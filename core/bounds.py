"""How many items the lists and objects of a request may have."""

from collections.abc import Collection
from typing import Any

from pydantic import BeforeValidator

from core.errors import TooLargeError

# The columns of a table, and so of everything that names columns.
MOST_COLUMNS = 2_000
# A table of objects may be so many times as large as their fields, and as large as this at any rate.
MOST_SPARSE, SMALL_TABLE = 20, 16 << 20


def at_most(count: int) -> BeforeValidator:
    """Return a validator of an object with at most `count` items, which looks at none of them before it has counted.

    pydantic checks the length of an object last: each item could be an error by then. Of a list it checks it first.
    """

    def check(value: Any) -> Any:
        if isinstance(value, dict) and len(value) > count:
            raise ValueError(f"has {len(value):,} items; at most {count:,} are taken")
        return value

    return BeforeValidator(check)


def check_density(rows: int, names: Collection[str], sent: int) -> None:
    """Raise `TooLargeError` where a table is many times as large as the objects that its rows were sent as.

    `sent` is the sum of `size_of_names` over the objects. Objects that share no names have a column each.
    """
    size = rows * size_of_names(names)
    if size > MOST_SPARSE * sent + SMALL_TABLE:
        raise TooLargeError(
            f"{rows:,} objects with {len(names):,} different names, of which each has a few only, make a table of "
            "almost nothing but gaps. Send objects that share their names, or leave some names out."
        )


def size_of_names(names: Collection[str]) -> int:
    """Return the characters of these names, and one for the value of each."""
    return sum(map(len, names)) + len(names)
