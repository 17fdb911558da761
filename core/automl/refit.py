"""The end of a portfolio search: refit the winner on all rows and verify its graph, or go on to the next best.

Where there is no time to refit it, models that were fitted on the first fold win as they are, its own or others.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from core.array_types import Floats
from core.automl.ensemble_selection import make_ensemble, weighted_prediction
from core.automl.learn_in_parts import learn_in_parts
from core.automl.portfolio_search import PortfolioSearch
from core.automl.refit_stage import Choice, Refits, RefitStage, kept_of_fold
from core.automl.scheduler import TrialScheduler
from core.automl.screening import subsample_split
from core.automl.selection import Selection
from core.automl.serving_cost import ServingCost
from core.automl.trial import Trial, make_trial
from core.automl.verified_graph import VerifiedGraph, as_compile_error, measure_cost, verify_graph
from core.errors import RegattaError
from core.progress import ReportProgress, StoppedError
from core.regressors.fold_cache import FoldCache
from core.regressors.splits import Split, fold_as_split

# A model of a fold is judged by so many rows of the holdout at the most where all take more than a share of the time
# that is left.
FEWER_HOLDOUT_ROWS, HOLDOUT_SHARE = 4_000, 0.5


@dataclass(frozen=True)
class RefitModel:
    """A selection, refitted: `data` has the rows, `fitted` the members as in the selection.

    `fold` is the number of the fold whose train rows it was fitted on, None where it was refitted.
    """

    selection: Selection
    rejected_ensemble: Selection | None
    data: Split
    fitted: list[Trial]
    pipeline: Any
    fold: int | None = None


@dataclass(frozen=True)
class Winner:
    """The model that won, its verified graph, and the search with what the refits have shown.

    `holdout` are its predictions of the holdout, float64 (n,).
    """

    search: PortfolioSearch
    model: RefitModel
    verified: VerifiedGraph
    holdout: Floats


def refit_winner(search: PortfolioSearch, report_progress: ReportProgress) -> Winner:
    """Select the winner, refit it on all rows, or on as many as there is time for, compile it and verify its graph.

    Where a winner cannot be refitted or compiled, its graph disagrees or it exceeds the limits, the next best is
    selected; the search that is returned has the failure. Where `report_progress` stops it, the search is cut short.
    Raises `InvalidInputError` where no model is within the limits, the failure of the last winner where all fail, and
    `StoppedError`.
    """
    outcome: RefitStage | Winner = RefitStage(search)
    # It ends: each attempt that fails leaves fewer trials or fewer within the limits, rules out the ensemble or
    # tightens its limits, leaves fewer to refit, lets only fitted models win where there are any, or cuts the search
    # once.
    while isinstance(outcome, RefitStage):
        outcome = attempt_refit(outcome, report_progress)
    return outcome


def attempt_refit(stage: RefitStage, report_progress: ReportProgress) -> RefitStage | Winner:
    """Return the winner, or the stage with the reason why the selected model is not the winner."""
    choice = stage.select()
    if choice.rows is None and kept_of_fold(choice.selection.trials):
        return verify(stage, fitted_on_a_fold(stage.search, choice))
    return _refit_choice(stage, choice, report_progress)


def fitted_on_a_fold(search: PortfolioSearch, choice: Choice) -> RefitModel:
    """Return the selection with the pipelines that were fitted on the first fold of the search."""
    data, selection = fold_as_split(search.fold_cache.data, 0), choice.selection
    fitted = [replace(trial, fitted=trial.fold_pipeline) for trial in selection.trials]
    return RefitModel(selection, choice.rejected_ensemble, data, fitted, _pipeline(selection, fitted), fold=0)


def _refit_choice(stage: RefitStage, choice: Choice, report_progress: ReportProgress) -> RefitStage | Winner:
    """Refit the selection on its rows; return the winner, or the stage with what went wrong.

    Fits that would leave no time to store it are abandoned if a model of a fold can take its place. Without time, and
    without its models of a fold, it learns from the rows of a fold, however long that takes. A single model learns from
    all rows of a table that had no room in memory, if it can and there is time. Where its fits have shown that there is
    no time to store it, the stage is returned with them.
    """
    search, selection, rows = stage.search, choice.selection, choice.rows or stage.search.rows
    latest = search.latest_storing(selection.trials)
    was_in_time = bool(stage.missing(selection.trials, rows)) and search.affordable_in_haste(selection.trials)
    until = latest if stage.is_replaceable(selection.trials) else inf
    stage, refits, stop = refit(stage, selection.trials, rows, report_progress, until)
    if stop is not None:
        return replace(stage, search=search.cut_short(stop))
    fitted = [refits.trials[trial.label] for trial in selection.trials]
    is_fitted = all(trial.predicted for trial in fitted)
    if was_in_time and is_fitted and not search.affordable_in_haste(selection.trials):
        return stage
    if len(fitted) == 1 and search.cut is None:
        try:
            fitted = [learn_in_parts(refits.fold_cache, fitted[0], report_progress, latest, search.forecast)]
        except StoppedError as stopped:
            return replace(stage, search=search.cut_short(stopped))
    if failures := {trial.label: trial.failure for trial in fitted if trial.failure}:
        return stage.with_failures(failures)
    if not is_fitted:
        return replace(stage, overdue=True)
    holdout = weighted_prediction(fitted, selection.weights, refits.fold_cache.holdout_fold)
    pipeline = _pipeline(selection, fitted)
    model = RefitModel(selection, choice.rejected_ensemble, refits.fold_cache.data, fitted, pipeline)
    return verify(stage, model, holdout)


def refit(
    stage: RefitStage, trials: Sequence[Trial], rows: int, report_progress: ReportProgress, until: float = inf
) -> tuple[RefitStage, Refits, StoppedError | None]:
    """Refit those of the trials that are not refitted on so many rows yet; progress reports name the others as done.

    Fits that have not ended `until` then, by `time.monotonic()`, are abandoned. Returns the stage with the refits on
    these rows, those refits, and the `StoppedError` of `report_progress` if there was one.
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
    fitted, stop = TrialScheduler(
        known.fold_cache,
        begun,
        [known.fold_cache.holdout_fold],
        search.limits,
        report_progress,
        None,
        until=until,
        forecast=search.forecast,
    ).run()
    refits = replace(known, trials={**known.trials, **{trial.label: trial for trial in fitted}})
    return replace(stage, refits={**stage.refits, rows: refits}), refits, stop


