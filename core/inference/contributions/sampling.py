"""Shapley values of any function of raw columns against background rows: of few columns exact, of more sampled."""

from collections.abc import Callable, Sequence
from math import factorial

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats, Ints, RawColumns

Predict = Callable[[RawColumns], Floats]

# So many rows are predicted for one that is explained, but for two orders at least.
EVALUATIONS = 8192
# All sets of so many columns, each with 64 background rows, are no more.
FEW_COLUMNS = 7
SEED = 0


def all_sets_contributions(predict: Predict, row: RawColumns, background: RawColumns, names: Sequence[str]) -> Floats:
    """Return the contributions of the columns `names`, in their order, to the prediction of a row: exact.

    `row` has one value a column, `background` m. Every set of columns is predicted with every background row. Shapley,
    "A Value for n-Person Games", Contributions to the Theory of Games 2 (1953).
    """
    count, rows = len(names), len(background[names[0]])
    sets = np.arange(1 << count)
    is_replaced = (sets[:, np.newaxis] >> np.arange(count) & 1).astype(bool)
    values = predict(_mixed(is_replaced[:, np.newaxis], row, background, names)).reshape(-1, rows).mean(axis=1)
    shares = np.array([factorial(k) * factorial(count - 1 - k) / factorial(count) for k in range(count)])
    result = np.empty(count)
    for column in range(count):
        without = sets[~is_replaced[:, column]]
        result[column] = shares[is_replaced[without].sum(axis=1)] @ (values[without | 1 << column] - values[without])
    return result


def orders_of(rows: int, columns: int) -> int:
    """Return how many orders of the columns are sampled for each of so many background rows."""
    return 2 * max(1, EVALUATIONS // (2 * rows * (columns + 1)))


def sampled_contributions(predict: Predict, row: RawColumns, background: RawColumns, names: Sequence[str]) -> Floats:
    """Return what `all_sets_contributions` does, estimated.

    For each background row and each of some orders of the columns, the columns are replaced one after the other by
    those of the row that is explained; what the prediction changes by is the column's. Štrumbelj and Kononenko,
    "Explaining prediction models and individual predictions with feature contributions", Knowledge and Information
    Systems 41 (2014). Each order is used backwards as well, which reduces the spread: Mitchell et al., "Sampling
    Permutations for Shapley Value Estimation", Journal of Machine Learning Research 23 (2022). The changes of an order
    add up to the prediction of the row minus that of the background row, so the contributions add up exactly.
    """
    rows = len(background[names[0]])
    place = _orders(rows, len(names))
    # By order, number of columns that were replaced, and background row.
    is_replaced = place[:, np.newaxis] < np.arange(len(names) + 1)[:, np.newaxis, np.newaxis]
    predicted = predict(_mixed(is_replaced, row, background, names)).reshape(is_replaced.shape[:3])
    changes = np.diff(predicted, axis=1).swapaxes(1, 2)
    result: Floats = np.take_along_axis(changes, place, axis=2).mean(axis=(0, 1))
    return result


def _orders(rows: int, columns: int) -> Ints:
    """Return the place of each column in each order, (orders, rows, columns); they are the same every time."""
    random = np.random.default_rng(SEED)
    drawn = random.random((orders_of(rows, columns) // 2, rows, columns)).argsort(axis=2)
    return np.concatenate([drawn, columns - 1 - drawn])


def _mixed(
    is_replaced: NDArray[np.bool_], row: RawColumns, background: RawColumns, names: Sequence[str]
) -> dict[str, NDArray[np.generic]]:
    """Return raw columns of background rows (the last axis but one) where a row's values replace some of theirs."""
    return {
        name: np.where(is_replaced[..., position], row[name], background[name]).reshape(-1)
        for position, name in enumerate(names)
    }
