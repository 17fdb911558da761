"""Whether the errors of a champion on new rows are plausible: about those of its folds, and not out of all proportion.

A corrupted file looks fine to a challenger that was trained on it, but not to the champion. So the champion alone
decides whether rows are fit to train on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from scipy.stats import beta

from core.array_types import Floats
from core.model_manifest import ModelManifest

# Errors beyond nine tenths of the out-of-fold errors are "outside": a tenth of all rows, if nothing has changed.
PROMISED_LEVEL = 0.9
# More rows outside than this, and than twice the share of earlier arrivals, are a jump.
OUTSIDE_SHARE, TIMES_AS_USUAL = 0.3, 2.0
# Hardly any error is beyond the largest one of all folds, if nothing has changed.
FAR_SHARE = 0.05
# How sure these shares are where few residuals are known: of 15 the largest is exceeded by 22% of like rows at times.
SURE = 0.975
# With fewer residuals the holdout counts as well.
FEW_ROWS = 50
# Half way from the expected squared error to that of always predicting the mean of the new rows.
HALF_WAY = 0.5
# With a variance below this many times the expected error, the mean of a file is as good as any model.
LEAST_TO_EXPLAIN = 1.2
# A champion that explains all but this share of the variance of a file knows it, however small its own errors were:
# where the folds were all but perfect, later rows are easily ten times as far off and still right.
HARMLESS_SHARE = 0.01
# For bounds that hold with 97.5%.
Z = 1.96
# How many earlier arrivals count as usual.
USUAL_OF = 12
# With fewer rows nothing is concluded.
FEWEST_ROWS = 10


@dataclass(frozen=True)
class Plausibility:
    """The champion's errors on new rows beside the expected ones; `reasons` name what is out of all proportion."""

    rows: int
    # Shares of the rows, and the share outside above which it is a jump.
    outside: float
    outside_limit: float
    far: float
    # Mean squared errors: of the champion, of its folds, and of the mean of the new rows.
    mse: float
    promised_mse: float
    mean_mse: float
    reasons: list[str]

    @property
    def jumped(self) -> bool:
        """Return whether the errors are out of all proportion, as those of corrupted rows are."""
        return bool(self.reasons)


def plausibility(
    model: ModelManifest, actual: Floats, predicted: Floats, usual: Sequence[tuple[float, float]] = ()
) -> Plausibility:
    """Compare a champion's errors on new rows (float64, n) with its out-of-fold residuals.

    `usual` has the share outside and the root mean squared error of earlier accepted arrivals: where
    rows were divided at random, later rows may have larger errors than the folds. A model without residuals expects
    none.
    """
    errors = np.abs(actual - predicted)
    mse, mean_mse = float(np.mean(errors**2)), float(np.var(actual))
    promised = np.asarray(model.interval_quantiles, np.float64)
    if len(promised) < 2 or len(errors) < FEWEST_ROWS:
        return Plausibility(len(errors), 0.0, 1.0, 0.0, mse, mse, mean_mse, [])
    recent = list(usual)[-USUAL_OF:]
    before = float(np.median([outside for outside, _ in recent])) if recent else 0.0
    known = _known_rows(model)
    place = round(PROMISED_LEVEL * (len(promised) - 1))
    limit = max(OUTSIDE_SHARE, TIMES_AS_USUAL * before, _most_beyond(PROMISED_LEVEL, known))
    far_limit = max(FAR_SHARE, _most_beyond(1.0, known))
    outside, far = float(np.mean(errors > promised[place])), float(np.mean(errors > promised[-1]))
    promised_mse = float(np.trapezoid(promised**2) / (len(promised) - 1))
    kept = max([promised_mse, *([float(np.median([rmse**2 for _, rmse in recent]))] if recent else [])])
    if known < FEW_ROWS:
        # A mean over few rows is far off, and the holdout has others.
        kept = max(kept, model.metrics.get("mse") or 0.0)
    reasons: list[str] = []
    if mse <= HARMLESS_SHARE * mean_mse:
        return Plausibility(len(errors), outside, limit, far, mse, promised_mse, mean_mse, reasons)
    if _at_least(outside, len(errors)) > limit:
        reasons.append(
            f"{outside:.0%} of its rows are further off than nine tenths of the champion's own rows were "
            f"(usual is 10%, a jump more than {limit:.0%})"
        )
    if _at_least(far, len(errors)) > far_limit:
        reasons.append(f"{far:.0%} of its rows are further off than every row that the champion was judged by")
    half_way = kept + HALF_WAY * (mean_mse - kept)
    if mean_mse > LEAST_TO_EXPLAIN * kept and _at_least_mean(errors**2) > half_way:
        reasons.append(
            f"the champion misses it by {sqrt(mse):.4g} (root mean squared error) where {sqrt(kept):.4g} was to be "
            f"expected, and always saying its mean by {sqrt(mean_mse):.4g}: what was learned does not hold here"
        )
    return Plausibility(len(errors), outside, limit, far, mse, promised_mse, mean_mse, reasons)


def _known_rows(model: ModelManifest) -> int:
    """Return how many out-of-fold residuals a model has: after a race maybe those of one fold.

    With fewer residuals than quantiles each of them is one of the quantiles.
    """
    if model.race is None:
        return model.dataset.rows_train
    return max(FEWEST_ROWS, len(set(model.interval_quantiles)))


def _most_beyond(level: float, known: int) -> float:
    """Return the largest share of like rows, nearly for certain, beyond the quantile at `level` of `known` residuals.

    The share beyond the k-th of n has a Beta(n - k + 1, k) distribution: David and Nagaraja, "Order Statistics" (2003).
    """
    k = ceil(level * (known - 1)) + 1
    return float(beta.ppf(SURE, known - k + 1, k))


def _at_least(share: float, rows: int) -> float:
    """Return the lower bound of a share: Wilson, "Probable Inference", JASA 22 (1927)."""
    centre = share + Z**2 / (2 * rows)
    width = Z * sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2))
    return (centre - width) / (1 + Z**2 / rows)


def _at_least_mean(values: Floats) -> float:
    """Return the lower bound of a mean, by its standard error."""
    return float(values.mean() - Z * values.std(ddof=1) / sqrt(len(values)))
