"""Whether a champion errs on new rows about as its folds have promised, or as nobody would who has learned the same.

A file that is corrupted looks fine to a challenger that has learned the corruption. It does not to the champion, which
has not: so the question whether rows are fit to be learned from is put to the champion alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from core.array_types import Floats
from core.manifests import ModelManifest

# Errors beyond nine tenths of those that the folds left are "outside": a tenth of all rows, if nothing has changed.
PROMISED_LEVEL = 0.9
# More rows than these outside is a jump, and more than twice what was usual in the arrivals before.
OUTSIDE_SHARE, TIMES_AS_USUAL = 0.3, 2.0
# Beyond the largest error of all folds there is next to nothing, if nothing has changed.
FAR_SHARE = 0.05
# Half way from the squared error that was promised to that of somebody who always says the mean of the new rows.
HALF_WAY = 0.5
# With less to explain than this many times the promised error, the mean of a file is as good as any model.
LEAST_TO_EXPLAIN = 1.2
# For bounds that hold with 97.5%.
Z = 1.96
# So many arrivals before say what is usual.
USUAL_OF = 12
# No rule follows from fewer rows.
FEWEST_ROWS = 10


@dataclass(frozen=True)
class Plausibility:
    """How the champion errs on new rows, beside what was promised; `reasons` say what is out of all proportion."""

    rows: int
    # Shares of the rows, and the share outside from which on it is a jump.
    outside: float
    outside_limit: float
    far: float
    # Mean squared errors: of the champion, as promised, and of the mean of the new rows.
    mse: float
    promised_mse: float
    mean_mse: float
    reasons: list[str]

    @property
    def jumped(self) -> bool:
        """Whether the rows cannot be told from corrupted ones."""
        return bool(self.reasons)


def plausibility(
    model: ModelManifest, actual: Floats, predicted: Floats, usual: Sequence[tuple[float, float]] = ()
) -> Plausibility:
    """Compare a champion's errors on new rows (float64, n) with its out-of-fold residuals.

    `usual` has, of arrivals before that were learned from, the share outside and the root mean squared error: where
    rows were divided at random, folds may promise more than time keeps. A model that has no residuals promises nothing.
    """
    errors = np.abs(actual - predicted)
    mse, mean_mse = float(np.mean(errors**2)), float(np.var(actual))
    promised = np.asarray(model.interval_quantiles, np.float64)
    if len(promised) < 2 or len(errors) < FEWEST_ROWS:
        return Plausibility(len(errors), 0.0, 1.0, 0.0, mse, mse, mean_mse, [])
    recent = list(usual)[-USUAL_OF:]
    before = float(np.median([outside for outside, _ in recent])) if recent else 0.0
    limit = max(OUTSIDE_SHARE, TIMES_AS_USUAL * before)
    outside = float(np.mean(errors > promised[round(PROMISED_LEVEL * (len(promised) - 1))]))
    far = float(np.mean(errors > promised[-1]))
    promised_mse = float(np.trapezoid(promised**2) / (len(promised) - 1))
    kept = max([promised_mse, *([float(np.median([rmse**2 for _, rmse in recent]))] if recent else [])])
    reasons = []
    if _at_least(outside, len(errors)) > limit:
        reasons.append(
            f"{outside:.0%} of its rows are further off than nine tenths of the champion's own rows were "
            f"(usual is 10%, a jump more than {limit:.0%})"
        )
    if _at_least(far, len(errors)) > FAR_SHARE:
        reasons.append(f"{far:.0%} of its rows are further off than every row that the champion was judged by")
    half_way = kept + HALF_WAY * (mean_mse - kept)
    if mean_mse > LEAST_TO_EXPLAIN * kept and _at_least_mean(errors**2) > half_way:
        reasons.append(
            f"the champion misses it by {sqrt(mse):.4g} (root mean squared error) where {sqrt(kept):.4g} was to be "
            f"expected, and always saying its mean by {sqrt(mean_mse):.4g}: what was learned does not hold here"
        )
    return Plausibility(len(errors), outside, limit, far, mse, promised_mse, mean_mse, reasons)


def _at_least(share: float, rows: int) -> float:
    """The lower bound of a share: Wilson, "Probable Inference", JASA 22 (1927)."""
    centre = share + Z**2 / (2 * rows)
    width = Z * sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2))
    return (centre - width) / (1 + Z**2 / rows)


def _at_least_mean(values: Floats) -> float:
    """The lower bound of a mean, by its standard error."""
    return float(values.mean() - Z * values.std(ddof=1) / sqrt(len(values)))
