"""Training one candidate: cross-validated, fitted on the training part, judged on the holdout."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.array_types import Floats
from core.automl.scheduler import Entry, enter, run_race
from core.automl.successive_halving import choose_target, tune
from core.errors import TrainingFailedError
from core.manifests import Baseline, CrossValidation, Member, Metrics, Raced, TargetTransform, Trial
from core.progress import ReportProgress, ignore_progress
from core.regressors.candidates import Candidate, parameters_of
from core.regressors.fold_cache import Workbench
from core.regressors.limits import Limits
from core.regressors.metrics import baseline, cross_validation, evaluate, interval_quantiles, plots
from core.regressors.splits import Split, spread
from core.regressors.thread_limits import one_core_a_fit

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
    target_transform: TargetTransform
    seconds: float
    notes: list[str]
    trials: list[Trial] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    raced: Raced | None = None


def train(
    data: Split,
    candidate: Candidate,
    limits: Limits,
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
    bench = Workbench(data, kept=any_target or tuning_seconds is not None)
    entry = enter(bench, candidate, limits)
    trials: list[Trial] = []
    if any_target:
        entry, trials = choose_target(bench, candidate, limits, report_progress)
    if tuning_seconds is not None and entry.failure is None:
        entry, tried = tune(bench, entry.candidate, limits, report_progress, tuning_seconds)
        trials += tried
    run_race(bench, [entry], bench.parts, limits, report_progress)
    return conclude(bench, entry, trials)


def conclude(bench: Workbench, entry: Entry, trials: list[Trial] | None = None) -> Trained:
    """What an entry that ran on every part has come to; raises its failure."""
    if entry.failure is not None:
        raise entry.failure
    notes = [*bench.data.notes, *entry.notes]
    if entry.stopped_early:
        notes.append("the solver stopped before it converged; a larger max_iter or alpha may help")
    return judged(
        bench.data,
        entry.candidate.regressor.name,
        entry.fitted,
        entry.predicted[bench.whole_part],
        residuals=residuals(bench, entry.predicted),
        scores=entry.scores(bench),
        parameters=parameters_of(entry.estimator),
        target_transform=entry.candidate.target,
        seconds=entry.seconds,
        notes=notes,
        trials=trials or [],
    )


def residuals(bench: Workbench, predicted: dict[int, Floats]) -> Floats:
    """Actual minus predicted of every row that judges a fold, float64."""
    y, folds = bench.data.train_y, bench.data.folds
    return np.concatenate([y[fold.judge] - predicted[i] for i, fold in enumerate(folds) if i in predicted])


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
    seen = spread(len(data.train_y), TRAIN_METRIC_ROWS)
    with one_core_a_fit():
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
