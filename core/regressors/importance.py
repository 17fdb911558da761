"""Permutation importance: how much the R2 of a model falls when one raw column is shuffled."""

import time
from collections.abc import Callable

import numpy as np

from core.array_types import Floats, RawColumns
from core.catalogue import SEED
from core.model_manifest import Importance
from core.regressors.splits import evenly_spaced

SHUFFLES = 5
MOST_ROWS = 1000
# The limit on predicted rows over all columns: a wide table uses fewer rows for each.
MOST_PREDICTIONS = 400_000
FEWEST_ROWS = 50
# The rows that are predicted to measure how long a row takes, and the fewest rows where time is short.
TIMED_ROWS, LEAST_ROWS = 100, 10
# They are predicted again for so many seconds: a moment says nothing of a machine that something else keeps busy.
TIMED_SECONDS = 0.02


def count_predictions(rows: int, columns: int) -> int:
    """Return how many rows `permutation_importance` predicts for a table of this size."""
    return SHUFFLES * columns * min(rows, MOST_ROWS, _affordable(columns))


def permutation_importance(
    predict: Callable[[RawColumns], Floats], columns: RawColumns, actual: Floats, seconds: float | None = None
) -> list[Importance]:
    """Return the fall of R2 by raw column, mean and standard deviation over five shuffles, the largest first.

    `predict` takes raw columns of n values each, in the form of `columns`; `actual` is their target, float64 (n,). At
    most 1,000 rows, evenly spaced, are used, and fewer (at least 10) where these would take more than `seconds`. Every
    importance is 0 where their target is constant. Breiman, "Random Forests", Machine Learning 45 (2001).
    """
    most_rows = min(MOST_ROWS, _affordable(len(columns)))
    if seconds is not None:
        most_rows = min(most_rows, _rows_within(seconds, predict, columns))
    rows = evenly_spaced(len(actual), most_rows)
    if np.ptp(actual[rows]) == 0:
        return [Importance(feature=name, mean=0.0, std=0.0) for name in columns]
    sampled = {name: values[rows] for name, values in columns.items()}
    actual = actual[rows]
    spread_of_target = float(np.square(actual - actual.mean()).sum())
    unshuffled_error = np.square(actual - predict(sampled)).sum()
    random = np.random.default_rng(SEED)
    orders = [random.permutation(len(rows)) for _ in range(SHUFFLES)]
    tiled = {name: np.tile(values, SHUFFLES) for name, values in sampled.items()}
    importances = []
    for name, values in sampled.items():
        shuffled = {**tiled, name: np.concatenate([values[order] for order in orders])}
        predicted = predict(shuffled).reshape(SHUFFLES, -1)
        # R2 is 1 - error / spread, so its fall is the rise of the error in units of the spread.
        falls = (np.square(actual - predicted).sum(axis=1) - unshuffled_error) / spread_of_target
        importances.append(Importance(feature=name, mean=float(np.mean(falls)), std=float(np.std(falls))))
    return sorted(importances, key=lambda importance: -importance.mean)


def _rows_within(seconds: float, predict: Callable[[RawColumns], Floats], columns: RawColumns) -> int:
    """Return how many rows can be predicted for each shuffle of each column within so many seconds, at least ten."""
    few = {name: values[:TIMED_ROWS] for name, values in columns.items()}
    begun, taken, rows = time.perf_counter(), 0.0, 0
    while taken < min(TIMED_SECONDS, seconds) or rows == 0:
        rows += len(predict(few))
        taken = time.perf_counter() - begun
    a_row = taken / rows
    return max(LEAST_ROWS, int(seconds / (a_row * SHUFFLES * max(len(columns), 1))))


def _affordable(columns: int) -> int:
    """Return how many rows of a table with so many columns may be predicted for each column."""
    return max(FEWEST_ROWS, MOST_PREDICTIONS // (SHUFFLES * max(columns, 1)))
