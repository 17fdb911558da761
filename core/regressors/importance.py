"""Which columns a model goes by: how much its R2 falls when one of them is shuffled."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats
from core.catalogue import SEED
from core.manifests import Importance
from core.regressors.splits import spread

Columns = Mapping[str, NDArray[Any]]

SHUFFLES = 5
MOST_ROWS = 1000
# Rows that are predicted for one column after the other; a wide table gets by with fewer rows each.
MOST_PREDICTIONS = 400_000
FEWEST_ROWS = 50


def predictions(rows: int, columns: int) -> int:
    """How many rows are predicted to find the importance of so many columns of so many rows."""
    return SHUFFLES * columns * min(rows, MOST_ROWS, _affordable(columns))


def permutation_importance(predict: Callable[[Columns], Floats], columns: Columns, actual: Floats) -> list[Importance]:
    """The fall of R2 by raw column, mean and standard deviation over five shuffles, the largest first.

    `predict` takes raw columns of n values each, as `columns` holds them; `actual` is their target, float64 (n,). Of
    more than 1,000 rows as many are used, spread evenly; all is zero where these have one target. Breiman, "Random
    Forests", Machine Learning 45 (2001).
    """
    rows = spread(len(actual), min(MOST_ROWS, _affordable(len(columns))))
    if np.ptp(actual[rows]) == 0:
        return [Importance(feature=name, mean=0.0, std=0.0) for name in columns]
    used = {name: values[rows] for name, values in columns.items()}
    actual = actual[rows]
    spread_of_target = float(np.square(actual - actual.mean()).sum())
    whole = np.square(actual - predict(used)).sum()
    random = np.random.default_rng(SEED)
    orders = [random.permutation(len(rows)) for _ in range(SHUFFLES)]
    repeated = {name: np.tile(values, SHUFFLES) for name, values in used.items()}
    found = []
    for name, values in used.items():
        shuffled = {**repeated, name: np.concatenate([values[order] for order in orders])}
        predicted = predict(shuffled).reshape(SHUFFLES, -1)
        # R2 is 1 - error / spread, so its fall is the rise of the error in units of the spread.
        falls = (np.square(actual - predicted).sum(axis=1) - whole) / spread_of_target
        found.append(Importance(feature=name, mean=float(np.mean(falls)), std=float(np.std(falls))))
    return sorted(found, key=lambda importance: -importance.mean)


def _affordable(columns: int) -> int:
    return max(FEWEST_ROWS, MOST_PREDICTIONS // (SHUFFLES * max(columns, 1)))
