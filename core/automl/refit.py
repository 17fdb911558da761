"""The end of a portfolio search: refit the winner on all rows and verify its graph, or go on to the next best."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.array_types import Floats
from core.automl.ensemble_selection import make_ensemble, weighted_prediction
from core.automl.portfolio_search import PortfolioSearch, fitting_seconds, storing_seconds
from core.automl.scheduler import TrialScheduler
from core.automl.screening import subsample_split
from core.automl.selection import Selection, cost_of_trials, select
from core.automl.serving_cost import ServingCost
from core.automl.trial import Trial, make_trial
from core.automl.verified_graph import VerifiedGraph, measure_cost, verify_graph
from core.errors import RegattaError, TrainingFailedError
from core.progress import ReportProgress, StoppedError
from core.regressors.fold_cache import FoldCache

log = logging.getLogger("regatta")

# Rows are reduced by this factor, and not for less than these seconds.
FEWER, LEAST_FITTING = 0.9, 0.2
# An ensemble that exceeds a limit although its members together do not is selected again within limits tightened so.
TIGHTER = 0.8


@dataclass(frozen=True)
class RefitModel:
    """A selection, refitted: `fold_cache` has the rows, `fitted` the members as in the selection."""

    selection: Selection
    rejected_ensemble: Selection | None
    fold_cache: FoldCache
    fitted: list[Trial]
    pipeline: Any

    @property
    def holdout(self) -> Floats:
        """Return its predictions of the holdout, float64 (n,)."""
        return weighted_prediction(self.fitted, self.selection.weights, self.fold_cache.holdout_fold)


@dataclass(frozen=True)
class Winner:
    """The model that won, its verified graph, and the search with what the refits have shown."""

    search: PortfolioSearch
    model: RefitModel
    verified: VerifiedGraph


@dataclass(frozen=True)
class Refits:
    """The trials of a search that were refitted on the same rows, by label."""

    fold_cache: FoldCache
    trials: Mapping[str, Trial] = field(default_factory=dict)

    def missing(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return those of the trials that are not refitted on these rows yet."""
        return [trial for trial in trials if trial.label not in self.trials or not self.trials[trial.label].predicted]


@dataclass(frozen=True)
class RefitStage:
    """What is known between two attempts to refit a winner; each attempt that fails returns a new stage.

    `refits` are by number of train rows. The `dropped` trials, by label, take no part while there are others: an
    ensemble with them took too long. The limits of an ensemble are multiplied by `tightened`.
    """

    search: PortfolioSearch
    refits: Mapping[int, Refits] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    tightened: float = 1.0

    def missing(self, trials: Sequence[Trial], rows: int) -> list[Trial]:
        """Return those of the trials that are not refitted on so many rows yet."""
        return self.refits[rows].missing(trials) if rows in self.refits else list(trials)

    def eligible(self) -> list[Trial]:
        """Return the trials that may win.

        They are the finalists within the limits that are not dropped, or all within the limits if each one is dropped.
        Once time is up, they are those of them that are refitted. If no finalist is within the limits, they are all
        finalists, and `select` names the nearest.
        """
        search = self.search
        growth, limits = search.growth(), search.serving_limits
        within = [trial for trial in search.finalists if limits.excess(cost_of_trials([trial], growth)) <= 1]
        if not within:
            return search.finalists
        pool = [trial for trial in within if trial.label not in self.dropped] or within
        if time.monotonic() < search.deadline:
            return pool
        return [trial for trial in pool if any(not refits.missing([trial]) for refits in self.refits.values())] or pool

    def without(self, trial: Trial) -> "RefitStage":
        """Return the stage with this trial dropped; if each eligible trial was dropped before, with this one alone."""
        before = frozenset[str]() if trial.label in self.dropped else self.dropped
        return replace(self, dropped=before | {trial.label})

    def affordable_rows(self, trials: Sequence[Trial]) -> int:
        """Return the most train rows that there is time for; fewer than a fold has where even those take too long."""
        search = self.search
        left = max(search.deadline - time.monotonic() - storing_seconds(search, trials), LEAST_FITTING)
        rows = len(search.data.train_y)
        while rows >= search.rows and fitting_seconds(search, self.missing(trials, rows), rows) > left:
            rows = int(FEWER * rows)
        return rows

    def with_failures(self, failures: Mapping[str, RegattaError]) -> "RefitStage":
        """Return the stage with these trials failed, by label; raises the last failure where no trial is left."""
        failed = [trial.with_failure(failures[trial.label]) for trial in self.search.trials if trial.label in failures]
        search = self.search.with_trials(failed)
        if not search.usable:
            raise list(failures.values())[-1]
        return replace(self, search=search)

    def with_costs(self, costs: Mapping[str, ServingCost]) -> "RefitStage":
        """Return the stage with the costs of final models, by label, and tighter limits for the next ensemble."""
        growth = self.search.growth()
        measured = []
        for trial in self.search.trials:
            if cost := costs.get(trial.label):
                # Divided by the growth that `select` multiplies by, and never less than measured after that.
                most_bytes = max(trial.most_bytes, cost.size_bytes)
                measured.append(replace(trial, cost=cost.grown(1 / growth), most_bytes=most_bytes))
        return replace(self, search=self.search.with_trials(measured), tightened=self.tightened * TIGHTER)


