"""Recentre numbers that float32 does not hold: columns and targets far from 0, very large or very small.

Trees of scikit-learn read features as float32, LightGBM keeps the target so, and variances of numbers far from 0 are
lost to rounding. A middle value is subtracted and a power of two divided by: both leave every digit.
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.impute import SimpleImputer

from core.array_types import Floats

# A number that is farther from 0 than this multiple of its spread is far.
FAR = 1e4
# The spread of a column, and the largest number of one, beyond which it is scaled. Trees of scikit-learn do not divide
# numbers that are no more than 1e-7 apart, LightGBM reads those up to 1e-35 as 0, and float32 ends at 3e38.
LEAST_COLUMN, MOST_COLUMN = 1e-4, 1e30
# The same of a target. Trees of scikit-learn take variances below 2e-16 for none.
LEAST_TARGET, MOST_TARGET = 1e-4, 1e30
# From twice as many rows on, quartiles are estimated by some of them.
QUARTILE_ROWS = 5_000
LARGEST = float(np.finfo(np.float64).max)
# Times this, a power of two, so many numbers as memory holds have a finite sum.
SMALLER = 2.0**-64


class FiniteImputer(SimpleImputer):  # type: ignore[misc]
    """A `SimpleImputer` whose mean or median is a number also where the sum of two of them is infinite."""

    statistics_: Any

    def fit(self, x: Any, y: Any = None) -> Self:
        """Fit to the columns of `x`, (n, columns)."""
        with np.errstate(over="ignore", invalid="ignore"):
            super().fit(x, y)
        found = self.statistics_
        if found.dtype.kind == "f" and not np.isfinite(found).all():
            smaller = SimpleImputer(**self.get_params()).fit(np.asarray(x, np.float64) * SMALLER).statistics_
            self.statistics_ = np.where(np.isfinite(found), found, smaller / SMALLER)
        return self


class RecentredColumns(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """(x - shift_) / scale_, at most `MOST_COLUMN` from 0, of each column.

    Fitted: `shift_`, a middle value, and `scale_`, a power of two, 1 for a usual spread; both (columns,) float64.
    """

    def fit(self, x: Floats, _: Any = None) -> Self:
        """Fit to the columns of `x`, (n, columns) float64 without NaN."""
        found = [middle_and_spread(column) for column in np.asarray(x, np.float64).T]
        self.shift_ = np.array([middle for middle, _ in found])
        usual = [LEAST_COLUMN <= spread <= MOST_COLUMN for _, spread in found]
        self.scale_ = np.array(
            [1.0 if is_usual else power_of_two(spread) for (_, spread), is_usual in zip(found, usual, strict=True)]
        )
        self.n_features_in_ = len(found)
        return self

    def transform(self, x: Floats) -> Floats:
        """Return the recentred columns, (n, columns) float64."""
        with np.errstate(over="ignore"):
            recentred = (np.asarray(x, np.float64) - self.shift_) / self.scale_
        return np.asarray(np.clip(recentred, -MOST_COLUMN, MOST_COLUMN))


class RecentredTarget(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """(y - shift_) / scale_, with `shift_` 0 unless it is `shifted`, and `scale_` 1 unless it is `scaled`.

    Fitted: `shift_`, a middle value, and `scale_`, a power of two near the largest distance from it.
    """

    def __init__(self, *, shifted: bool = True, scaled: bool = True) -> None:
        self.shifted = shifted
        self.scaled = scaled

    def fit(self, y: Floats, _: Any = None) -> Self:
        """Fit to `y`, (n, 1) float64."""
        self.shift_ = middle_and_spread(y[:, 0])[0] if self.shifted else 0.0
        self.scale_ = power_of_two(float(np.abs(y - self.shift_).max())) if self.scaled else 1.0
        return self

    def transform(self, y: Floats) -> Floats:
        """Return the recentred target, (n, 1)."""
        return (y - self.shift_) / self.scale_

    def inverse_transform(self, z: Floats) -> Floats:
        """Return the target, (n, 1)."""
        return z * self.scale_ + self.shift_


def is_awkward_column(values: Floats) -> bool:
    """Return whether float32 does not hold a column, (n,) float64 with NaN for missing."""
    known = values[~np.isnan(values)]
    if not len(known):
        return False
    middle, spread = middle_and_spread(known)
    most = max(abs(float(known.min())), abs(float(known.max())))
    return most > MOST_COLUMN or (spread > 0 and (abs(middle) > FAR * spread or spread < LEAST_COLUMN))


def is_awkward_target(y: Floats) -> bool:
    """Return whether float32, or the variance of trees, does not hold a target, (n,) float64."""
    middle, spread = middle_and_spread(y)
    most = float(np.abs(y - middle).max())
    return most > 0 and (abs(middle) > FAR * spread or not LEAST_TARGET <= most <= MOST_TARGET)


def middle_and_spread(values: Floats) -> tuple[float, float]:
    """Return a value in the middle of `values`, (n,) float64, and the distance of the quartiles.

    Where they are equal, it is the mean distance of the values that differ; 0 where none does.
    """
    few = values[:: max(1, len(values) // QUARTILE_ROWS)]
    lower, middle, upper = np.quantile(few, [0.25, 0.5, 0.75], method="lower").tolist()
    with np.errstate(over="ignore"):
        spread = upper - lower
        if not spread and (differing := few[few != middle]).size:
            spread = float(np.mean(np.abs(differing - middle)))
    return middle, min(spread, LARGEST)


def power_of_two(size: float) -> float:
    """Return the largest power of two that is at most `size`; 1 for 0."""
    return float(np.ldexp(1.0, np.frexp(size)[1] - 1)) if size else 1.0
