"""The end of a portfolio search: refit the winner on all rows and verify it, or take the next best."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.array_types import Floats
from core.automl.ensemble_selection import make_ensemble, weighted_prediction
from core.automl.portfolio_search import PortfolioSearch, fitting_seconds, storing_seconds
from core.automl.scheduler import Trial, make_trial, run_trials
from core.automl.screening import subsample_split
from core.automl.selection import Selection, cost_of_trials, select
from core.automl.serving_cost import VerifiedGraph, measure_cost, verify_graph
from core.errors import RegattaError, TrainingFailedError
from core.progress import ReportProgress, StoppedError
from core.regressors.fold_cache import FoldCache

log = logging.getLogger("regatta")

# Rows are reduced by this factor, and not for less than these seconds.
FEWER, LEAST_FITTING = 0.9, 0.2
# An ensemble that exceeds a limit although its members together do not is selected again within limits tightened so.
TIGHTER = 0.8


@dataclass(frozen=True)
class RefitResult:
    """The winner, refitted and verified: `fold_cache` has its rows, `fitted` its members as in the selection."""

    selection: Selection
    rejected_ensemble: Selection | None
    fold_cache: FoldCache
    fitted: list[Trial]
    pipeline: Any
    verified: VerifiedGraph

    @property
    def holdout(self) -> Floats:
        """Return its predictions of the holdout, float64 (n,)."""
        return weighted_prediction(
            self.fitted, [weight for _, weight in self.selection.members], self.fold_cache.holdout_fold
        )


@dataclass
class _Refits:
    """The trials that were refitted so far, by the number of train rows."""

    search: PortfolioSearch
    fold_caches: dict[int, FoldCache] = field(default_factory=dict)
    fitted: dict[int, dict[Trial, Trial]] = field(default_factory=dict)

    def fit(self, trials: Sequence[Trial], rows: int, report_progress: ReportProgress) -> tuple[FoldCache, list[Trial]]:
        """Return the trials refitted on so many rows, each once; a failure is that of the trial too."""
        if rows not in self.fold_caches:
            self.fold_caches[rows] = FoldCache(subsample_split(self.search.data, rows))
        fold_cache, known = self.fold_caches[rows], self.fitted.setdefault(rows, {})
        for trial in self.left(trials, rows):
            known[trial] = make_trial(fold_cache, trial.candidate, self.search.limits, trial.label)
        last = [known[trial] for trial in trials]
        run_trials(fold_cache, last, [fold_cache.holdout_fold], self.search.limits, report_progress)
        for trial, final in zip(trials, last, strict=True):
            trial.failure = final.failure
        return fold_cache, last

    def left(self, trials: Sequence[Trial], rows: int) -> list[Trial]:
        """Return the trials that are not refitted on so many rows yet."""
        known = self.fitted.get(rows, {})
        return [trial for trial in trials if trial not in known or not known[trial].predicted]

    def ready(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return the trials that are refitted on some number of rows."""
        return [trial for trial in trials if any(not self.left([trial], rows) for rows in self.fitted)]


def refit_winner(search: PortfolioSearch, report_progress: ReportProgress) -> RefitResult:
    """Select the winner, refit it on all rows, or on as many as there is time for, compile it and verify its graph.

    Where a winner cannot be refitted or compiled, its graph disagrees or it exceeds the limits, the next best is
    selected; the failure is kept in its trial, or in `ensemble_failure` of the search. Where `report_progress` stops
    it, the search is cut short. Raises `InvalidInputError` where no model is within the limits, the failure of the
    last winner where all fail, and `StoppedError`.
    """
    finals, dropped, tightened = _Refits(search), set[Trial](), 1.0
    while True:
        pool = _eligible(search, finals, dropped)
        selection, rejected_ensemble = select(
            search.fold_cache, pool, search.bounds, search.growth(), None if search.ensemble_failure else tightened
        )
        rows = _affordable_rows(search, finals, selection.trials)
        if rows < search.rows and len(selection.members) > 1:
            dropped.add(selection.lightest)
            continue
        try:
            fold_cache, fitted = finals.fit(selection.trials, max(rows, search.rows), report_progress)
        except StoppedError as stop:
            search.cut_short(stop)
            continue
        if any(trial.failure for trial in selection.trials):
            _raise_if_none_left(search, selection)
            continue
        pipeline = _pipeline(selection, fitted)
        try:
            verified = verify_graph(pipeline, fold_cache.data)
        except Exception as error:
            _attribute_failure(search, selection, fold_cache, fitted, _as_failure(selection.label, error))
            _raise_if_none_left(search, selection)
            continue
        if search.bounds.excess(verified.cost) <= 1:
            return RefitResult(selection, rejected_ensemble, fold_cache, fitted, pipeline, verified)
        _measure_final_costs(search, selection, fold_cache, fitted, verified)
        tightened *= TIGHTER


