"""How long the end of a search takes: refit, compile, verify, explain and store the winner, from what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.automl.forecast import Forecast, makespan
from core.automl.selection import cost_of_trials
from core.automl.serving_cost import CLEARLY_WITHIN, ServingLimits
from core.automl.training import TRAIN_METRIC_ROWS
from core.automl.trial import Trial
from core.compiler.compile import CHECKED_ROWS
from core.regressors.fold_cache import FoldCache
from core.regressors.importance import LEAST_ROWS, count_predictions
from core.regressors.splits import Split
from core.regressors.spread import expected_seconds

# Seconds to store any model, and for each megabyte of its graph beside compiling it: pickle, sign, send.
STORING_SECONDS, STORING_A_MEGABYTE = 0.2, 0.03
# The rows that are planned at the estimator's seconds: those of the verification, which it predicts, and those of the
# train metrics, which its graph predicts.
PREDICTED_ROWS = CHECKED_ROWS + TRAIN_METRIC_ROWS
# The most of the time that is kept to explain the winner: importance and effects take fewer rows where it is short.
EXPLAINING_SHARE = 0.08


@dataclass(frozen=True)
class Finishing:
    """The end of a search whose trials were compared on `fold_cache`, on a machine of this `pace`.

    `data` is the whole split: a winner is refitted on its train rows. The spread of its errors is learned within
    `spread_seconds`, and the search takes `search_seconds` in all.
    """

    data: Split
    fold_cache: FoldCache
    forecast: Forecast
    pace: float
    threads: int
    serving_limits: ServingLimits
    spread_seconds: float
    search_seconds: float

    @property
    def rows(self) -> int:
        """Return the train rows of a fold."""
        return self.fold_cache.train_rows(0)

    def growth(self, rows: int | None = None) -> float:
        """Return `rows` (by default of the whole training part) as a multiple of the train rows of a fold."""
        return (rows or len(self.data.train_y)) / self.rows

    def fitting_seconds(self, trials: Sequence[Trial], rows: int) -> float:
        """Return the seconds to preprocess `rows` rows and fit the trials on them side by side."""
        preparing = self.fold_cache.preparing_seconds * rows / self.rows if trials else 0.0
        fits = [self.forecast.seconds(trial.candidate, rows) for trial in trials]
        return preparing + makespan(fits, self.threads)

    def storing_seconds(self, members: Sequence[Trial]) -> float:
        """Return the seconds to compile, verify, explain and store a model of these members."""
        explaining = self._explaining_seconds(members) - self._least_explaining_seconds(members)
        return self.least_storing_seconds(members) + explaining + self.expected_spread_seconds

    def least_storing_seconds(self, members: Sequence[Trial]) -> float:
        """Return the seconds to store a model of these members in haste: explained on few rows, without a spread.

        What is expected or was measured in a moment takes longer on a machine that something else keeps busy.
        """
        cost, slowness = cost_of_trials(members, self.growth()), self.forecast.slowness
        # A model that may exceed a limit is compiled more than once.
        compiled = 1 if self.serving_limits.excess(cost) <= CLEARLY_WITHIN else 2
        predicting = self._row_seconds(members) * compiled * CHECKED_ROWS
        predicting += PREDICTED_ROWS * sum(trial.row_seconds for trial in members)
        storing = predicting + self._least_explaining_seconds(members) + self.writing_seconds(cost.size_bytes)
        return slowness * compiled * cost.seconds + storing

    def writing_seconds(self, size_bytes: int) -> float:
        """Return the seconds to store a model of a graph of this size that is compiled and explained."""
        return self._times_as_long * (STORING_SECONDS + STORING_A_MEGABYTE * size_bytes / 1e6)

    @property
    def expected_spread_seconds(self) -> float:
        """Return the seconds to learn the spread of the winner's errors."""
        expected = expected_seconds(len(self.fold_cache.data.train_y), len(self.data.columns))
        return min(self._times_as_long * expected, self.spread_seconds)

    @property
    def _times_as_long(self) -> float:
        """Return how many times as long as expected things take; what keeps the machine busy is in both measures."""
        return max(self.pace, self.forecast.slowness)

    def _explaining_seconds(self, members: Sequence[Trial]) -> float:
        """Return the seconds to keep for importance and effects of a model of these members."""
        predictions = count_predictions(len(self.data.test_y), len(self.data.columns))
        most = max(EXPLAINING_SHARE * self.search_seconds, self._least_explaining_seconds(members))
        return min(self._row_seconds(members) * predictions, most)

    def _least_explaining_seconds(self, members: Sequence[Trial]) -> float:
        """Return the seconds for the importance of a model of these members on as few rows as possible."""
        predictions = count_predictions(min(len(self.data.test_y), LEAST_ROWS), len(self.data.columns))
        return self._row_seconds(members) * predictions

    def _row_seconds(self, members: Sequence[Trial]) -> float:
        """Return the seconds in which the graph of a model of these members predicts a row."""
        return self.forecast.slowness * cost_of_trials(members, self.growth()).row_seconds
