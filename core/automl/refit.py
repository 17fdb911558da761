"""The end of a portfolio search: refit the winner on all rows and verify its graph, or go on to the next best.

Where there is no time to refit it, the models that were fitted on the first fold win as they are.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import numpy as np

from core.array_types import Floats
from core.automl.ensemble_selection import make_ensemble, weighted_prediction
from core.automl.learn_in_parts import learn_in_parts
from core.automl.portfolio_search import PortfolioSearch
from core.automl.scheduler import TrialScheduler
from core.automl.screening import subsample_split
from core.automl.selection import Selection, is_better_refitted, select
from core.automl.serving_cost import ServingCost
from core.automl.trial import Trial, make_trial
from core.automl.verified_graph import VerifiedGraph, as_compile_error, measure_cost, verify_graph
from core.errors import RegattaError
from core.progress import ReportProgress, StoppedError
from core.regressors.fold_cache import FoldCache
from core.regressors.splits import Split, fold_as_split
from core.regressors.thread_limits import one_core_per_fit

# Rows are reduced by this factor.
FEWER = 0.9
# An ensemble that exceeds a limit although its members together do not is selected again within limits tightened so.
TIGHTER = 0.8


@dataclass(frozen=True)
class RefitModel:
    """A selection, refitted: `data` has the rows, `fitted` the members as in the selection.

    `holdout` are its predictions of the holdout, float64 (n,). `fold` is the number of the fold whose train rows it was
    fitted on, None where it was refitted.
    """

    selection: Selection
    rejected_ensemble: Selection | None
    data: Split
    fitted: list[Trial]
    pipeline: Any
    holdout: Floats
    fold: int | None = None


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

    `refits` are by number of train rows. The limits of an ensemble are multiplied by `tightened`. Once a refit was
    `overdue`, there is no other one.
    """

    search: PortfolioSearch
    refits: Mapping[int, Refits] = field(default_factory=dict)
    tightened: float = 1.0
    overdue: bool = False

    def missing(self, trials: Sequence[Trial], rows: int) -> list[Trial]:
        """Return those of the trials that are not refitted on so many rows yet."""
        return self.refits[rows].missing(trials) if rows in self.refits else list(trials)

    def select(self) -> tuple[Selection, Selection | None]:
        """Return the winner among the finalists, as `core.automl.selection.select` does.

        An ensemble is no larger than there is time to store, and where there is no time to store the best single model,
        a faster one wins. Where there is no time to refit the winner on all rows, the best of those that can be is the
        winner instead if more rows should be worth more than what it is behind.
        """
        chosen = self._select(self.search.affordable)
        rows = len(self.search.data.train_y)
        if self.affordable_rows(chosen[0].trials) == rows:
            return chosen
        if not any(self.can_refit([trial]) for trial in self.search.finalists):
            return chosen
        quicker = self._select(self.can_refit)
        is_better = is_better_refitted(quicker[0], chosen[0], self.search.growth())
        return quicker if is_better else chosen

    def can_refit(self, trials: Sequence[Trial]) -> bool:
        """Return whether there is time to refit these trials on all train rows and to store them."""
        return self.search.affordable(trials) and self.affordable_rows(trials) == len(self.search.data.train_y)

    def _select(self, affordable: Callable[[Sequence[Trial]], bool]) -> tuple[Selection, Selection | None]:
        search, trials = self.search, self.search.finalists
        tightened = None if search.ensemble_failure else self.tightened
        quick = [trial for trial in trials if affordable([trial])]
        if not quick and trials:
            quick = [min(trials, key=lambda trial: search.finishing.storing_seconds([trial]))]
        return select(
            search.fold_cache, quick, search.serving_limits, search.growth(), tightened, affordable=affordable
        )

    def affordable_rows(self, trials: Sequence[Trial]) -> int | None:
        """Return the most train rows that there is time for; None where even those of a fold take too long."""
        if self.overdue:
            return None
        finishing, rows = self.search.finishing, len(self.search.data.train_y)
        left = self.latest_fit(trials) - time.monotonic()
        while finishing.fitting_seconds(self.missing(trials, rows), rows) > left:
            rows = int(FEWER * rows)
            if rows < self.search.rows:
                return None
        return rows

    def latest_fit(self, trials: Sequence[Trial]) -> float:
        """Return when the refit of these trials has to have ended, by `time.monotonic()`."""
        return self.search.latest_storing(trials)

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
    # It ends: each attempt that fails leaves fewer trials or fewer within the limits, rules out the ensemble or
    # tightens its limits, rules out refits, or cuts the search once.
    while isinstance(outcome, RefitStage):
        outcome = attempt_refit(outcome, report_progress)
    return outcome


