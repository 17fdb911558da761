"""The distribution of one numeric column, computed from its distinct values and their counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, frexp, inf, isfinite, ldexp, log2, sqrt
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.array_types import Floats, Ints
from core.tables.coded_columns import PIECE_LENGTH

# A column with repeating values is counted by hashing, several times faster than by sorting; a sample decides.
SAMPLE_VALUES = 50_000
REPEATING = 0.3
MOST_BINS = 30
# Beyond 2**64, fourth powers approach the limit of float64, so the values are scaled first.
SAFE_EXPONENT = 64
# Above this a float64 has no fractions, and neighbouring whole numbers coincide.
WHOLE_LIMIT = 2.0**53


@dataclass(frozen=True)
class Moments:
    """Moments of a column. `mean` and `std` (ddof 1) are of the values divided by 2**exponent; None where undefined."""

    count: int
    exponent: int
    mean: float
    std: float | None
    skew: float | None
    kurtosis: float | None

    def standardised(self, values: Floats) -> Floats:
        """Return (values - mean) / std, safe from overflow; the deviation must be defined and not 0."""
        assert self.std
        return (scaled(values, self.exponent) - self.mean) / self.std

    def restored(self, statistic: float | None) -> float | None:
        """Return a statistic of the divided values in the unit of the column; None where it is beyond float64."""
        if statistic is None:
            return None
        try:
            return ldexp(statistic, self.exponent)
        except OverflowError:
            return None


@dataclass(frozen=True)
class Distribution:
    """The distribution of a numeric column: its distinct `values`, ascending, and how many values are up to each."""

    values: Floats
    cumulative_counts: Ints

    @classmethod
    def of(cls, values: Floats) -> Self:
        """Return the distribution of a column without its NaN. The array is sorted in place."""
        values += 0.0  # -0.0 becomes 0.0
        sample = values[:: 1 + len(values) // SAMPLE_VALUES]
        if len(np.unique(sample)) < REPEATING * len(sample):
            counted = pc.value_counts(pa.array(values))
            return cls.from_counts(np.asarray(counted.field("values")), np.asarray(counted.field("counts")))
        values.sort()
        ascending = values[: np.searchsorted(values, np.nan)]
        return cls(*_compacted(ascending))

    @classmethod
    def from_counts(cls, values: Floats, counts: Ints) -> Self:
        """Return the distribution of a column from `values` (in any order, NaN left out) and their counts."""
        present = (counts > 0) & ~np.isnan(values)
        values, counts = values[present] + 0.0, counts[present]
        order = np.argsort(values)
        values, cumulative_counts = values[order], np.cumsum(counts[order])
        # Of equal values (0.0 and -0.0, whole numbers that float64 does not distinguish) the last has the sum.
        last_positions = np.ones(len(values), bool)
        last_positions[:-1] = values[1:] != values[:-1]
        return cls(values[last_positions], cumulative_counts[last_positions])

    @property
    def count(self) -> int:
        """Return the number of values, repeated ones included."""
        return int(self.cumulative_counts[-1]) if len(self.cumulative_counts) else 0

    @property
    def is_whole(self) -> bool:
        """Return whether all are whole numbers that float64 represents exactly."""
        is_exact = max(-self.values[0], self.values[-1]) < WHOLE_LIMIT
        return bool(is_exact and all(np.array_equal(piece, np.rint(piece)) for piece, _ in self._pieces()))

    def counts(self, start: int = 0, stop: int | None = None) -> Ints:
        """Return how many values are equal to each distinct one, for those at the positions of a slice."""
        first, end, _ = slice(start, stop).indices(len(self.values))
        before = self.cumulative_counts[first - 1] if first else 0
        return np.diff(self.cumulative_counts[first:end], prepend=before)

    def part(self, start: int, stop: int) -> "Distribution":
        """Return the distribution of the distinct values at the positions from `start` to `stop`."""
        before = self.cumulative_counts[start - 1] if start else 0
        return Distribution(self.values[start:stop], self.cumulative_counts[start:stop] - before)

    def below(self, limit: float) -> int:
        """Count the values below `limit`."""
        position = int(np.searchsorted(self.values, limit, side="left"))
        return int(self.cumulative_counts[position - 1]) if position else 0

    def at_most(self, limit: float) -> int:
        """Count the values up to `limit`."""
        position = int(np.searchsorted(self.values, limit, side="right"))
        return int(self.cumulative_counts[position - 1]) if position else 0

    def outside(self, lower: float, upper: float) -> int:
        """Count the values below `lower` or above `upper`."""
        return self.below(lower) + self.count - self.at_most(upper)

    def quantile(self, share: float) -> float:
        """Return the quantile, interpolated linearly between the two nearest values as pandas and numpy do."""
        position = share * (self.count - 1)
        low = floor(position)
        return between(self._ranked(low), self._ranked(min(low + 1, self.count - 1)), position - low)

    def moments(self) -> Moments:
        """Return mean, deviation (ddof 1), and pandas' bias-corrected `skew` and `kurt`, from central power sums.

        Undefined, and None: the deviation of fewer than 2 values, the skew of fewer than 3 or of equal ones, the
        kurtosis of fewer than 4 or of equal ones.
        """
        n, exponent = self.count, unsafe_exponent(self.values[0], self.values[-1])
        mean = self._power_sums(exponent, 0.0, 1)[0] / n
        mean += self._power_sums(exponent, mean, 1)[0] / n
        low, high = ldexp(self.values[0], -exponent), ldexp(self.values[-1], -exponent)
        mean = min(max(mean, low), high)
        if low == high:
            return Moments(n, exponent, mean, 0.0 if n > 1 else None, None, None)
        first, second, third, fourth = self._power_sums(exponent, mean, 4)
        # Far from zero the mean is rounded by more than the values differ, so it is corrected.
        shift = first / n
        fourth += shift * (-4 * third + shift * (6 * second - 3 * n * shift * shift))
        third += shift * (-3 * second + 2 * n * shift * shift)
        second -= n * shift * shift
        skew = kurtosis = None
        if n > 2:
            skew = n * sqrt(n - 1) / (n - 2) * third / second**1.5
        if n > 3:
            kurtosis = n * (n + 1) * (n - 1) / ((n - 2) * (n - 3)) * fourth / second**2
            kurtosis -= 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
        return Moments(n, exponent, mean, sqrt(second / (n - 1)), skew, kurtosis)

    def edges(self, unit: float | None = None) -> Floats:
        """Return bin edges of a histogram: at most `MOST_BINS` bins of the same width, by numpy's rule "auto".

        With a `unit`, every edge is a multiple of it, and the last one lies beyond the largest value.
        """
        low, high = float(self.values[0]), float(self.values[-1])
        bins = self._bins()
        if unit is not None:
            start = floor(low / unit)
            width = ceil((floor(high / unit) + 1 - start) / bins)
            bins = ceil((floor(high / unit) + 1 - start) / width)
            return unit * (start + width * np.arange(bins + 1, dtype=np.float64))
        if low == high:
            return np.array([low - 0.5, high + 0.5])
        shares = np.arange(bins + 1) / bins
        edges = low * (1 - shares) + high * shares
        edges[0], edges[-1] = low, high
        # Neighbouring float64 numbers leave no room for edges.
        return edges if np.all(np.diff(edges) > 0) else np.array([low, high])

    def histogram(self, edges: Floats) -> list[int]:
        """Count the values in each bin; the last one includes its upper edge, as numpy's does."""
        cumulative_counts = [self.below(edge) for edge in edges[:-1]] + [self.at_most(edges[-1])]
        return np.diff(cumulative_counts).tolist()

    def _bins(self) -> int:
        """Return the larger number of Freedman and Diaconis's and of Sturges's rule."""
        n = self.count
        spread = self.quantile(0.75) - self.quantile(0.25)
        extent = float(self.values[-1]) - float(self.values[0])
        bins = log2(n) + 1
        if 0 < spread < inf and extent < inf:
            bins = max(bins, extent / spread * n ** (1 / 3) / 2)
        return ceil(min(MOST_BINS, bins))

    def _ranked(self, rank: int) -> float:
        """Return the value with `rank` others before it in ascending order."""
        return float(self.values[np.searchsorted(self.cumulative_counts, rank, side="right")])

    def _pieces(self) -> Iterator[tuple[Floats, Floats]]:
        """Yield values and their counts, a few at a time."""
        before = 0
        for start in range(0, len(self.values), PIECE_LENGTH):
            cumulative_counts = self.cumulative_counts[start : start + PIECE_LENGTH]
            yield (
                self.values[start : start + PIECE_LENGTH],
                np.diff(cumulative_counts, prepend=before).astype(np.float64),
            )
            before = cumulative_counts[-1]

    def _power_sums(self, exponent: int, centre: float, powers: int) -> list[float]:
        """Return the sums of (values / 2**exponent - centre)**k for k from 1 to `powers`."""
        sums = np.zeros(powers)
        for values, counts in self._pieces():
            offsets = scaled(values, exponent) - centre
            power = counts
            for k in range(powers):
                power = power * offsets
                sums[k] += power.sum()
        return sums.tolist()


