"""Training one candidate: cross-validated, fitted on the training part, judged on the holdout."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.array_types import Floats
from core.automl.scheduler import Entry, enter, run_race
from core.automl.successive_halving import choose_target, tune
from core.errors import TrainingFailedError
from core.manifests import Baseline, CrossValidation, Member, Metrics, Raced, TargetTransformName, Trial
from core.progress import ReportProgress, ignore_progress
from core.regressors.candidates import Candidate, regressor_parameters
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.metrics import baseline, cross_validation, evaluate, interval_quantiles, plots
from core.regressors.splits import Split, evenly_spaced
from core.regressors.thread_limits import one_core_per_fit

# Some models take as long to predict their training rows as to learn them.
TRAIN_METRIC_ROWS = 4000


@dataclass(frozen=True)
class Trained:
    """A fitted pipeline and how good it is. Metrics are of the holdout, cross-validation of the training part."""

    model_type: str
    pipeline: Any
    metrics: Metrics
    train_metrics: Metrics
    baseline: Baseline
    cross_validation: CrossValidation
    interval_quantiles: list[float]
    plots: dict[str, Any]
    parameters: dict[str, Any]
    target_transform: TargetTransformName
    seconds: float
    notes: list[str]
    trials: list[Trial] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    raced: Raced | None = None


def train(
    data: Split,
    candidate: Candidate,
    limits: TrainingLimits,
    report_progress: ReportProgress = ignore_progress,
    *,
    any_target: bool = False,
    tuning_seconds: float | None = None,
) -> Trained:
    """Cross-validate and fit one candidate on the training part, and judge it on the holdout.

    With `any_target` the transformation of the target is the one that scores best on the folds, with `tuning_seconds`
    the parameters are looked for. Raises `ParameterError` for parameters that the estimator refuses,
    `TrainingFailedError` when the fit fails.
    """
    fold_cache = FoldCache(data, kept=any_target or tuning_seconds is not None)
    entry = enter(fold_cache, candidate, limits)
    trials: list[Trial] = []
    if any_target:
        entry, trials = choose_target(fold_cache, candidate, limits, report_progress)
    if tuning_seconds is not None and entry.failure is None:
        entry, tried = tune(fold_cache, entry.candidate, limits, report_progress, tuning_seconds)
        trials += tried
    run_race(fold_cache, [entry], fold_cache.fold_numbers, limits, report_progress)
    return conclude(fold_cache, entry, trials)


def conclude(fold_cache: FoldCache, entry: Entry, trials: list[Trial] | None = None) -> Trained:
    """What an entry that ran on every part has come to; raises its failure."""
    if entry.failure is not None:
        raise entry.failure
    notes = [*fold_cache.data.notes, *entry.notes]
    if entry.stopped_early:
        notes.append("the solver stopped before it converged; a larger max_iter or alpha may help")
    return judged(
        fold_cache.data,
        entry.candidate.regressor.name,
        entry.fitted,
        entry.predicted[fold_cache.holdout_fold],
        residuals=residuals(fold_cache, entry.predicted),
        scores=entry.scores(fold_cache),
        parameters=regressor_parameters(entry.estimator),
        target_transform=entry.candidate.target_transform,
        seconds=entry.seconds,
        notes=notes,
        trials=trials or [],
    )


def residuals(fold_cache: FoldCache, predicted: dict[int, Floats]) -> Floats:
    """Actual minus predicted of every row that judges a fold, float64."""
    y, folds = fold_cache.data.train_y, fold_cache.data.folds
    return np.concatenate([y[fold.test] - predicted[i] for i, fold in enumerate(folds) if i in predicted])


def judged(
    data: Split,
    model_type: str,
    pipeline: Any,
    holdout: Floats,
    *,
    residuals: Floats,
    scores: list[float],
    seconds: float,
    **rest: Any,
) -> Trained:
    """Judge a pipeline fitted on the training part of `data` by what it predicts of the holdout.

    `residuals` and `scores` are those of the folds. Raises `TrainingFailedError` for NaN and inf.
    """
    begun = time.perf_counter()
    seen = evenly_spaced(len(data.train_y), TRAIN_METRIC_ROWS)
    with one_core_per_fit():
        train_predicted = pipeline.predict(data.train_x.iloc[seen])
    metrics = evaluate(data.test_y, holdout)
    if not np.isfinite([*(value for value in metrics.values() if value is not None), *scores]).all():
        raise TrainingFailedError(
            f"The scores of {model_type} on {data.target!r} are not finite numbers, so it was not stored. "
            "Scale the target to smaller values."
        )
    return Trained(
        model_type=model_type,
        pipeline=pipeline,
        metrics=metrics,
        train_metrics=evaluate(data.train_y[seen], train_predicted),
        baseline=baseline(data),
        cross_validation=cross_validation(scores),
        interval_quantiles=interval_quantiles(residuals),
        plots=plots(data.test_y, holdout),
        seconds=seconds + time.perf_counter() - begun,
        **rest,
    )
