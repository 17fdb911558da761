"""Compare the errors of champion and challenger on the same fresh rows, with bounds."""

from dataclasses import dataclass
from math import inf

import numpy as np

from core.array_types import Floats

SAMPLES, SEED = 1000, 0
# The share of the sampled differences between the two bounds.
LEVEL = 0.95
# How many drawn rows are in memory at a time.
DRAWN = 1 << 22


@dataclass(frozen=True)
class ErrorDifference:
    """How much larger the error of one model is than that of another, as a fraction of the latter, with bounds.

    Errors are root mean squared errors on the same rows; below 0 the first model is better.
    """

    rows: int
    value: float
    lower: float
    upper: float


def difference(actual: Floats, ours: Floats, theirs: Floats) -> ErrorDifference:
    """Compare the error of the predictions `ours` with that of `theirs` (float64, n rows each).

    Bounds are percentiles of a paired bootstrap: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993). Each
    sample has the same rows of both models, since a row that is hard for one is hard for the other. Deterministic.
    """
    rows = len(actual)
    squares = np.column_stack([(actual - ours) ** 2, (actual - theirs) ** 2])
    random = np.random.default_rng(SEED)
    each = max(1, DRAWN // rows)
    sampled = [
        squares[random.integers(0, rows, (min(each, SAMPLES - start), rows))].mean(axis=1)
        for start in range(0, SAMPLES, each)
    ]
    differences = _relative(np.concatenate(sampled))
    lower, upper = np.quantile(differences, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest").tolist()
    return ErrorDifference(rows, float(_relative(squares.mean(axis=0)[np.newaxis])[0]), lower, upper)


def _relative(means: Floats) -> Floats:
    """Return sqrt(first / second) - 1 of mean squared errors (float64, n x 2); 0 where both are 0."""
    first, second = means.T
    equal = first == second
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.sqrt(first / second) - 1
    return np.where(equal, 0.0, np.where(second == 0, inf, found))
