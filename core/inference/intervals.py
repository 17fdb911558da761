"""Split-conformal prediction intervals, from the residuals of cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.model_manifest import ModelManifest

# As a float, 0.9 is a little more than nine tenths; without a tolerance it would be rounded up to the next level.
ROUNDING = 1e-9


# Bounds are as far apart for every row, or as far as the errors of rows like it spread.
IntervalMethod = Literal["equal_width", "adaptive"]


@dataclass(frozen=True)
class Interval:
    """An interval that contains a fraction `level` of all true values, for rows that are like those of training.

    `half_width` is in units of the target: one for all rows, or after `of_rows` (n,) float64. Before that the one of an
    adaptive interval is a multiple of the spread of a row.
    """

    level: float
    half_width: float | NDArray[np.float64]
    method: IntervalMethod = "equal_width"

    @property
    def is_adaptive(self) -> bool:
        """Return whether its width differs from row to row."""
        return self.method == "adaptive"

    @property
    def summary(self) -> dict[str, Any]:
        """Return what an answer says of it besides the bounds."""
        return {"level": self.level, "method": self.method}

    def of_rows(self, spreads: NDArray[np.float64] | None) -> "Interval":
        """Return the interval of n rows, given the spread of each, (n,) float64, if it is adaptive."""
        return self if spreads is None else replace(self, half_width=self.half_width * spreads)

    def bounds(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and upper bounds of predictions, (n,) float64 each, in units of the target."""
        return values - self.half_width, values + self.half_width


def conformal_interval(manifest: ModelManifest, level: float) -> Interval:
    """Return the interval of a model at a `level` between 0 and 1.

    Raises `InvalidInputError` for a model that was trained before residuals were kept, and for a level that needs more
    residuals than there are.
    """
    if not manifest.interval_quantiles:
        raise InvalidInputError(
            f"Model {manifest.model_name!r}, version {manifest.version}, was trained before intervals were known. "
            "Train it again, or ask without interval.",
            [{"field": "interval", "message": "the model keeps no residuals"}],
        )
    rows = manifest.dataset.rows_train
    return interval_of(manifest.interval_quantiles, level, rows, manifest.spread_quantiles)


def interval_of(
    quantiles: Sequence[float], level: float, rows: int, spread_quantiles: Sequence[float] = ()
) -> Interval:
    """Return the interval of half the width of the (ceil((n + 1) * level) / n)-quantile of n = `rows` residuals.

    It is adaptive where there are `spread_quantiles`, those of |residual| / spread. Lei et al., "Distribution-Free
    Predictive Inference for Regression" (2018), sections 2.2 and 5.2. Between two of the equally spaced quantiles it is
    the larger; of an adaptive one it is interpolated where several residuals are between the two. Raises
    `InvalidInputError` where `rows` are too few.
    """
    share = ceil((rows + 1) * level - ROUNDING) / rows
    if share > 1:
        largest_level = rows / (rows + 1)
        raise InvalidInputError(
            f"{rows} rows of training tell nothing about an interval of {level:g}. "
            f"Ask for {largest_level:.3f} or less.",
            [{"field": "interval", "message": f"must be at most {largest_level:.3f} for this model"}],
        )
    if not spread_quantiles:
        return Interval(level, quantiles[ceil(share * (len(quantiles) - 1) - ROUNDING)])
    place = share * (len(spread_quantiles) - 1)
    larger = ceil(place - ROUNDING)
    smaller = floor(place) if rows > len(spread_quantiles) else larger
    step = spread_quantiles[larger] - spread_quantiles[smaller]
    return Interval(level, spread_quantiles[smaller] + (place - smaller) * step, "adaptive")