def unsafe_exponent(low: float, high: float) -> int:
    """Return 0 if powers of values from `low` to `high` are within float64, else the exponent to divide them by."""
    exponent = frexp(max(abs(low), abs(high)))[1]
    return exponent if abs(exponent) > SAFE_EXPONENT else 0


def scaled(values: Floats, exponent: int) -> Floats:
    """Return values / 2**exponent, which is exact; the array itself where the exponent is 0."""
    return np.ldexp(values, -exponent) if exponent else values


def between(low: float, high: float, share: float) -> float:
    """Return the point `share` of the way from `low` to `high`, never outside of them."""
    step = high - low
    point = low + share * step if isfinite(step) else low * (1 - share) + high * share
    return min(max(point, low), high)


def _compacted(ascending: Floats) -> tuple[Floats, Ints]:
    """Move the distinct values to the front of the array; return them with their cumulative counts."""
    starts = range(0, len(ascending), PIECE_LENGTH)
    cumulative_counts = np.empty(sum(len(_last_positions(ascending, start)) for start in starts), np.int64)
    end = 0
    for start in starts:
        last_positions = _last_positions(ascending, start)
        cumulative_counts[end : end + len(last_positions)] = last_positions + 1
        ascending[end : end + len(last_positions)] = ascending[last_positions]
        end += len(last_positions)
    return ascending[:end], cumulative_counts


def _last_positions(ascending: Floats, start: int) -> Ints:
    """Return the positions where each value of the piece from `start` occurs last, given sorted values."""
    piece = ascending[start : start + PIECE_LENGTH + 1]
    last_positions = np.flatnonzero(piece[1:] != piece[:-1]) + start
    return np.append(last_positions, len(ascending) - 1) if start + PIECE_LENGTH >= len(ascending) else last_positions
