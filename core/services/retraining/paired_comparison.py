"""Champion and challenger on the same fresh rows: which errs less, and how sure that is."""

from dataclasses import dataclass
from math import inf

import numpy as np

from core.array_types import Floats

SAMPLES, SEED = 1000, 0
# Of the sampled differences, this share lies between the two bounds.
LEVEL = 0.95
# So many drawn rows are in memory at a time.
DRAWN = 1 << 22


@dataclass(frozen=True)
class Difference:
    """How much larger the error of one model is than that of another, as a share of the latter, with its bounds.

    Errors are root mean squared ones of the same rows; below 0 the first one is the better.
    """

    rows: int
    value: float
    lower: float
    upper: float


def difference(actual: Floats, ours: Floats, theirs: Floats) -> Difference:
    """The error of the predictions `ours` against that of `theirs` (float64, n rows each).

    Bounds are percentiles of a paired bootstrap: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993). Each
    sample has the same rows of both models, since a row that is hard for one is hard for the other. The same each time.
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
    return Difference(rows, float(_relative(squares.mean(axis=0)[np.newaxis])[0]), lower, upper)


def _relative(means: Floats) -> Floats:
    """sqrt(first / second) - 1 of mean squared errors (float64, n x 2); 0 where both are 0."""
    first, second = means.T
    equal = first == second
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.sqrt(first / second) - 1
    return np.where(equal, 0.0, np.where(second == 0, inf, found))
