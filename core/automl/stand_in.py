"""A trial that stands in for a winner on the folds that this did not run on, so that its intervals know more rows.

Where errors are large is a property of the table more than of the model, and a short race knows few of its winner's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from core.array_types import Floats
from core.automl.forecast import Forecast
from core.automl.scheduler import TrialScheduler
from core.automl.trial import Trial
from core.progress import ignore_progress
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits

# A trial whose squared error is more than this multiple of the best one's is off elsewhere than the winner is.
MOST_ERROR = 1.5


@dataclass(frozen=True)
class StandIn:
    """A trial that is to run on some `folds`, which should take so many `seconds`."""

    trial: Trial
    folds: Sequence[int]
    seconds: float

    def predict(self, fold_cache: FoldCache, limits: TrainingLimits, until: float) -> Mapping[int, Floats]:
        """Return what the trial predicts of the test rows of each fold, those of earlier fits among them.

        Fits under way at `until`, by `time.monotonic()`, are abandoned, and a fit that fails has no prediction.
        """
        scheduler = TrialScheduler(fold_cache, [self.trial], self.folds, limits, ignore_progress, None, until=until)
        (trial,), _ = scheduler.run()
        return trial.predicted


def choose_stand_in(
    fold_cache: FoldCache,
    trials: Sequence[Trial],
    missing: Sequence[int],
    forecast: Forecast,
    threads: int,
    seconds: float,
) -> StandIn | None:
    """Return the trial that can run on most of the `missing` folds in so many `seconds`, of several the best one.

    It is among those that are about as good as the best; None where there is time for no fold. All trials ran on the
    folds before the missing ones, which are what they are compared on.
    """
    first = missing[0]
    scores = {trial: float(np.mean(trial.scores[:first])) for trial in trials}
    least = 1 - MOST_ERROR * (1 - max(scores.values(), default=0.0))

    def plan(trial: Trial) -> StandIn:
        known = fold_cache.is_prepared(first, codes=trial.candidate.takes_codes)
        fit = forecast.seconds(trial.candidate, fold_cache.train_rows(first))
        fit += 0.0 if known else fold_cache.preparing_seconds
        folds = missing[: threads * int(seconds / fit)]
        return StandIn(trial, folds, ceil(len(folds) / threads) * fit)

    plans = [plan(trial) for trial in trials if scores[trial] >= least]
    best = max(plans, key=lambda plan: (len(plan.folds), scores[plan.trial]), default=None)
    return best if best and best.folds else None