def refit_winner(search: PortfolioSearch, report_progress: ReportProgress) -> Winner:
    """Select the winner, refit it on all rows, or on as many as there is time for, compile it and verify its graph.

    Where a winner cannot be refitted or compiled, its graph disagrees or it exceeds the limits, the next best is
    selected; the search that is returned has the failure. Where `report_progress` stops it, the search is cut short.
    Raises `InvalidInputError` where no model is within the limits, the failure of the last winner where all fail, and
    `StoppedError`.
    """
    outcome: RefitStage | Winner = RefitStage(search)
    # It ends: each attempt that fails leaves fewer trials or fewer within the limits, drops one more, rules out the
    # ensemble or tightens its limits, or cuts the search once.
    while isinstance(outcome, RefitStage):
        outcome = attempt_refit(outcome, report_progress)
    return outcome


def attempt_refit(stage: RefitStage, report_progress: ReportProgress) -> RefitStage | Winner:
    """Return the winner, or the stage with the reason why the selected model is not the winner."""
    search = stage.search
    tightened = None if search.ensemble_failure else stage.tightened
    selection, rejected_ensemble = select(
        search.fold_cache, stage.eligible(), search.serving_limits, search.growth(), tightened
    )
    rows = stage.affordable_rows(selection.trials)
    if rows < search.rows and len(selection.members) > 1:
        return stage.without(selection.lightest)
    stage, refits, stop = refit(stage, selection.trials, max(rows, search.rows), report_progress)
    if stop is not None:
        return replace(stage, search=search.cut_short(stop))
    fitted = [refits.trials[trial.label] for trial in selection.trials]
    if failures := {trial.label: trial.failure for trial in fitted if trial.failure}:
        return stage.with_failures(failures)
    model = RefitModel(selection, rejected_ensemble, refits.fold_cache, fitted, _pipeline(selection, fitted))
    return verify(stage, model)


def refit(
    stage: RefitStage, trials: Sequence[Trial], rows: int, report_progress: ReportProgress
) -> tuple[RefitStage, Refits, StoppedError | None]:
    """Refit those of the trials that are not refitted on so many rows yet; progress reports name the others as done.

    Returns the stage with the refits on these rows, those refits, and the `StoppedError` of `report_progress` if there
    was one.
    """
    search = stage.search
    known = stage.refits.get(rows) or Refits(FoldCache(subsample_split(search.data, rows)))
    missing = known.missing(trials)
    begun = [
        make_trial(known.fold_cache, trial.candidate, search.limits, trial.label)
        if trial in missing
        else known.trials[trial.label]
        for trial in trials
    ]
    fold_numbers = [known.fold_cache.holdout_fold]
    fitted, stop = TrialScheduler(known.fold_cache, begun, fold_numbers, search.limits, report_progress, None).run()
    refits = replace(known, trials={**known.trials, **{trial.label: trial for trial in fitted}})
    return replace(stage, refits={**stage.refits, rows: refits}), refits, stop


def verify(stage: RefitStage, model: RefitModel) -> RefitStage | Winner:
    """Compile a refitted model and compare its graph with it; return the winner, or the stage with what is wrong."""
    search = stage.search
    try:
        verified = verify_graph(model.pipeline, model.fold_cache.data)
    except Exception as error:
        if failures := _failures(model, error):
            return stage.with_failures(failures)
        return replace(stage, search=replace(search, ensemble_failure=_as_failure(model.selection.label, error)))
    if search.serving_limits.excess(verified.cost) <= 1:
        return Winner(search, model, verified)
    return stage.with_costs(_costs(model, verified))


def _pipeline(selection: Selection, fitted: Sequence[Trial]) -> Any:
    """Return the fitted estimator, which takes raw columns."""
    if len(fitted) == 1:
        return fitted[0].fitted
    return make_ensemble([(trial.label, trial.fitted) for trial in fitted], selection.weights)


def _failures(model: RefitModel, error: Exception) -> dict[str, RegattaError]:
    """Return the failure of each member, by label, whose graph alone fails as well; none where only the ensemble's."""
    if len(model.fitted) == 1:
        label = model.fitted[0].label
        return {label: _as_failure(label, error)}
    failures = {}
    for trial in model.fitted:
        try:
            verify_graph(trial.fitted, model.fold_cache.data)
        except Exception as alone:
            failures[trial.label] = _as_failure(trial.label, alone)
    return failures


def _as_failure(label: str, error: Exception) -> RegattaError:
    if isinstance(error, RegattaError):
        return error
    log.error("%s could not be compiled", label, exc_info=error)
    return TrainingFailedError(f"{label} could not be compiled for a fault of ours. It has been logged.")


def _costs(model: RefitModel, verified: VerifiedGraph) -> dict[str, ServingCost]:
    """Return the serving cost of each member's final model, by label."""
    if len(model.fitted) == 1:
        return {model.fitted[0].label: verified.cost}
    data = model.fold_cache.data
    return {trial.label: measure_cost(trial.fitted, data.columns, data.test_x) for trial in model.fitted}
