"""Split-conformal prediction intervals, from the residuals of cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.model_manifest import ModelManifest

# As a float, 0.9 is a little more than nine tenths; without a tolerance it would be rounded up to the next level.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Interval:
    """An interval that contains a fraction `level` of all true values, for rows that are like those of training."""

    level: float
    half_width: float

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
    return interval_of(manifest.interval_quantiles, level, manifest.dataset.rows_train)


def interval_of(quantiles: Sequence[float], level: float, rows: int) -> Interval:
    """Return the interval of half the width of the (ceil((n + 1) * level) / n)-quantile of n = `rows` residuals.

    Lei et al., "Distribution-Free Predictive Inference for Regression" (2018), section 2.2. Between two of the equally
    spaced `quantiles` it is the larger. Raises `InvalidInputError` where `rows` are too few.
    """
    share = ceil((rows + 1) * level - ROUNDING) / rows
    if share > 1:
        largest_level = rows / (rows + 1)
        raise InvalidInputError(
            f"{rows} rows of training tell nothing about an interval of {level:g}. "
            f"Ask for {largest_level:.3f} or less.",
            [{"field": "interval", "message": f"must be at most {largest_level:.3f} for this model"}],
        )
    return Interval(level, quantiles[ceil(share * (len(quantiles) - 1) - ROUNDING)])
