"""Pearson's and Spearman's correlations of the numeric columns of a table, pairwise complete."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import inf, isnan, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats, Ints
from core.profiling.distribution import Moments, unsafe_exponent
from core.tables.coded_columns import PIECE_LENGTH, CodedColumn
from core.tables.table import Table
from core.types import Json

# A larger matrix is neither readable nor drawable.
MOST_COLUMNS = 100
# Ranks are exact up to so many rows; of more, so many evenly spaced ones are used.
SAMPLE_ROWS = 200_000
# A pair with missing values is ranked by itself. With many such pairs fewer rows are used: so many ranks in all.
MOST_RANKS = 200_000_000
# Where less than this fraction of a sum of squares remains as variance, it is computed again from the values;
# below the second fraction the values are equal.
CANCELLED_SHARE, EQUAL_SHARE = 1e-5, 1e-13


def correlations(table: Table, moments: Mapping[str, Moments | None]) -> Json:
    """Return `columns` (the first 100 of `moments`), `pearson`, `spearman`, and `rows`, the number used for the latter.

    Both equal pandas' `DataFrame.corr`: over the rows that have both values, tied ranks averaged,
    None where one of the two does not vary. Pearson's is of all rows. Reads the table once, some rows at a time.
    """
    names = list(moments)[:MOST_COLUMNS]
    varying = {
        name: column_moments for name in names if (column_moments := moments[name]) is not None and column_moments.std
    }
    has_missing = np.array([column_moments.count < table.rows for column_moments in varying.values()], bool)
    sample = sampled_rows(table.rows, _most_sampled(has_missing))
    sums = _PairSums(len(varying), has_missing=bool(has_missing.any()))
    sampled = {name: np.empty(len(sample)) for name in varying if name not in table.coded}
    start = 0
    for block in table.blocks(list(varying)):
        first, last = np.searchsorted(sample, (start, start + block.shape[1]))
        for name, values in zip(varying, block, strict=True):
            if name in sampled:
                sampled[name][first:last] = values[sample[first:last] - start]
        start += block.shape[1]
        for values, column_moments in zip(block, varying.values(), strict=True):
            values[:] = column_moments.standardised(values)
        sums.add(block)
    pearson = sums.correlations()
    for i, j in sums.cancelled():
        x, y = (table.values(list(varying)[k]) for k in (i, j))
        assert isinstance(x, np.ndarray) and isinstance(y, np.ndarray)
        pearson[i, j] = pearson[j, i] = _or_nan(pearson_of(x, y))
    ranked = [
        _dense(sampled.pop(name)) if name in sampled else _dense_codes(table.coded[name], sample) for name in varying
    ]
    return {
        "columns": names,
        "pearson": _expanded(pearson, names, list(varying)),
        "spearman": _expanded(_spearman(ranked, has_missing), names, list(varying)),
        "rows": len(sample),
    }


def sampled_rows(rows: int, most: int = SAMPLE_ROWS) -> Ints:
    """Return all row numbers from 0, or `most` of them, evenly spaced."""
    return np.arange(min(rows, most)) * rows // max(1, min(rows, most))


def pairs(x: Floats, y: Floats) -> Iterator[Floats]:
    """Yield the rows that have both values, a few at a time: shape (2, rows)."""
    for start in range(0, len(x), PIECE_LENGTH):
        pair = np.stack((x[start : start + PIECE_LENGTH], y[start : start + PIECE_LENGTH]))
        missing = np.isnan(pair).any(axis=0)
        yield pair[:, ~missing] if missing.any() else pair


def pearson_of(x: Floats, y: Floats) -> float | None:
    """Return Pearson's correlation over the rows that have both; None for fewer than two, or where one is constant."""
    rows, sums, low, high = 0, np.zeros(2), np.full(2, inf), np.full(2, -inf)
    for pair in pairs(x, y):
        rows += pair.shape[1]
        low, high = np.fmin(low, pair.min(axis=1, initial=inf)), np.fmax(high, pair.max(axis=1, initial=-inf))
    if not np.all(low < high):
        return None
    exponents = np.array([unsafe_exponent(*ends) for ends in zip(low, high, strict=True)])[:, None]
    for pair in pairs(x, y):
        sums += np.ldexp(pair, -exponents).sum(axis=1)
    products, residues = np.zeros((2, 2)), np.zeros(2)
    for pair in pairs(x, y):
        centred = np.ldexp(pair, -exponents) - sums[:, None] / rows
        products += centred @ centred.T
        residues += centred.sum(axis=1)
    products -= np.outer(residues, residues) / rows
    return _bounded(products[0, 1] / sqrt(products[0, 0] * products[1, 1]))


