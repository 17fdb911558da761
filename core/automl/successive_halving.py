"""Tune parameters: successive halving over a regressor's search space, within a time."""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.automl.forecast import Forecast
from core.automl.scheduler import TrialBudget, TrialScheduler, run_trials
from core.automl.trial import OUT_OF_TIME, Trial, make_trial
from core.catalogue import SEED
from core.catalogue_entry import Regressor
from core.model_manifest import TrialRecord
from core.preprocessing.target_transforms import TARGET_TRANSFORMS
from core.progress import ReportProgress, in_stage, without_leaderboard
from core.regressors.candidates import Candidate, regressor_parameters
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.splits import subsample

# A third of the candidates goes on with three times the rows: Jamieson and Talwalkar, "Non-stochastic Best Arm
# Identification and Hyperparameter Optimization", AISTATS 2016.
KEEP = 3
MOST_CANDIDATES = 27
# On fewer rows a score depends on the rows more than on the parameters.
FEWEST_ROWS = 700
# The share of the time at which a rung has to end; the last one has all rows and takes the rest.
RUNG_ENDS = (0.3, 0.6)


def tune(
    fold_cache: FoldCache,
    start: Candidate,
    limits: TrainingLimits,
    report_progress: ReportProgress,
    seconds: float,
    known: Trial | None = None,
    beside: Sequence[Trial] = (),
) -> tuple[Trial, list[TrialRecord]]:
    """Return the best of `start` and of candidates of its regressor's grid, scored on all folds, and all records.

    It is never worse than `start` on these folds, because `start` is among them; `known` is its trial where it was
    scored on them already. The returned trial may not be fitted on the whole training part yet. `seconds` are
    kept as well as single fits allow. Where there are trials `beside`, the candidates stand in one leaderboard with
    them, each with its serving cost, once they run on all rows.
    """
    begun, forecast = time.monotonic(), Forecast(len(fold_cache.data.columns))
    report_progress = in_stage("tuning", report_progress)
    report_rung = without_leaderboard(report_progress) if beside else report_progress
    candidates = [start, *_others(start)]
    trial_records: list[TrialRecord] = []
    for rows, end in _rungs(len(fold_cache.data.train_y)):
        small = FoldCache(subsample(fold_cache.data, rows))
        trials = run_trials(
            small,
            _make_trials(small, candidates, limits),
            small.fold_numbers[:-1],
            limits,
            report_rung,
            TrialBudget(begun + end * seconds, forecast),
        )
        trial_records += [record_trial(small, trial) for trial in trials if _tried(trial)]
        ranked = sorted((trial for trial in trials if trial.failure is None), key=lambda trial: -trial.mean)
        keep = math.ceil(len(candidates) / KEEP)
        # A candidate for which there was no time here is not tried on more rows either.
        candidates = [start, *(trial.candidate for trial in ranked[:keep] if trial.candidate is not start)]
    first, *others = _make_trials(fold_cache, candidates, limits)
    trials, stop = TrialScheduler(
        fold_cache,
        [known or first, *others],
        fold_cache.fold_numbers[:-1],
        limits,
        report_progress,
        TrialBudget(begun + seconds, forecast),
        with_cost=bool(beside),
        beside=beside,
    ).run()
    if stop is not None:
        raise stop
    trial_records += [record_trial(fold_cache, trial) for trial in trials if _tried(trial)]
    return max(trials, key=lambda trial: trial.mean), trial_records


def choose_target(
    fold_cache: FoldCache, start: Candidate, limits: TrainingLimits, report_progress: ReportProgress
) -> tuple[Trial, list[TrialRecord]]:
    """Return the candidate with the target transform that scores best on the folds, none included."""
    trials = [make_trial(fold_cache, replace(start, target_transform=kind), limits) for kind in TARGET_TRANSFORMS]
    trials = run_trials(fold_cache, trials, fold_cache.fold_numbers[:-1], limits, report_progress)
    return max(trials, key=lambda trial: trial.mean), [record_trial(fold_cache, trial) for trial in trials]


def record_trial(fold_cache: FoldCache, trial: Trial) -> TrialRecord:
    """Return the record of a trial for the manifest."""
    scores = None if trial.failure else trial.scores
    return TrialRecord(
        parameters=regressor_parameters(trial.estimator) if trial.estimator is not None else trial.candidate.params,
        target_transform=trial.candidate.target_transform,
        rows=len(fold_cache.data.train_y),
        folds=len(fold_cache.data.folds),
        mean=None if scores is None else float(np.mean(scores)),
        std=None if scores is None else float(np.std(scores)),
        seconds=round(trial.seconds, 3),
        error=None if trial.failure is None else trial.failure.detail,
    )


def _rungs(rows: int) -> list[tuple[int, float]]:
    """Return rows and end of each rung before the last; none for a small table."""
    sizes = (rows // KEEP**2, rows // KEEP)
    return [(size, end) for size, end in zip(sizes, RUNG_ENDS, strict=True) if size >= FEWEST_ROWS]


def _make_trials(fold_cache: FoldCache, candidates: Sequence[Candidate], limits: TrainingLimits) -> list[Trial]:
    """Return trials with falling priors; the first one runs first whatever it costs."""
    priors = [math.inf, *range(len(candidates) - 1, 0, -1)]
    return [
        make_trial(fold_cache, candidate, limits, prior=prior)
        for candidate, prior in zip(candidates, priors, strict=True)
    ]


def _tried(trial: Trial) -> bool:
    return trial.failure is None or trial.failure.detail != OUT_OF_TIME


def _others(start: Candidate) -> list[Candidate]:
    """Return up to 26 other candidates, drawn from the grid without repetition, the same ones each time."""
    space = _space(start.regressor, start.params)
    total = math.prod(len(values) for values in space.values())
    drawn = random.Random(SEED).sample(range(total), min(total, MOST_CANDIDATES))  # noqa: S311
    present = start.regressor.build(start.params).get_params()
    found = [_combination(space, number) for number in drawn]
    return [
        replace(start, params={**start.params, **params})
        for params in found
        if any(present[name] != value for name, value in params.items())
    ][: MOST_CANDIDATES - 1]


def _space(regressor: Regressor, fixed: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the grid without the parameters that the caller has set."""
    return {name: values for name, values in regressor.grid.items() if name not in fixed}


def _combination(space: dict[str, list[Any]], number: int) -> dict[str, Any]:
    """Return the `number`-th combination of a grid's values."""
    chosen = {}
    for name, values in space.items():
        number, position = divmod(number, len(values))
        chosen[name] = values[position]
    return chosen
