"""Run trials side by side on the same folds.

One fit for each core, with progress reports, each failure kept in its trial.
"""

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import r2_score

from core.array_types import Floats
from core.automl.forecast import Forecast
from core.automl.serving_cost import ServingCost, measure_cost
from core.errors import ParameterError, RegattaError, TrainingFailedError
from core.preprocessing.target_transforms import inner_regressor
from core.progress import ReportProgress, TrialStatus
from core.regressors.candidates import Candidate, reached_max_iter
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits, max_graph_bytes, rows_to_fit
from core.regressors.splits import evenly_spaced
from core.regressors.thread_limits import limit_openmp, one_core_per_fit

log = logging.getLogger("regatta")

# The beginning of scikit-learn's InvalidParameterError.
PARAMETER = re.compile(r"The '(\w+)' parameter of \w+")
OUT_OF_TIME = "there was no time for it within time_limit"
# The overhead of a trial beside its fit, so that cheap trials are not ordered by noise.
LEAST_SECONDS = 0.02


@dataclass(eq=False)
class Trial:
    """A candidate that is tried. `predicted` has its predictions of the test rows of each fold that it ran on.

    `prior` is the expected gain in R2 relative to the other trials; `cost` is the measured serving cost, or None.
    """

    candidate: Candidate
    label: str
    estimator: Any
    notes: list[str]
    expected_seconds: float
    prior: float = 1.0
    # The most bytes of its graph, with any number of train rows.
    most_bytes: float = math.inf
    predicted: dict[int, Floats] = field(default_factory=dict)
    fitted: Any = None
    seconds: float = 0.0
    cost: ServingCost | None = None
    stopped_early: bool = False
    failure: RegattaError | None = None
    # Running fits.
    running: int = 0
    _scores: dict[int, float] = field(default_factory=dict)

    def scores(self, fold_cache: FoldCache) -> list[float]:
        """Return R2 of each fold that it ran on."""
        folds = [(number, fold) for number, fold in enumerate(fold_cache.data.folds) if number in self.predicted]
        for number, fold in folds:
            if number not in self._scores:
                self._scores[number] = float(r2_score(fold_cache.data.train_y[fold.test], self.predicted[number]))
        return [self._scores[number] for number, _ in folds]

    def grown_cost(self, factor: float) -> ServingCost:
        """Return its serving cost, at most, with `factor` times the train rows; 0 where it was not measured."""
        return self.cost.grown(factor, self.most_bytes) if self.cost else ServingCost(0, 0.0, 0.0)

    def mean(self, fold_cache: FoldCache) -> float:
        """Return the mean R2 over the folds; -inf for a failed trial."""
        return -np.inf if self.failure else float(np.mean(self.scores(fold_cache)))


def make_trial(
    fold_cache: FoldCache, candidate: Candidate, limits: TrainingLimits, label: str | None = None, prior: float = 1.0
) -> Trial:
    """Return the trial of a candidate; invalid parameters are its failure already."""
    rows, columns = len(fold_cache.data.train_y), len(fold_cache.data.columns)
    seconds = candidate.expected_seconds(rows, columns)
    trial = Trial(candidate, label or candidate.regressor.name, None, [], seconds, prior)
    try:
        trial.estimator, trial.notes = candidate.make_estimator(rows, limits)
        trial.most_bytes = min(limits.model_bytes, max_graph_bytes(inner_regressor(trial.estimator)))
    except RegattaError as error:
        trial.failure = error
    return trial


def trial_statuses(fold_cache: FoldCache, trials: Sequence[Trial]) -> list[TrialStatus]:
    """Return the status of the trials that have begun, the best first."""
    shown: list[TrialStatus] = []
    for trial in trials:
        scores = trial.scores(fold_cache) if trial.failure is None else []
        if scores or trial.running:
            shown.append(
                {
                    "model_type": trial.candidate.regressor.name,
                    "target_transform": trial.candidate.target_transform,
                    "r2": round(float(np.mean(scores)), 4) if scores else None,
                    "folds": len(scores),
                    "seconds": round(trial.seconds, 3),
                    "running": trial.running > 0,
                }
            )
    return sorted(shown, key=lambda one: -np.inf if one["r2"] is None else one["r2"], reverse=True)


@dataclass(frozen=True)
class TrialBudget:
    """The time of a run: its `deadline` by `time.monotonic()`, and the forecast of its fits.

    `after` returns the seconds that are needed after the run if this trial succeeds too; for one that has begun
    (True) the least of them.
    """

    deadline: float
    forecast: Forecast
    after: Callable[[Trial, bool], float] = lambda _trial, _begun: 0.0