def spearman_of(x: Floats, y: Floats) -> float | None:
    """Return Spearman's correlation over the rows that have both, tied ranks averaged; None where one is constant."""
    both = ~(np.isnan(x) | np.isnan(y))
    return _rank_correlation(*(_dense(values[both]) for values in (x, y)))


class _PairSums:
    """Sums over the rows that two standardised columns share, for every pair of k columns at once."""

    def __init__(self, k: int, *, has_missing: bool) -> None:
        self._has_missing = has_missing
        # Sums of i * j; of i where j is present; of i * i where j is present; of rows that have both.
        self._products, self._firsts, self._squares, self._rows = np.zeros((4, k, k))

    def add(self, block: Floats) -> None:
        """Add some rows (k, rows), NaN for missing. The block is overwritten."""
        if not self._has_missing:
            self._products += block @ block.T
            self._firsts += block.sum(axis=1)[:, None]
            self._rows += block.shape[1]
            return
        missing = np.isnan(block)
        present = np.where(missing, 0.0, 1.0)
        block[missing] = 0
        self._products += block @ block.T
        self._firsts += block @ present.T
        self._rows += present @ present.T
        block *= block
        self._squares += block @ present.T

    def correlations(self) -> Floats:
        """Return Pearson's correlation of each pair (k, k), NaN where one of the two is constant."""
        variances, rows = self._variances()
        with np.errstate(invalid="ignore", divide="ignore"):
            covariances = self._products - self._firsts * self._firsts.T / rows
            matrix = covariances / np.sqrt(variances * variances.T)
        matrix[
            (variances <= EQUAL_SHARE * self._sums_of_squares())
            | (variances.T <= EQUAL_SHARE * self._sums_of_squares().T)
        ] = nan
        return np.clip(matrix, -1, 1)

    def cancelled(self) -> list[tuple[int, int]]:
        """Return the pairs whose sums lost precision, because their common rows are far from the columns' means."""
        variances, rows = self._variances()
        ratio = variances / np.where(self._sums_of_squares() > 0, self._sums_of_squares(), 1)
        doubtful = (ratio > EQUAL_SHARE) & (ratio < CANCELLED_SHARE) & (rows > 1)
        return [(int(i), int(j)) for i, j in np.argwhere(np.triu(doubtful | doubtful.T, 1))]

    def _sums_of_squares(self) -> Floats:
        """Return the sums of i * i over the rows that have j too, (k, k)."""
        return (
            self._squares
            if self._has_missing
            else np.broadcast_to(np.diag(self._products)[:, None], self._products.shape)
        )

    def _variances(self) -> tuple[Floats, Floats]:
        """Return the sum of squared deviations of i over the rows that have j too, and the number of them.

        Both are (k, k); the number is at least 1.
        """
        rows = np.maximum(self._rows, 1)
        return np.maximum(self._sums_of_squares() - self._firsts**2 / rows, 0), rows


@dataclass(frozen=True)
class _RankedCodes:
    """Values as `codes`: 0 for missing, else the rank from 1 among the `distinct` values in ascending order."""

    codes: NDArray[np.integer[Any]]
    distinct: int

    def centred_ranks(self) -> Floats:
        """Return the centred rank of each code, averaged for ties; no value may be missing."""
        counts = np.bincount(self.codes, minlength=self.distinct + 1)
        ranks: Floats = np.cumsum(counts) - (counts - 1) / 2 - (len(self.codes) + 1) / 2
        return ranks