def verify(stage: RefitStage, model: RefitModel, holdout: Floats | None = None) -> RefitStage | Winner:
    """Compile a refitted model and compare its graph with it; return the winner, or the stage with what is wrong.

    The graph predicts the holdout where its predictions are not given: of trees it takes a fraction of the pipeline's
    time.
    """
    search = stage.search
    try:
        verified = verify_graph(model.pipeline, model.data)
    except Exception as error:
        if failures := _failures(model, error):
            return stage.with_failures(failures)
        return replace(stage, search=replace(search, ensemble_failure=as_compile_error(model.selection.label, error)))
    if search.serving_limits.excess(verified.cost) <= 1:
        if holdout is None:
            data, holdout = predict_holdout(verified, model.data, search.time_left() * HOLDOUT_SHARE)
            model = replace(model, data=data)
        return Winner(search, model, verified, holdout)
    return stage.with_costs(_costs(model, verified))


def predict_holdout(verified: VerifiedGraph, data: Split, seconds: float) -> tuple[Split, Floats]:
    """Return the split and the graph's predictions of its holdout, float64 (n,).

    It is the split with a part of the holdout, evenly spaced, where all of it would take longer than `seconds`.
    """
    part = subsample_split(data, len(data.train_y), FEWER_HOLDOUT_ROWS)
    begun = time.monotonic()
    predicted = verified.predict(part.test_x)
    times = len(data.test_y) / len(part.test_y)
    if times > 1 and times * (time.monotonic() - begun) <= seconds:
        return data, verified.predict(data.test_x)
    return part, predicted


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
