"""Train one candidate: cross-validate it, fit it on the training part, and evaluate it on the holdout."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from core.array_types import Floats
from core.automl.learn_in_parts import learn_in_parts
from core.automl.scheduler import run_trials
from core.automl.successive_halving import choose_target, tune
from core.automl.trial import Trial, make_trial
from core.automl.verified_graph import KeptGraph
from core.errors import TrainingFailedError
from core.model_manifest import (
    Baseline,
    CrossValidation,
    EnsembleMember,
    Metrics,
    SearchRecord,
    TargetTransformName,
    TrialRecord,
)
from core.progress import ReportProgress, ignore_progress, progress_within
from core.regressors.candidates import Candidate, regressor_parameters
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.metrics import (
    baseline,
    conformal_levels,
    cross_validation,
    evaluate,
    interval_quantiles,
    plots,
)
from core.regressors.segments import error_segments
from core.regressors.splits import Split, evenly_spaced
from core.regressors.thread_limits import one_core_per_fit
from core.regressors.unseen_rows import FinalModel, OutOfFold, Residuals
from core.types import Json

# Some models take as long to predict their train rows as to fit them.
TRAIN_METRIC_ROWS = 4000
# The part of the work that is done when the folds have run, where all rows of the table are learned from then.
FOLDS_SHARE = 0.5


@dataclass(frozen=True)
class TrainedModel:
    """A fitted pipeline with its evaluation. Metrics are of the holdout, cross-validation is of the training part.

    `holdout` are its predictions of the holdout, float64 (n,).
    """

    model_type: str
    pipeline: Any
    metrics: Metrics
    train_metrics: Metrics
    baseline: Baseline
    cross_validation: CrossValidation
    interval_quantiles: list[float]
    out_of_fold: OutOfFold
    holdout: Floats
    plots: dict[str, Any]
    segments: list[Json]
    parameters: dict[str, Any]
    target_transform: TargetTransformName
    seconds: float
    notes: list[str]
    trial_records: list[TrialRecord] = field(default_factory=list)
    members: list[EnsembleMember] = field(default_factory=list)
    search: SearchRecord | None = None
    # The rows that it learned from, where these are more than the train rows of its split.
    rows_learned: int | None = None
    # The graph of the pipeline, where that was compiled and verified already.
    graph: KeptGraph | None = None


def train(
    data: Split,
    candidate: Candidate,
    limits: TrainingLimits,
    report_progress: ReportProgress = ignore_progress,
    *,
    any_target: bool = False,
    tuning_seconds: float | None = None,
) -> TrainedModel:
    """Cross-validate and fit one candidate on the training part, and evaluate it on the holdout.

    Where `data` is a part of a table, it is fitted on all rows of that in the end, if it can be in parts. With
    `any_target` the target transform that scores best on the folds is used, with `tuning_seconds` the parameters are
    tuned. Raises `ParameterError` for parameters that the estimator refuses, `TrainingFailedError` when the fit fails.
    """
    in_parts = progress_within(report_progress, FOLDS_SHARE, 1)
    if data.all_rows is not None:
        report_progress = progress_within(report_progress, 0, FOLDS_SHARE)
    fold_cache = FoldCache(data, kept=any_target or tuning_seconds is not None)
    trial = make_trial(fold_cache, candidate, limits)
    trial_records: list[TrialRecord] = []
    if any_target:
        trial, trial_records = choose_target(fold_cache, candidate, limits, report_progress)
    if tuning_seconds is not None and trial.failure is None:
        trial, tried = tune(fold_cache, trial.candidate, limits, report_progress, tuning_seconds)
        trial_records += tried
    (trial,) = run_trials(fold_cache, [trial], fold_cache.fold_numbers, limits, report_progress)
    trial = learn_in_parts(fold_cache, trial, in_parts)
    return evaluate_trial(fold_cache, trial, trial_records)


def evaluate_trial(fold_cache: FoldCache, trial: Trial, trial_records: list[TrialRecord] | None = None) -> TrainedModel:
    """Evaluate a trial that ran on every fold and on the training part; raises its failure."""
    if trial.failure is not None:
        raise trial.failure
    notes = [*fold_cache.data.notes, *trial.notes]
    if trial.stopped_early:
        notes.append("the solver stopped before it converged; a larger max_iter or alpha may help")
    return evaluate_on_holdout(
        fold_cache.data,
        trial.candidate.regressor.name,
        trial.fitted,
        trial.predicted[fold_cache.holdout_fold],
        out_of_fold=OutOfFold(fold_cache.data, trial.predicted),
        scores=trial.scores,
        parameters=regressor_parameters(trial.estimator),
        target_transform=trial.candidate.target_transform,
        seconds=trial.seconds,
        notes=notes,
        trial_records=trial_records or [],
        rows_learned=trial.rows_learned,
        graph=trial.graph,
    )


def evaluate_on_holdout(
    data: Split,
    model_type: str,
    pipeline: Any,
    holdout: Floats,
    *,
    out_of_fold: OutOfFold,
    scores: list[float],
    seconds: float,
    predict: Callable[[pd.DataFrame], Floats] | None = None,
    **rest: Any,
) -> TrainedModel:
    """Evaluate a pipeline that was fitted on the training part of `data` by its predictions of the holdout.

    `out_of_fold` and `scores` are those of the folds. Train rows are predicted by `predict`, if it is given. Raises
    `TrainingFailedError` for NaN and inf.
    """
    begun = time.perf_counter()
    seen = evenly_spaced(len(data.train_y), TRAIN_METRIC_ROWS)
    with one_core_per_fit():
        train_predicted = (predict or pipeline.predict)(data.train_x.iloc[seen])
    residuals = Residuals.of(out_of_fold, FinalModel(data, holdout))
    metrics = evaluate(data.test_y, holdout)
    if not np.isfinite([*(value for value in metrics.values() if value is not None), *scores]).all():
        raise TrainingFailedError(
            f"The scores of {model_type} on {data.target!r} are not finite numbers, so it was not stored. "
            "Scale the target to smaller values."
        )
    return TrainedModel(
        model_type=model_type,
        pipeline=pipeline,
        metrics=metrics,
        train_metrics=evaluate(data.train_y[seen], train_predicted),
        baseline=baseline(data),
        cross_validation=cross_validation(scores),
        interval_quantiles=interval_quantiles(residuals.values, conformal_levels(residuals.rows, len(data.train_y))),
        out_of_fold=out_of_fold,
        holdout=holdout,
        plots=plots(data.test_y, holdout),
        segments=error_segments(data, holdout),
        seconds=seconds + time.perf_counter() - begun,
        **rest,
    )