def _spearman(ranked: list[_RankedCodes], has_missing: NDArray[np.bool_]) -> Floats:
    """Return Spearman's correlations of k columns (k, k): ranked once, and again for each pair with missing values."""
    k = len(ranked)
    matrix = np.full((k, k), nan)
    complete = np.flatnonzero(~has_missing)
    matrix[np.ix_(complete, complete)] = _rank_correlations([ranked[i] for i in complete])
    for i, j in combinations(range(k), 2):
        if has_missing[i] or has_missing[j]:
            both = (ranked[i].codes > 0) & (ranked[j].codes > 0)
            pair = (_RankedCodes(column.codes[both], column.distinct) for column in (ranked[i], ranked[j]))
            matrix[i, j] = matrix[j, i] = _or_nan(_rank_correlation(*pair))
    for i, column in enumerate(ranked):
        matrix[i, i] = 1.0 if np.count_nonzero(np.bincount(column.codes, minlength=1)[1:]) > 1 else nan
    return matrix


def _rank_correlations(ranked: list[_RankedCodes]) -> Floats:
    """Return Spearman's correlations (k, k) of columns without missing values; NaN where one is constant."""
    ranks = [column.centred_ranks() for column in ranked]
    products = np.zeros((len(ranked), len(ranked)))
    rows = len(ranked[0].codes) if ranked else 0
    for start in range(0, rows, PIECE_LENGTH):
        rows_of_piece = slice(start, start + PIECE_LENGTH)
        block = np.stack([rank[column.codes[rows_of_piece]] for rank, column in zip(ranks, ranked, strict=True)])
        products += block @ block.T
    squares = np.diag(products)
    with np.errstate(invalid="ignore"):
        return np.clip(products / np.sqrt(np.outer(squares, squares)), -1, 1)


def _rank_correlation(x: _RankedCodes, y: _RankedCodes) -> float | None:
    """Return Spearman's correlation of two columns without missing values; None where one is constant."""
    return None if isnan(found := float(_rank_correlations([x, y])[0, 1])) else found


def _dense(values: Floats) -> _RankedCodes:
    """Return values as ranked codes."""
    distinct, inverse = np.unique(values, return_inverse=True)
    codes = inverse.astype(np.int32) + np.int32(1)
    if len(distinct) and isnan(distinct[-1]):
        codes[codes == len(distinct)] = 0
        return _RankedCodes(codes, len(distinct) - 1)
    return _RankedCodes(codes, len(distinct))


def _dense_codes(coded: CodedColumn, rows: Ints) -> _RankedCodes:
    """Return some rows of a coded column as ranked codes; the ranks are those among the levels of all rows."""
    distinct, inverse = np.unique(coded.floats()[1:], return_inverse=True)
    return _RankedCodes(np.append(0, inverse + 1).astype(coded.codes.dtype)[coded.codes[rows]], len(distinct))


def _bounded(correlation: float) -> float:
    """Clip a correlation to -1 and 1, which rounding may exceed."""
    return float(min(max(correlation, -1.0), 1.0))


def _most_sampled(has_missing: NDArray[np.bool_]) -> int:
    """Return how many rows may be ranked, given for each column whether it has missing values."""
    complete, columns = int(np.count_nonzero(~has_missing)), len(has_missing)
    pairs = (columns * (columns - 1) - complete * (complete - 1)) // 2
    return min(SAMPLE_ROWS, MOST_RANKS // (2 * pairs)) if pairs else SAMPLE_ROWS


def _or_nan(coefficient: float | None) -> float:
    """Return NaN for None."""
    return nan if coefficient is None else coefficient


def _expanded(matrix: Floats, names: list[str], varying: list[str]) -> list[list[float | None]]:
    """Return the matrix of all `names`, given that of the columns that vary; None for undefined entries."""
    position = {name: k for k, name in enumerate(varying)}

    def entry(first: str, second: str) -> float | None:
        if first not in position or second not in position:
            return None
        coefficient = float(matrix[position[first], position[second]])
        return None if isnan(coefficient) else coefficient

    return [[entry(first, second) for second in names] for first in names]
