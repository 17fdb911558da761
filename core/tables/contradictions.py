"""Texts of a column that contradict how it is to be read: the first one, its row, and how the refusal names it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from core.amounts import loses_digits
from core.delimited.names import quoted
from core.errors import InvalidInputError
from core.tables.column_types import TypeCandidate
from core.types import ColumnType

_MEANINGS: dict[ColumnType, str] = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "a word for true or false",
    "date": "a date",
    "category": "a text",
}
_SAID = {"dates": "the order of its dates", "decimal": "the decimal mark", "thousands": "the mark of thousands"}


@dataclass(frozen=True)
class Misfit:
    """A text that does not fit, and its row in the table."""

    text: str
    row: int

    @classmethod
    def among(cls, candidates: Sequence[TypeCandidate], texts: pa.Array, row: int) -> "Misfit":
        """Return the first text that the best of these types cannot be; none of them fits all texts."""
        position = max(_first_misfit(candidate, texts) for candidate in candidates)
        return cls(texts[position].as_py(), row + position)


class ContradictionError(Exception):
    """A column cannot be read as it is said to be."""

    def __init__(self, column: str, field: str, wanted: str, misfit: Misfit) -> None:
        super().__init__(column)
        self.column, self.field, self.wanted, self.misfit = column, field, wanted, misfit

    @classmethod
    def of_type(cls, column: str, forced: ColumnType, misfit: Misfit) -> "ContradictionError":
        """Return the error for a text that is not of the type of its column."""
        is_long = forced in ("integer", "number") and misfit.text.isdigit() and loses_digits(misfit.text)
        wanted = "has more digits than a number keeps" if is_long else f"is not {_MEANINGS[forced]}"
        return cls(column, f"types.{column}", wanted, misfit)

    @classmethod
    def of_reading(cls, column: str, field: str, misfit: Misfit) -> "ContradictionError":
        """Return the error for a text that contradicts a field of the reading that is for all columns."""
        is_dotted = field == "dates" and "." in misfit.text
        wanted = "has the day first, as all dates with points" if is_dotted else f"contradicts {_SAID[field]}"
        return cls(column, field, wanted, misfit)

    def refusal(self, locate: Callable[[int], str]) -> InvalidInputError:
        """Return the error for the caller; `locate` returns where a row of the table is in the file."""
        message = f"column {self.column!r}: {quoted(self.misfit.text)} in {locate(self.misfit.row)} {self.wanted}"
        way_out = (
            f"Correct the cell, list it in missing, or leave {self.field} out"
            if self.field.startswith("types.")
            else f"Leave {self.field} out or correct it, or send types to read this column as a category"
        )
        return InvalidInputError(
            f"The file cannot be read as said: {message}. {way_out}.", [{"field": self.field, "message": message}]
        )


def _first_misfit(candidate: TypeCandidate, texts: pa.Array) -> int:
    """Return the position of the first text that keeps a type from fitting; the type does not fit all of them."""
    fitting, failing = 0, len(texts)
    while failing - fitting > 1:
        middle = (fitting + failing) // 2
        if candidate.convert(texts[:middle]) is None:
            failing = middle
        else:
            fitting = middle
    return failing - 1
