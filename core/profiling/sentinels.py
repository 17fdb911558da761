"""Sentinels: numbers or dates far from all others, many times, that may stand for missing values.

Pearson, "The problem of disguised missing data", SIGKDD Explorations 8(1), 2006, describes them: a value of the right
type that means "not known", such as -200 among temperatures, is frequent and inconsistent with the other values.
Qahtan, Elmagarmid, Castro Fernandez, Ouzzani and Tang, "FAHES: A robust disguised missing values detector", KDD 2018,
finds them as repeated values where the density of the others is low. Here the distances are measured on the range of
the others, because a long tail of round numbers has repeated values in thin places too.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import product
from math import inf

import numpy as np

from core.array_types import Ints
from core.cell_values import format_date, to_datetime
from core.manifests import Column
from core.profiling.distribution import Distribution

# So many values at each end may be sentinels, such as -97, -98 and -99.
MOST_AT_AN_END = 3
# Fewer repetitions may be chance; of a value that is usual as a sentinel, these are enough.
FEWEST, FEWEST_USUAL = 5, 3
FEWEST_SHARE = 1e-4
# The other values: with fewer of them nothing is known of their range.
FEWEST_OTHERS, FEWEST_DISTINCT = 10, 2
# Beside fewer distinct ones, a value that is neither usual nor negative may be the next step of a scale.
SCALE = 20
# Distances to the nearest other value, in ranges of the others: enough by itself, and enough for a likely sentinel.
VERY_FAR, FAR = 2.0, 1.0
# The same beside two values alone, such as the 9999 of a flag.
FAR_FROM_A_PAIR = 10.0
# The only negative number beside many others is a code where it outnumbers them, such as -1 for days that never were.
# Else it, or a usual date, is far where the gap is such a part of the way from the others' end to their median, and so
# many times the widest gap on that way.
PART_OF_WAY, GAPS = 0.5, 3.0
# It has so many times the rows of each of its nearest neighbours.
TIMES_NEIGHBOURS, NEIGHBOURS = 3, 10
USUAL_NUMBER = re.compile(r"-?(?:9+[6-9]|9{2,}\.9+|8{2,}|7{2,}|32767|2147483647)|-[789]|-32768|-2147483648")
USUAL_DATES = frozenset(
    {
        *("0001-01-01", "1753-01-01", "1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01"),
        *("1970-01-01", "1111-11-11", "2099-12-31", "2199-12-31", "2222-02-22", "2999-12-31", "3000-01-01"),
        *("9999-09-09", "9999-12-31"),
    }
)
# How the day of a date is written in a format of `core.date_formats`; in all others as in ISO 8601.
DAYS = {
    "D/M/Y": "{0.day:02}/{0.month:02}/{0.year:04}",
    "M/D/Y": "{0.month:02}/{0.day:02}/{0.year:04}",
    "D.M.Y": "{0.day:02}.{0.month:02}.{0.year:04}",
    "D/M/y": "{0:%d/%m/%y}",
    "M/D/y": "{0:%m/%d/%y}",
    "D.M.y": "{0:%d.%m.%y}",
    "y/M/D": "{0:%y-%m-%d}",
    "Y年M月D日": "{0.year}年{0.month}月{0.day}日",
    "YYYYMMDD": "{0.year:04}{0.month:02}{0.day:02}",
    "Y-M": "{0.year:04}-{0.month:02}",
    "M/Y": "{0.month:02}/{0.year:04}",
    "Y年M月": "{0.year}年{0.month}月",
    "YYYYMM": "{0.year:04}{0.month:02}",
}


@dataclass(frozen=True)
class Sentinel:
    """A value that may stand for missing, and how many rows have it."""

    value: float
    count: int


@dataclass(frozen=True)
class _Others:
    """All values of a column but the ones at its ends that are tried as sentinels."""

    distribution: Distribution
    is_date: bool

    @property
    def low(self) -> float:
        """Return the smallest of them."""
        return float(self.distribution.values[0])

    @property
    def high(self) -> float:
        """Return the largest of them."""
        return float(self.distribution.values[-1])

    def is_far(self, sentinel: Sentinel, gap: float) -> bool:
        """Return whether a value is suspected that is `gap` away from these and outside of them."""
        value, extent = sentinel.value, self.high - self.low
        is_usual = self.is_usual(value)
        is_negative = value < min(0.0, self.low) and not self.is_date
        is_lone = is_negative and self.low >= 0
        if len(self.distribution.values) == FEWEST_DISTINCT:
            return is_usual and gap >= FAR_FROM_A_PAIR * extent
        if gap >= VERY_FAR * extent and (is_usual or is_lone or self._stands_out(value)):
            return True
        if gap >= FAR * extent and (is_lone or ((is_usual or is_negative) and self._outnumbers(sentinel))):
            return True
        if is_lone and len(self.distribution.values) >= SCALE and self._outnumbers(sentinel):
            return True
        way, widest = self._way_to_median(value)
        if is_lone and is_usual:
            return gap >= widest
        is_likely = is_lone or (is_usual and self.is_date)
        is_far = gap >= max(PART_OF_WAY * way, GAPS * widest)
        return is_likely and is_far and self._outnumbers(sentinel, 1 if is_lone else TIMES_NEIGHBOURS)

    def is_usual(self, value: float) -> bool:
        """Return whether a value is one that people write for missing."""
        if self.is_date:
            return format_date(value)[:10] in USUAL_DATES
        return USUAL_NUMBER.fullmatch(f"{value:.0f}" if value.is_integer() else repr(value)) is not None

    def _stands_out(self, value: float) -> bool:
        """Return whether a value is no next step of a scale or of a long tail.

        In a long tail the largest value exceeds the median by much, and the next one may exceed it by as much again.
        """
        largest = max(abs(self.low), abs(self.high))
        if len(self.distribution.values) < SCALE:
            return False
        if self.is_date or abs(value) <= largest:
            return True
        middle = (abs(self.distribution.quantile(share)) for share in (0.25, 0.5, 0.75))
        return abs(value) / largest * max(middle) >= largest

    def _outnumbers(self, sentinel: Sentinel, times: int = TIMES_NEIGHBOURS) -> bool:
        """Return whether a value has so many times the rows of each of its nearest neighbours."""
        is_low = sentinel.value < self.low
        counts = self.distribution.counts(0, NEIGHBOURS) if is_low else self.distribution.counts(-NEIGHBOURS, None)
        return bool(sentinel.count >= times * counts.max())

    def _way_to_median(self, value: float) -> tuple[float, float]:
        """Return how far the end next to a value is from the median, and the widest gap on that way."""
        median, values = self.distribution.quantile(0.5), self.distribution.values
        middle = int(np.searchsorted(values, median))
        near = values[: middle + 1] if value < self.low else values[max(middle - 1, 0) :]
        return float(near[-1] - near[0]), float(np.diff(near).max(initial=0.0))


def find_sentinels(distribution: Distribution, column: Column) -> list[Sentinel]:
    """Return the values of an integer, number or date column that may stand for missing, in ascending order.

    Tried are the smallest and largest values, with up to three at each end. One is suspected if it repeats, and is
    outside of the others by twice their range; for usual sentinels (-999, 9999) and negative numbers in a column of
    positive ones less is enough. 0 is left to `core.profiling.numeric_findings`.
    """
    if column.type not in ("integer", "number", "date") or not _may_have_some(distribution):
        return []
    best: list[Sentinel] = []
    for low, high in sorted(product(range(MOST_AT_AN_END + 1), repeat=2), key=sum):
        found = _at_ends(distribution, low, high, is_date=column.type == "date")
        if len(found) > len(best):
            best = found
    return best


def without(distribution: Distribution, sentinels: Sequence[Sentinel]) -> Distribution:
    """Return the distribution of the other values."""
    if not sentinels:
        return distribution
    counts: Ints = distribution.counts()
    counts[np.isin(distribution.values, values_of(sentinels))] = 0
    return Distribution.from_counts(distribution.values, counts)


def values_of(sentinels: Sequence[Sentinel]) -> tuple[float, ...]:
    """Return the values of some sentinels."""
    return tuple(sentinel.value for sentinel in sentinels)


def written(value: float, column: Column) -> str:
    """Return a value as the finding names it: a number with all its digits, a date in ISO 8601."""
    if column.type == "date":
        return format_date(value)
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e16 else repr(value)


def spellings(value: float, column: Column) -> list[str]:
    """Return how a file may have a value, most likely first; the profile knows the number and not its text."""
    text = written(value, column)
    if column.type == "date":
        moment = to_datetime(value)
        has_pattern = column.format in DAYS and moment.time() == time.min
        return [DAYS[str(column.format)].format(moment) if has_pattern else text]
    if column.decimal == ",":
        text = text.replace(".", ",")
    texts = [text]
    if column.type == "number" and value.is_integer():
        texts.append(f"{text}{column.decimal or '.'}0")
    if column.unit is not None:
        texts += [f"{one}{blank}{column.unit}" for one in texts for blank in (" ", "")]
    return texts


def _may_have_some(distribution: Distribution) -> bool:
    """Return whether a value near one of the ends repeats, which takes no pass over the others."""
    size = len(distribution.values)
    if distribution.count < FEWEST_OTHERS + FEWEST_USUAL or size <= FEWEST_DISTINCT:
        return False
    ends = (*distribution.counts(0, MOST_AT_AN_END), *distribution.counts(-MOST_AT_AN_END, None))
    return max(map(int, ends)) >= FEWEST_USUAL


def _at_ends(distribution: Distribution, low: int, high: int, *, is_date: bool) -> list[Sentinel]:
    """Return the sentinels among the `low` smallest and `high` largest values, none unless the innermost ones are."""
    size = len(distribution.values)
    if low + high == 0 or size - low - high < FEWEST_DISTINCT:
        return []
    tried = list(_ends(distribution, low, high))
    innermost = ([tried[low - 1]] if low else []) + ([tried[low]] if high else [])
    if min(one.count for one in innermost) < FEWEST_USUAL:
        return []
    others = _Others(distribution.part(low, size - high), is_date)
    if others.distribution.count < FEWEST_OTHERS or not 0 < others.high - others.low < inf:
        return []
    found = [
        one for one in tried if _repeats(one, others, distribution.count) and others.is_far(one, _gap(one, others))
    ]
    strays = [one.value for one in tried if one not in found]
    found = [
        one for one in found if all(others.is_far(one, min(_gap(one, others), abs(one.value - at))) for at in strays)
    ]
    return found if all(one in found for one in innermost) else []


def _ends(distribution: Distribution, low: int, high: int) -> Iterator[Sentinel]:
    """Yield the `low` smallest and the `high` largest values with their rows, in ascending order."""
    size = len(distribution.values)
    for position in (*range(low), *range(size - high, size)):
        yield Sentinel(float(distribution.values[position]), int(distribution.counts(position, position + 1)[0]))


def _gap(sentinel: Sentinel, others: _Others) -> float:
    """Return how far a value is from the nearest of the others."""
    return max(others.low - sentinel.value, sentinel.value - others.high)


def _repeats(sentinel: Sentinel, others: _Others, count: int) -> bool:
    """Return whether enough of `count` rows have the value; never for the number 0."""
    if sentinel.value == 0 and not others.is_date:
        return False
    fewest = FEWEST_USUAL if others.is_usual(sentinel.value) else max(FEWEST, FEWEST_SHARE * count)
    return sentinel.count >= fewest
