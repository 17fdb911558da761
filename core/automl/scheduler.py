"""Run trials side by side on the same folds: one fit for each core, with progress reports and within a time."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from core.automl.fit_threads import FitThreads
from core.automl.fold_fit import as_training_error, fit_fold
from core.automl.forecast import Forecast
from core.automl.trial import OUT_OF_TIME, FoldResult, Trial, trial_statuses
from core.errors import TrainingFailedError
from core.progress import ReportProgress, StoppedError, TrialStatus
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.thread_limits import one_core_per_fit

# The longest wait between two looks at a clock that ends the run, in seconds.
LONGEST_WAIT = 0.25

# The position of a trial and the number of a fold.
Fit = tuple[int, int]


@dataclass(frozen=True)
class TrialBudget:
    """The time of a run: its `deadline` by `time.monotonic()`, and the forecast of its fits.

    `after` takes all trials as they are now, one of them, and whether that one has begun. It returns the seconds to
    keep for what follows the run: if this trial succeeds beside the others, or, once it has begun, if it alone is used.
    """

    deadline: float
    forecast: Forecast
    after: Callable[[Sequence[Trial], Trial, bool], float] = lambda _trials, _trial, _begun: 0.0


def run_trials(
    fold_cache: FoldCache,
    trials: Sequence[Trial],
    fold_numbers: Sequence[int],
    limits: TrainingLimits,
    report_progress: ReportProgress,
    budget: TrialBudget | None = None,
) -> list[Trial]:
    """Return the trials after fits on the `fold_numbers` that they did not run on yet; one that failed has its failure.

    Without `budget` the longest fits go first, so that no core waits for the last one. With it the trial with the
    highest prior for its seconds goes next, and one that is not expected to end in time is not begun or not continued,
    except the first that succeeds. Raises `StoppedError` from `report_progress` as soon as the running fits have ended.
    """
    trials, stop = TrialScheduler(fold_cache, trials, fold_numbers, limits, report_progress, budget).run()
    if stop is not None:
        raise stop
    return trials


class TrialScheduler:
    """One run of trials. Its methods are called from one thread; the fits run in others and only return values."""

    def __init__(
        self,
        fold_cache: FoldCache,
        trials: Sequence[Trial],
        fold_numbers: Sequence[int],
        limits: TrainingLimits,
        report_progress: ReportProgress,
        budget: TrialBudget | None,
        *,
        until: float = math.inf,
        forecast: Forecast | None = None,
        with_cost: bool = False,
        with_graph: bool = False,
        beside: Sequence[Trial] = (),
    ) -> None:
        """Take what `run_trials` takes; fits under way at `until`, by `time.monotonic()`, are abandoned.

        The fits correct the `forecast`, or that of the budget. `with_cost` also measures the serving cost of each trial
        on the first fold. `with_graph` also compiles and verifies what is fitted on all train rows. Trials that are
        `beside` stand in the leaderboard, too, and then none of this run does that has failed.
        """
        self.fold_cache = fold_cache
        self.fold_numbers = fold_numbers
        self.limits = limits
        self.report_progress = report_progress
        self.budget = budget
        self.until = until
        self.with_cost = with_cost
        self.with_graph = with_graph
        self.beside = beside
        self.forecast = budget.forecast if budget else forecast or Forecast(len(fold_cache.data.columns))
        self.threads = limits.threads
        # The trials as they are now; a trial is known by its position here.
        self._trials = list(trials)
        self._fits: FitThreads[Fit, FoldResult] = FitThreads()
        # By fit under way: when it should end.
        self._ends: dict[Fit, float] = {}

    def run(self) -> tuple[list[Trial], StoppedError | None]:
        """Return the trials after the run, and the `StoppedError` of `report_progress` if that has ended it early."""
        waiting, stop = self._next_fits(), None
        with one_core_per_fit():
            try:
                while self._fill(waiting) and self._wait():
                    self._report()
            except StoppedError as error:
                stop = error
                while self._fits.running and self._wait():
                    pass
            finally:
                self._fits.close()
        return self._trials, stop

    def _fill(self, waiting: Iterator[Fit]) -> bool:
        """Start as many of the waiting fits as there are idle threads; return whether any fit is under way."""
        while len(self._fits.running) < self.threads and (fit := next(waiting, None)):
            self._ends[fit] = time.monotonic() + self._seconds(self._trials[fit[0]], fit[1])
            self._fits.start(fit, partial(self._fit, self._trials[fit[0]], fit[1]))
        return bool(self._fits.running)

    def _fit(self, trial: Trial, fold_number: int) -> FoldResult:
        """Return the result of a fit, in a thread of its own."""
        result = fit_fold(
            self.fold_cache,
            trial,
            fold_number,
            self.limits,
            self.forecast,
            with_cost=self.with_cost and fold_number == 0,
            with_graph=self.with_graph,
        )
        return replace(result, fold_pipeline=None)

    def _wait(self) -> bool:
        """Record the fits that end next; return whether any did before `until`."""
        while time.monotonic() < self.until:
            left = min(LONGEST_WAIT, self.until - time.monotonic())
            if ended := self._fits.wait(None if self.until == math.inf else left):
                self._record(ended)
                return True
        return False

    def _record(self, ended: Iterable[tuple[Fit, FoldResult | BaseException]]) -> None:
        """Replace the trials of these fits by trials with the result or the failure."""
        for fit, outcome in ended:
            del self._ends[fit]
            trial = self._trials[fit[0]]
            if isinstance(outcome, BaseException):
                self._trials[fit[0]] = trial.with_failure(as_training_error(outcome, trial))
            else:
                self._trials[fit[0]] = trial.with_result(outcome)

    def _next_fits(self) -> Iterator[Fit]:
        """Yield the position of a trial and the fold of its next fit, decided when it is asked for."""
        if self.budget is None:
            return self._longest_first()
        return self._best_first(self.budget)

    def _longest_first(self) -> Iterator[Fit]:
        fits = [(i, number) for i, trial in enumerate(self._trials) for number in self._missing_folds(trial)]
        fits.sort(key=lambda fit: -self._seconds(self._trials[fit[0]], fit[1]))
        return (fit for fit in fits if self._trials[fit[0]].failure is None)

    def _best_first(self, budget: TrialBudget) -> Iterator[Fit]:
        waiting = list(range(len(self._trials)))
        while waiting:
            position = self._next(budget, waiting)
            waiting.remove(position)
            missing = self._missing_folds(self._trials[position])
            for done, fold_number in enumerate(missing):
                if self._trials[position].failure is not None:
                    break
                if not self._no_other_succeeded(position) and not self._in_time(
                    budget, position, missing[done:], done > 0
                ):
                    self._trials[position] = self._trials[position].with_failure(TrainingFailedError(OUT_OF_TIME))
                    break
                yield position, fold_number

    def _missing_folds(self, trial: Trial) -> list[int]:
        return [fold_number for fold_number in self.fold_numbers if fold_number not in trial.predicted]

    def _seconds(self, trial: Trial, fold_number: int) -> float:
        return self.forecast.seconds(trial.candidate, self.fold_cache.train_rows(fold_number))

    def _prior_per_second(self, position: int) -> float:
        """Return the prior of a trial for each of its seconds."""
        trial = self._trials[position]
        return trial.prior_per_second(self._seconds(trial, self.fold_numbers[0]))

    def _next(self, budget: TrialBudget, waiting: Sequence[int]) -> int:
        """Return the position of the trial with the highest prior for its seconds.

        It is that of the fastest one instead if there is no time for that trial and no other one has a result. An
        infinite prior puts a trial first whatever it takes.
        """
        best = max(waiting, key=self._prior_per_second)
        first = self._no_other_succeeded(best) and math.isfinite(self._trials[best].prior)
        if first and not self._in_time(budget, best, self._missing_folds(self._trials[best]), False):
            return min(waiting, key=lambda position: self._seconds(self._trials[position], self.fold_numbers[0]))
        return best

    def _no_other_succeeded(self, position: int) -> bool:
        """Return whether no other trial has a result so far, failed ones left aside."""
        return not any(
            other != position and trial.failure is None and trial.predicted for other, trial in enumerate(self._trials)
        )

    def _in_time(self, budget: TrialBudget, position: int, left: Sequence[int], begun: bool) -> bool:
        """Return whether the missing folds of a trial should end in time, after the running fits."""
        if not left:
            return True
        now, trial = time.monotonic(), self._trials[position]
        under_way = sum(max(0.0, ends - now) for ends in self._ends.values())
        own = self._seconds(trial, left[0])
        ahead = max(under_way + own * len(left), own * self.threads) / self.threads
        return now + ahead + budget.after(self._trials, trial, begun) <= budget.deadline

    def _report(self) -> None:
        shares = [self._share(trial) for trial in self._trials]
        total = sum(trial.expected_seconds for trial in self._trials) or 1.0
        done = sum(trial.expected_seconds * share for trial, share in zip(self._trials, shares, strict=True))
        parts = {trial.label: round(share, 3) for trial, share in zip(self._trials, shares, strict=True)}
        # The last fits, on all rows, do not change the leaderboard.
        compared = any(fold_number != self.fold_cache.holdout_fold for fold_number in self.fold_numbers)
        self.report_progress("training", done / total, parts, self._statuses() if compared else None)

    def _statuses(self) -> list[TrialStatus]:
        """Return the leaderboard."""
        running = {self._trials[position] for position, _ in self._fits.running}
        shown = [trial for trial in self._trials if trial.failure is None] if self.beside else self._trials
        return trial_statuses([*self.beside, *shown], running)

    def _share(self, trial: Trial) -> float:
        if trial.failure is not None:
            return 1.0
        return sum(fold_number in trial.predicted for fold_number in self.fold_numbers) / len(self.fold_numbers)
