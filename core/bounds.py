"""How many items the lists and objects of a request may have, and how large a packed file may become."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from core.errors import TooLargeError

if TYPE_CHECKING:
    from pydantic import BeforeValidator

# The columns of a table, and so of everything that names columns.
MOST_COLUMNS = 2_000
# A table of objects may be so many times as large as their fields, and as large as this at any rate.
MOST_SPARSE, SMALL_TABLE = 20, 16 << 20
# Tables and XML shrink to a 5th or a 50th. Beyond this ratio a packed file is a bomb, if it is not small anyway.
MAX_RATIO, SMALL_UNPACKED = 400, 64 << 20


def at_most(count: int) -> "BeforeValidator":
    """Return a validator of an object with at most `count` items, which looks at none of them before it has counted.

    pydantic checks the length of an object last: each item could be an error by then. Of a list it checks it first.
    """
    # The process that reads a container uses the bounds below, and pydantic takes longer to load than a file to read.
    from pydantic import BeforeValidator

    def check(value: Any) -> Any:
        if isinstance(value, dict) and len(value) > count:
            raise ValueError(f"has {len(value):,} items; at most {count:,} are taken")
        return value

    return BeforeValidator(check)


def check_ratio(unpacked: int, packed: int, way_out: str) -> None:
    """Raise `TooLargeError` with this way out where a file of `packed` bytes unpacks to so many more."""
    if unpacked > SMALL_UNPACKED and unpacked > MAX_RATIO * packed:
        raise TooLargeError(f"Unpacked, the file is more than {MAX_RATIO} times as large, as no table is. {way_out}")


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
