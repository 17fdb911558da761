"""How a column of dates was read, and how else it could have been: 03/04/2022 is 4 March or 3 April."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.cell_values import format_date
from core.date_formats import FIRST_PART, SWAPPED
from core.delimited.names import quoted
from core.manifests import DateOrder
from core.tables.amount_columns import WAY_OUT
from core.tables.column_types import TypeCandidate, date_candidate, try_type

# What a warning adds about dates of a format.
_NOTES = {
    "Excel": ", a number of days as Excel counts them, because of the name of the column",
    "YYYYMMDD": ", because of the name of the column",
    "YYYYMM": ", because of the name of the column",
    "Y.M": ", a year and a month: as numbers, 2018.1 and 2018.10 would be the same",
    "M.Y": ", a month and a year, because of the zero in front",
    "Mon y": ", a month and a year; a day and a month without a year are no date",
}
# By its first part the order that a caller may name.
FIRST_FIELD: dict[str, DateOrder] = {"day": "dmy", "month": "mdy", "year": "ymd"}
_PIVOT_NOTE = "; years of two digits are 1969 to 2068"
# With the year in front, dates must lie so much closer together to be read so.
_CLOSER = 2


@dataclass
class DateReadings:
    """An example of how the dates of one format are read, and the other formats that fit all of them as well."""

    date_format: str
    # Whether the caller or a model says that this is the format.
    is_settled: bool = False
    # Whether numbers are dates because of the column's name or how they are written, which a warning says.
    has_reason: bool = True
    text: str | None = None
    value: str = ""
    # By format: a text and its other value; None while both formats read every text as the same date.
    others: dict[str, tuple[str, str, str] | None] = field(default_factory=dict)
    # What comes first in the columns of the file that fit one order only.
    certain: frozenset[str] = frozenset()

    @classmethod
    def of(cls, date_format: str, *, is_settled: bool = False, has_reason: bool = True) -> "DateReadings":
        """Return the readings before any date is seen; one that is settled has no other."""
        others = () if is_settled else SWAPPED.get(date_format, ())
        return cls(date_format, is_settled, has_reason, others=dict.fromkeys(others))

    @property
    def ambiguous(self) -> list[tuple[str, str, str, str]]:
        """Return by other format: its name, a text, its value as read, and its other value."""
        return [(name, *differing) for name, differing in self.others.items() if differing]

    def add(self, texts: pa.Array, values: pa.Array) -> None:
        """Compare a block: texts, and the timestamps that they are read as."""
        if self.text is None and (found := _first(pc.is_valid(texts))) is not None:
            self.text, self.value = texts[found].as_py(), _shown(values[found])
        for name in list(self.others):
            other_values = try_type(date_candidate(name), texts)
            if other_values is None:
                del self.others[name]
            elif self.others[name] is None and (at := _first(pc.not_equal(values, other_values))) is not None:
                self.others[name] = (texts[at].as_py(), _shown(values[at]), _shown(other_values[at]))

    def warning(self, name: str) -> str:
        """Return the warning about column `name`: what was assumed, and what the other readings would be."""
        ambiguous = self.ambiguous
        text, value = ambiguous[0][1:3] if ambiguous else (self.text or "", self.value)
        is_ordered = bool(ambiguous) or (self.is_settled and self.date_format in SWAPPED)
        order = f", the {FIRST_PART[self.date_format]} first ({self.date_format})" if is_ordered else ""
        note = _NOTES.get(self.date_format, "") if self.has_reason else ""
        said = f"column {name!r}: {quoted(text)} is read as {value}{order}{note}"
        if "y" in self.date_format:
            said += _PIVOT_NOTE
        for other, example, _, other_value in ambiguous:
            said += (
                f"; the {FIRST_PART[other]} first ({other}) fits every date as well: {quoted(example)} would be "
                f"{other_value}"
            )
        # Another order than that of the other columns would contradict them.
        possible = [FIRST_PART[other] for other, *_ in ambiguous if self.certain <= {FIRST_PART[other]}]
        orders = " or ".join(f"dates={FIRST_FIELD[part]}" for part in possible)
        return f"{said}; to have it read so, send {orders} {WAY_OUT}" if orders else said


class DatedColumn(Protocol):
    """A column whose type is being inferred."""

    candidates: list[TypeCandidate]
    dates: DateReadings | None


def settle_date_orders(columns: Sequence[DatedColumn]) -> bool:
    """Read ambiguous columns with the day first where all others of the file have it; return whether any changed."""
    dated = [column for column in columns if column.dates and column.dates.date_format in SWAPPED]
    certain = {FIRST_PART[c.dates.date_format] for c in dated if c.dates and not c.dates.ambiguous and c.dates.text}
    for column in dated:
        if column.dates:
            column.dates.certain = frozenset(certain)
    if certain != {"day"}:
        return False
    changed = False
    for column in dated:
        others = [name for name, *_ in column.dates.ambiguous] if column.dates else []
        day_first = next((name for name in others if FIRST_PART[name] == "day"), None)
        if day_first and column.dates and FIRST_PART[column.dates.date_format] == "month":
            prefer(column.candidates, day_first)
            changed = True
    return changed


def prefer(candidates: list[TypeCandidate], date_format: str) -> None:
    """Move dates of a format to the front of the candidates."""
    position = next(i for i, candidate in enumerate(candidates) if candidate.format == date_format)
    candidates.insert(0, candidates.pop(position))


def has_year_first(date_format: str | None, texts: pa.Array, values: pa.Array) -> bool:
    """Return whether dates with a year of two digits are more likely written year, month, day than as read.

    They lie closer together then: the wrong reading takes days for years.
    """
    if date_format is None or "y/M/D" not in SWAPPED.get(date_format, ()):
        return False
    other_values = try_type(date_candidate("y/M/D"), texts)
    return other_values is not None and _CLOSER * _span(other_values) < _span(values)


def _span(values: pa.Array) -> int:
    """Return the milliseconds from the first to the last timestamp."""
    ends = pc.min_max(values.cast(pa.int64())).as_py()
    return int(ends["max"] - ends["min"]) if ends["max"] is not None else 0


def _first(flags: pa.Array) -> int | None:
    """Return the position of the first true flag, or None."""
    positions = np.flatnonzero(np.asarray(pc.fill_null(flags, False).cast(pa.uint8())))
    return int(positions[0]) if len(positions) else None


def _shown(value: pa.Scalar) -> str:
    """Return a timestamp as ISO 8601."""
    return format_date(value.cast(pa.int64()).as_py() / 1000)