def run_trials(
    fold_cache: FoldCache,
    trials: Sequence[Trial],
    fold_numbers: Sequence[int],
    limits: TrainingLimits,
    report_progress: ReportProgress,
    budget: TrialBudget | None = None,
    *,
    measure_costs: bool = False,
    shown: Sequence[Trial] | None = None,
) -> None:
    """Fit each trial on the `fold_numbers` that it was not fitted on yet, in parallel, and keep failures in the trial.

    Without `budget` the longest fits go first, so that no core waits for the last one. With it the trial with the
    highest prior for its seconds goes next, and one that is not expected to end in time is not begun or not continued,
    except the first that succeeds. With `measure_costs` each is compiled after its first fold to measure its
    serving cost. Progress reports have the status of the trials in `shown`, by default of these. Raises `StoppedError`
    from `report_progress` as soon as the running fits have ended.
    """
    TrialScheduler(
        fold_cache, trials, fold_numbers, limits, report_progress, budget, measure_costs, shown or trials
    ).run()


class TrialScheduler:
    """One run of trials."""

    def __init__(
        self,
        fold_cache: FoldCache,
        trials: Sequence[Trial],
        fold_numbers: Sequence[int],
        limits: TrainingLimits,
        report_progress: ReportProgress,
        budget: TrialBudget | None,
        measure_costs: bool,
        shown: Sequence[Trial],
    ) -> None:
        self.fold_cache = fold_cache
        self.trials = trials
        self.fold_numbers = fold_numbers
        self.limits = limits
        self.report_progress = report_progress
        self.budget = budget
        self.measure_costs = measure_costs
        self.shown = shown
        self.forecast = budget.forecast if budget else Forecast(len(fold_cache.data.columns))
        self.threads = limits.threads
        self.stopping = threading.Event()
        # When each running fit should end.
        self.ends: dict[tuple[Trial, int], float] = {}

    def run(self) -> None:
        """Run the trials; `StoppedError` from `report_progress` ends this as soon as the running fits end."""
        waiting = self._next_tasks()
        running: dict[Future[None], tuple[Trial, int]] = {}
        with one_core_per_fit(), ThreadPoolExecutor(self.threads, initializer=limit_openmp) as pool:
            try:
                while True:
                    while len(running) < self.threads and (task := next(waiting, None)):
                        running[pool.submit(self._fit, *task)] = task
                        task[0].running += 1
                        self.ends[task] = time.monotonic() + self._seconds(*task)
                    if not running:
                        return
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        task = running.pop(future)
                        task[0].running -= 1
                        del self.ends[task]
                        if error := future.exception():
                            task[0].failure = _as_training_error(error, task[0])
                    self._report()
            finally:
                self.stopping.set()

    def _next_tasks(self) -> Iterator[tuple[Trial, int]]:
        """Yield the next trial and fold, decided when it is asked for."""
        if self.budget is None:
            tasks = [(trial, fold_number) for trial in self.trials for fold_number in self._missing_folds(trial)]
            tasks.sort(key=lambda task: -self._seconds(*task))
            yield from (task for task in tasks if task[0].failure is None)
            return
        waiting = list(self.trials)
        while waiting:
            trial = self._next(self.budget, waiting)
            waiting.remove(trial)
            left = self._missing_folds(trial)
            for done, fold_number in enumerate(left):
                if trial.failure is not None:
                    break
                if self._is_only_hope(trial) or self._in_time(self.budget, trial, left[done:], done > 0):
                    yield trial, fold_number
                else:
                    trial.failure = TrainingFailedError(OUT_OF_TIME)

    def _missing_folds(self, trial: Trial) -> list[int]:
        return [fold_number for fold_number in self.fold_numbers if fold_number not in trial.predicted]

    def _seconds(self, trial: Trial, fold_number: int) -> float:
        return self.forecast.seconds(trial.candidate, self.fold_cache.train_rows(fold_number))

    def _prior_per_second(self, trial: Trial) -> float:
        """Return the prior of a trial for each of its seconds."""
        return trial.prior / (LEAST_SECONDS + self._seconds(trial, self.fold_numbers[0]))

    def _next(self, budget: TrialBudget, waiting: Sequence[Trial]) -> Trial:
        """Return the trial with the highest prior for its seconds.

        The fastest where none is in time and none has run.
        """
        best = max(waiting, key=self._prior_per_second)
        alone = self._is_only_hope(best) and math.isfinite(best.prior)
        if alone and not self._in_time(budget, best, self._missing_folds(best), False):
            return min(waiting, key=lambda trial: self._seconds(trial, self.fold_numbers[0]))
        return best

    def _is_only_hope(self, trial: Trial) -> bool:
        """Return whether no other trial has succeeded."""
        return not any(other is not trial and other.failure is None and other.predicted for other in self.trials)

    def _in_time(self, budget: TrialBudget, trial: Trial, left: Sequence[int], begun: bool) -> bool:
        """Return whether the missing folds of a trial should end in time, after the running fits."""
        if not left:
            return True
        now = time.monotonic()
        under_way = sum(max(0.0, end - now) for end in self.ends.values())
        own = self._seconds(trial, left[0])
        ahead = max(under_way + own * len(left), own * self.threads) / self.threads
        return now + ahead + budget.after(trial, begun) <= budget.deadline

    def _fit(self, trial: Trial, fold_number: int) -> None:
        if self.stopping.is_set() or trial.failure is not None:
            return
        begun = time.perf_counter()
        prepared = self.fold_cache.prepared(fold_number)
        regressor = trial.candidate.regressor
        train_x, test_x = prepared.matrices(scaled=regressor.scaled)
        rows, width = train_x.shape
        used = rows_to_fit(regressor, inner_regressor(trial.estimator), rows, width, self.limits.model_bytes)
        chosen = slice(None) if used == rows else evenly_spaced(rows, used)
        fit_begun = time.perf_counter()
        fitted = clone(trial.estimator).fit(train_x[chosen], prepared.train_y[chosen])
        predicted = np.asarray(fitted.predict(test_x), np.float64)
        if not np.isfinite(predicted).all():
            raise TrainingFailedError(
                f"{trial.label} predicts numbers that are not finite on this table. Scale the target to smaller values."
            )
        seconds = time.perf_counter() - begun
        if fold_number == self.fold_cache.holdout_fold:
            trial.fitted = prepared.pipeline(fitted, scaled=regressor.scaled)
            if used < rows:
                trial.notes.append(
                    f"learned from {used:,} of the {rows:,} rows, spread evenly, to bound its time and size"
                )
        trial.stopped_early |= reached_max_iter(fitted)
        self.forecast.learn(trial.candidate, rows, begun + seconds - fit_begun)
        if self.measure_costs and fold_number == self.fold_numbers[0]:
            pipeline = prepared.pipeline(fitted, scaled=regressor.scaled)
            trial.cost = measure_cost(pipeline, self.fold_cache.data.columns, self.fold_cache.data.test_x)
        trial.predicted[fold_number] = predicted
        trial.seconds += seconds

    def _report(self) -> None:
        shares = [self._share(trial) for trial in self.trials]
        total = sum(trial.expected_seconds for trial in self.trials) or 1.0
        behind = sum(trial.expected_seconds * share for trial, share in zip(self.trials, shares, strict=True))
        fold_numbers = {trial.label: round(share, 3) for trial, share in zip(self.trials, shares, strict=True)}
        # The last fits, on all rows, do not change the leaderboard.
        compared = any(fold_number != self.fold_cache.holdout_fold for fold_number in self.fold_numbers)
        self.report_progress(
            "training", behind / total, fold_numbers, trial_statuses(self.fold_cache, self.shown) if compared else None
        )

    def _share(self, trial: Trial) -> float:
        if trial.failure is not None:
            return 1.0
        return sum(fold_number in trial.predicted for fold_number in self.fold_numbers) / len(self.fold_numbers)


def _as_training_error(error: BaseException, trial: Trial) -> RegattaError:
    """Return an error of a fit as the caller sees it; one that parameters or table did not cause is a fault of ours."""
    if isinstance(error, RegattaError):
        return error
    name = trial.candidate.regressor.name
    log.info("%s could not be trained", name, exc_info=error)
    if not isinstance(error, ValueError | TypeError | ArithmeticError | MemoryError):
        return RegattaError(f"{name} could not be trained for a fault of ours. It has been logged.")
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    refused = PARAMETER.match(reason)
    if refused:
        # scikit-learn names the allowed values, but for the function that checked the parameter.
        detail = PARAMETER.sub(rf"The '\1' parameter of {name}", reason)
        return ParameterError(detail, [{"field": f"params.{refused[1]}", "message": "out of its range"}])
    return TrainingFailedError(f"{name} could not be trained on this table: {reason}")
