"""How far off a prediction may be: split-conformal bounds from the residuals that cross-validation left."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.manifests import ModelManifest

# Without this a level such as 0.9, which is a little more than nine tenths, would be rounded up to the next one.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Interval:
    """Bounds that `level` of all true values lie between, as far as they are like the rows of the training."""

    level: float
    half_width: float

    def bounds(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The lower and the upper bound of each prediction (float64, n rows), in units of the target."""
        return values - self.half_width, values + self.half_width


def interval_of(manifest: ModelManifest, level: float) -> Interval:
    """The interval of a model at a `level` between 0 and 1.

    Raises `InvalidInputError` for a model that was trained before residuals were kept, and for a level that its
    residuals are too few to tell.
    """
    if not manifest.interval_quantiles:
        raise InvalidInputError(
            f"Model {manifest.model_name!r}, version {manifest.version}, was trained before intervals were known. "
            "Train it again, or ask without interval.",
            [{"field": "interval", "message": "the model keeps no residuals"}],
        )
    return Interval(level, _half_width(manifest.interval_quantiles, level, manifest.dataset.rows_train))


def _half_width(quantiles: Sequence[float], level: float, rows: int) -> float:
    """The (ceil((n + 1) * level) / n)-quantile of n = `rows` absolute residuals, as in Lei et al., "Distribution-Free
    Predictive Inference for Regression" (2018), section 2.2; between two of the equally spaced `quantiles`, the larger.
    """
    share = ceil((rows + 1) * level - ROUNDING) / rows
    if share > 1:
        most = rows / (rows + 1)
        raise InvalidInputError(
            f"{rows} rows of training tell nothing about an interval of {level:g}. Ask for {most:.3f} or less.",
            [{"field": "interval", "message": f"must be at most {most:.3f} for this model"}],
        )
    return quantiles[ceil(share * (len(quantiles) - 1) - ROUNDING)]
