"""Calibrate a learned spread, so that bounds hold for small predictions and for large ones.

Vovk et al., "Mondrian Confidence Machine" (2003): a quantile for each group of rows. Here the groups are bins of the
prediction, and the quantile between two bins is interpolated, so that bounds do not jump.
"""

from dataclasses import dataclass, field

import numpy as np

from core.array_types import Floats

# The level whose quantile is the same in each bin.
LEVEL = 0.9
# The most bins, and the fewest rows of a bin; with fewer bins than the last there is nothing to interpolate.
BINS, ROWS_A_BIN, FEWEST_BINS = 10, 100, 3
# The logarithm of the factor is halved for a bin of so many rows, whose quantile is not known well.
HALF_COUNTED = 50
# The largest factor, and the inverse of the smallest.
MOST = 10.0


@dataclass(frozen=True)
class SpreadFactor:
    """What a spread is multiplied by, given the prediction: linear between the `knots`, constant beyond them.

    `knots` are predictions, (k,) float64 ascending, in units of the target; `values` are the factors there, by default
    1 for any prediction.
    """

    knots: Floats = field(default_factory=lambda: np.zeros(1))
    values: Floats = field(default_factory=lambda: np.ones(1))

    @classmethod
    def of(cls, predicted: Floats, scores: Floats, rows: int) -> "SpreadFactor":
        """Return the factor that makes the quantile of `scores`, |residual| / spread, the same for any prediction.

        Both are float64 (n,), of so many different `rows`. It is 1 for few rows, and where most residuals are 0.
        """
        count, whole = min(BINS, rows // ROWS_A_BIN), float(np.quantile(scores, LEVEL))
        if count < FEWEST_BINS or whole == 0:
            return cls()
        bins = np.array_split(np.argsort(predicted, kind="stable"), count)
        ratios = [np.quantile(scores[chosen], LEVEL) / whole for chosen in bins]
        values = np.clip(ratios, 1 / MOST, MOST) ** (rows / (rows + count * HALF_COUNTED))
        knots, first = np.unique([np.median(predicted[chosen]) for chosen in bins], return_index=True)
        return cls(knots, values[first])

    def predict(self, predicted: Floats) -> Floats:
        """Return the factor of rows with these predictions, (n,) float64."""
        return np.interp(predicted, self.knots, self.values)