def attempt_refit(stage: RefitStage, report_progress: ReportProgress) -> RefitStage | Winner:
    """Return the winner, or the stage with the reason why the selected model is not the winner."""
    chosen = stage.select()
    selection = chosen[0]
    rows = stage.affordable_rows(selection.trials)
    if rows is None and all(trial.fold_pipeline is not None for trial in selection.trials):
        return verify(stage, fitted_on_a_fold(stage.search, *chosen))
    return _refit_selection(stage, chosen, rows or stage.search.rows, report_progress)


def fitted_on_a_fold(search: PortfolioSearch, selection: Selection, rejected: Selection | None) -> RefitModel:
    """Return the selection with the pipelines that were fitted on the first fold of the search."""
    data = fold_as_split(search.fold_cache.data, 0)
    fitted = [replace(trial, fitted=trial.fold_pipeline) for trial in selection.trials]
    pipeline = _pipeline(selection, fitted)
    with one_core_per_fit():
        holdout = np.asarray(pipeline.predict(data.test_x), np.float64)
    return RefitModel(selection, rejected, data, fitted, pipeline, holdout, fold=0)


def _refit_selection(
    stage: RefitStage, chosen: tuple[Selection, Selection | None], rows: int, report_progress: ReportProgress
) -> RefitStage | Winner:
    """Refit the selection on so many rows; return the winner, or the stage with what went wrong.

    A single model learns from all rows of a table that had no room in memory, if it can and there is time.
    """
    search, selection = stage.search, chosen[0]
    stage, refits, stop = refit(stage, selection.trials, rows, report_progress)
    if stop is not None:
        return replace(stage, search=search.cut_short(stop))
    fitted = [refits.trials[trial.label] for trial in selection.trials]
    if len(fitted) == 1 and search.cut is None:
        until = stage.latest_fit(fitted)
        try:
            fitted = [learn_in_parts(refits.fold_cache, fitted[0], report_progress, until, search.forecast)]
        except StoppedError as stopped:
            return replace(stage, search=search.cut_short(stopped))
    if failures := {trial.label: trial.failure for trial in fitted if trial.failure}:
        return stage.with_failures(failures)
    if not all(trial.predicted for trial in fitted):
        return replace(stage, overdue=True)
    holdout = weighted_prediction(fitted, selection.weights, refits.fold_cache.holdout_fold)
    pipeline = _pipeline(selection, fitted)
    return verify(stage, RefitModel(*chosen, refits.fold_cache.data, fitted, pipeline, holdout))


def refit(
    stage: RefitStage, trials: Sequence[Trial], rows: int, report_progress: ReportProgress
) -> tuple[RefitStage, Refits, StoppedError | None]:
    """Refit those of the trials that are not refitted on so many rows yet; progress reports name the others as done.

    Fits that would leave no time to store the winner are abandoned, unless the models of a fold could not take their
    place. Returns the stage with the refits on these rows, those refits, and the `StoppedError` of `report_progress` if
    there was one.
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
    replaceable = all(trial.fold_pipeline is not None for trial in trials)
    fitted, stop = TrialScheduler(
        known.fold_cache,
        begun,
        [known.fold_cache.holdout_fold],
        search.limits,
        report_progress,
        None,
        until=stage.latest_fit(trials) if replaceable else inf,
    ).run()
    refits = replace(known, trials={**known.trials, **{trial.label: trial for trial in fitted}})
    return replace(stage, refits={**stage.refits, rows: refits}), refits, stop


def verify(stage: RefitStage, model: RefitModel) -> RefitStage | Winner:
    """Compile a refitted model and compare its graph with it; return the winner, or the stage with what is wrong."""
    search = stage.search
    try:
        verified = verify_graph(model.pipeline, model.data)
    except Exception as error:
        if failures := _failures(model, error):
            return stage.with_failures(failures)
        return replace(stage, search=replace(search, ensemble_failure=as_compile_error(model.selection.label, error)))
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
        return {label: as_compile_error(label, error)}
    failures = {}
    for trial in model.fitted:
        try:
            verify_graph(trial.fitted, model.data)
        except Exception as alone:
            failures[trial.label] = as_compile_error(trial.label, alone)
    return failures


def _costs(model: RefitModel, verified: VerifiedGraph) -> dict[str, ServingCost]:
    """Return the serving cost of each member's final model, by label."""
    if len(model.fitted) == 1:
        return {model.fitted[0].label: verified.cost}
    data = model.data
    return {trial.label: measure_cost(trial.fitted, data.columns, data.test_x) for trial in model.fitted}
