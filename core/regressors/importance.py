"""Permutation importance: how much the R2 of a model falls when one raw column is shuffled."""

import time
from collections.abc import Callable
from math import inf

import numpy as np

from core.array_types import Floats, Ints, RawColumns
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
# The rows of the columns that are left change where there is time for less or more than these multiples of them.
FEWER, MORE = 0.9, 1.5


def count_predictions(rows: int, columns: int) -> int:
    """Return how many rows `permutation_importance` predicts for a table of this size."""
    return SHUFFLES * columns * min(rows, MOST_ROWS, _affordable(columns))


def permutation_importance(
    predict: Callable[[RawColumns], Floats],
    columns: RawColumns,
    actual: Floats,
    seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[Importance]:
    """Return the fall of R2 by raw column, mean and standard deviation over five shuffles, the largest first.

    `predict` takes raw columns of n values each, in the form of `columns`; `actual` is their target, float64 (n,). At
    most 1,000 rows, evenly spaced, are used, and fewer (at least 10) where these would take more than `seconds`: for
    all columns, and for those that are left where others took longer than that. Every importance is 0 where their
    target is constant. Breiman, "Random Forests", Machine Learning 45 (2001).
    """
    until = inf if seconds is None else clock() + seconds
    most_rows = min(MOST_ROWS, _affordable(len(columns)))
    if seconds is not None:
        most_rows = min(most_rows, _rows_until(until, predict, columns, clock))
    rows = evenly_spaced(len(actual), most_rows)
    if np.ptp(actual[rows]) == 0:
        return [Importance(feature=name, mean=0.0, std=0.0) for name in columns]
    sampled = {name: values[rows] for name, values in columns.items()}
    actual = actual[rows]
    errors = np.square(actual - predict(sampled))
    # R2 is 1 - error / spread, so its fall is the rise of the error in units of the spread.
    spread_of_target = float(np.square(actual - actual.mean()).mean())
    importances, shuffles = [], _Shuffles(sampled, np.arange(len(rows)))
    for place, name in enumerate(columns):
        begun, used = clock(), shuffles.rows
        predicted = predict(shuffles.shuffled(name)).reshape(SHUFFLES, -1)
        rises = np.square(actual[used] - predicted).mean(axis=1) - errors[used].mean()
        falls = rises / spread_of_target
        importances.append(Importance(feature=name, mean=float(np.mean(falls)), std=float(np.std(falls))))
        ended, left = clock(), len(columns) - place - 1
        if left and ended > begun:
            planned = min(len(rows), max(LEAST_ROWS, (until - ended) / left * len(used) / (ended - begun)))
            # To take other rows takes time too.
            if not FEWER * len(used) <= planned <= MORE * len(used):
                shuffles = _Shuffles(sampled, evenly_spaced(len(rows), int(planned)))
    return sorted(importances, key=lambda importance: -importance.mean)


class _Shuffles:
    """Some `rows` of columns, by number, once for each shuffle; the same orders for every column."""

    def __init__(self, columns: RawColumns, rows: Ints) -> None:
        self._columns, self.rows = columns, rows
        random = np.random.default_rng(SEED)
        self._order = rows[np.concatenate([random.permutation(len(rows)) for _ in range(SHUFFLES)])]
        self._tiled = {name: np.tile(values[rows], SHUFFLES) for name, values in columns.items()}

    def shuffled(self, name: str) -> RawColumns:
        """Return the columns with one of them shuffled, (shuffles times rows,) each."""
        return {**self._tiled, name: self._columns[name][self._order]}


def _rows_until(
    until: float, predict: Callable[[RawColumns], Floats], columns: RawColumns, clock: Callable[[], float]
) -> int:
    """Return how many rows can be predicted for each shuffle of each column `until` then, at least ten."""
    few = {name: values[:TIMED_ROWS] for name, values in columns.items()}
    begun, rows = clock(), 0
    enough = min(begun + TIMED_SECONDS, until)
    while (ended := clock()) < enough or rows == 0:
        rows += len(predict(few))
    return max(LEAST_ROWS, int((until - ended) * rows / (max(ended - begun, 1e-9) * SHUFFLES * max(len(columns), 1))))


def _affordable(columns: int) -> int:
    """Return how many rows of a table with so many columns may be predicted for each column."""
    return max(FEWEST_ROWS, MOST_PREDICTIONS // (SHUFFLES * max(columns, 1)))
