"""Rows among others that may be totals of them: they stay, and a warning says where they are."""

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.delimited.junk_rows import TOTAL_PATTERN
from core.delimited.names import quoted

# Where more rows have such a word it is a kind of thing.
MOST_SHARE = 0.2
# A word for a total that stands in several rows is a kind of thing as well, unless it is one of these.
SUBTOTAL = re.compile(r"sub-?totals?\b|zwischensumme|sous-total|小\s*计|小計|소계", re.IGNORECASE)


class TotalRows:
    """The rows of a column of texts whose text is a word for a total."""

    def __init__(self) -> None:
        self.rows = 0
        self.count = 0
        # The first of them: its place in the table, and its text.
        self.first: tuple[int, str] | None = None

    def add(self, values: pa.Array, row: int) -> None:
        """Look through a block of texts (a dictionary array) that begins at the table's row `row`."""
        self.rows = row + len(values)
        named = pc.match_substring_regex(values.dictionary, f"^{TOTAL_PATTERN}$")
        if not pc.any(named).as_py():
            return
        places = np.flatnonzero(np.asarray(pc.fill_null(named.take(values.indices), False)))
        self.count += len(places)
        if self.first is None and len(places):
            self.first = row + int(places[0]), values[int(places[0])].as_py()

    def warning(self, name: str, locate: Callable[[int], str]) -> str | None:
        """Return the warning about column `name`, None where there is nothing to say; `locate` returns a row's line.

        A single one in the last row has a warning of its own, by `core.delimited.junk_tail`.
        """
        if self.first is None or self.count > MOST_SHARE * self.rows:
            return None
        place, text = self.first
        is_named = place < self.rows - 1 if self.count == 1 else SUBTOTAL.match(text)
        if not is_named:
            return None
        which = "1 row" if self.count == 1 else f"{self.count:,} rows, first"
        return (
            f"column {name!r}: {quoted(text)} in {which} in {locate(place)}, may be totals of other rows; they are "
            "rows like any other, so take them out of the file if they are"
        )
