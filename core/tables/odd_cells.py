"""Name the cell that keeps a column of numbers and dates from being of one kind: it is not of the kind of most."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from core.amounts import parse_amount
from core.cell_values import parse_clock, read_date
from core.date_formats import CLOCK_FORMAT, PATTERNS
from core.delimited.names import quoted
from core.tables.column_types import TypeCandidate
from core.tables.contradictions import Misfit

# The kind of most cells is looked for among so many different ones.
MOST_LEVELS = 200
FIRST_LEVELS = 8
# The cell of another kind is looked for among the first rows.
MOST_ROWS = 50_000


@dataclass(frozen=True)
class OddCell:
    """The first cell that is not of the kind that the others have."""

    kind: TypeCandidate
    misfit: Misfit

    @classmethod
    def among(cls, texts: pa.Array, kinds: list[TypeCandidate], unit: str | None) -> "OddCell | None":
        """Return the first text that is not of the kind of most; None where no kind has most of them, but not all."""
        levels = texts.drop_null().unique()[:MOST_LEVELS].to_pylist()
        best, most = None, len(levels) / 2
        # Most kinds fit none of the first few.
        for kind in (kind for kind in kinds if any(_fits(kind, text, unit) for text in levels[:FIRST_LEVELS])):
            count = sum(_fits(kind, text, unit) for text in levels)
            if count > most:
                best, most = kind, count
        if best is None:
            return None
        fits: dict[str | None, bool] = {None: True}
        for row, text in enumerate(texts[:MOST_ROWS].to_pylist()):
            if text not in fits:
                fits[text] = _fits(best, text, unit)
            if not fits[text]:
                return cls(best, Misfit(text, row))
        return None

    def said(self, locate: Callable[[int], str]) -> str:
        """Return what is odd, as the end of a sentence; `locate` returns where a row of the table is in the file."""
        kind = f"dates ({self.kind.format})" if self.kind.type == "date" else "numbers"
        if self.kind.format == CLOCK_FORMAT:
            kind = "times of day"
        elif self.kind.decimal and self.kind.type != "date":
            kind = "numbers with decimal commas"
        return f": most of its values are {kind}, but not {quoted(self.misfit.text)} in {locate(self.misfit.row)}"


def _fits(kind: TypeCandidate, text: str, unit: str | None) -> bool:
    """Return whether a single text is of this kind."""
    if kind.format == CLOCK_FORMAT:
        return parse_clock(text) is not None
    if kind.type == "date":
        return kind.format in PATTERNS and read_date(text, kind.format) is not None
    return parse_amount(text, unit, kind.decimal) is not None