def _eligible(search: PortfolioSearch, finals: _Refits, dropped: set[Trial]) -> list[Trial]:
    """Return the trials that may win: the finalists; once time is up, those that are refitted and within the limits."""
    pool = [trial for trial in search.finalists if trial not in dropped] or search.finalists
    if time.monotonic() < search.deadline:
        return pool
    ready = [e for e in finals.ready(pool) if search.bounds.excess(cost_of_trials([e], search.growth())) <= 1]
    return ready or pool


def _affordable_rows(search: PortfolioSearch, finals: _Refits, trials: Sequence[Trial]) -> int:
    """Return the most train rows that there is time for; fewer than a fold has where even those take too long."""
    left = max(search.deadline - time.monotonic() - storing_seconds(search, trials), LEAST_FITTING)
    rows = len(search.data.train_y)
    while rows >= search.rows and fitting_seconds(search, finals.left(trials, rows), rows) > left:
        rows = int(FEWER * rows)
    return rows


def _pipeline(selection: Selection, fitted: Sequence[Trial]) -> Any:
    """Return the fitted estimator, which takes raw columns."""
    if len(fitted) == 1:
        return fitted[0].fitted
    return make_ensemble([(trial.label, trial.fitted) for trial in fitted], [weight for _, weight in selection.members])


def _attribute_failure(
    search: PortfolioSearch, selection: Selection, fold_cache: FoldCache, fitted: Sequence[Trial], error: RegattaError
) -> None:
    """Attribute the failure: to each member whose graph alone fails as well, else to the ensemble."""
    if len(fitted) == 1:
        selection.trials[0].failure = error
        return
    for trial, final in zip(selection.trials, fitted, strict=True):
        try:
            verify_graph(final.fitted, fold_cache.data)
        except Exception as alone:
            trial.failure = _as_failure(trial.label, alone)
    if not any(trial.failure for trial in selection.trials):
        search.ensemble_failure = error


def _raise_if_none_left(search: PortfolioSearch, selection: Selection) -> None:
    """Raise the failure of a selection after which no trial is left."""
    failures = [trial.failure for trial in selection.trials if trial.failure]
    if failures and not search.usable:
        raise failures[-1]


def _as_failure(label: str, error: Exception) -> RegattaError:
    if isinstance(error, RegattaError):
        return error
    log.error("%s could not be compiled", label, exc_info=error)
    return TrainingFailedError(f"{label} could not be compiled for a fault of ours. It has been logged.")


def _measure_final_costs(
    search: PortfolioSearch,
    selection: Selection,
    fold_cache: FoldCache,
    fitted: Sequence[Trial],
    verified: VerifiedGraph,
) -> None:
    """Set the costs of the trials to those of their final models, divided by the growth that `select` multiplies by."""
    for trial, final in zip(selection.trials, fitted, strict=True):
        alone = (
            verified.cost
            if len(fitted) == 1
            else measure_cost(final.fitted, fold_cache.data.columns, fold_cache.data.test_x)
        )
        trial.cost = alone.grown(1 / search.growth())
