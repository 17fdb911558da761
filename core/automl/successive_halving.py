"""Looking for better parameters: successive halving over a regressor's search space, within a time."""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.automl.forecast import Forecast
from core.automl.scheduler import OUT_OF_TIME, Clock, Entry, enter, run_race
from core.catalogue import SEED, Regressor
from core.manifests import Trial
from core.preprocessing.target_transforms import TARGET_TRANSFORMS
from core.progress import ReportProgress
from core.regressors.candidates import Candidate, regressor_parameters
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.splits import subsample

# A third of the candidates goes on, on three times the rows: Jamieson and Talwalkar, "Non-stochastic Best Arm
# Identification and Hyperparameter Optimization", AISTATS 2016.
KEEP = 3
MOST_CANDIDATES = 27
# On fewer rows than this a score says more about the rows than about the parameters.
FEWEST_ROWS = 700
# How much of the time is over when a rung has to end; the last one is on all rows and takes the rest.
RUNG_ENDS = (0.3, 0.6)


def tune(
    fold_cache: FoldCache,
    start: Candidate,
    limits: TrainingLimits,
    report_progress: ReportProgress,
    seconds: float,
    known: Entry | None = None,
) -> tuple[Entry, list[Trial]]:
    """The best of `start` and of candidates from its regressor's grid, scored on all folds, and what was tried.

    It is never worse than `start` on these folds, because `start` is among them; `known` is its entry where it was
    scored on them already. The entry that is returned may not be fitted on the whole training part yet. `seconds` are
    kept as well as single fits allow.
    """
    begun, forecast = time.monotonic(), Forecast(len(fold_cache.data.columns))
    candidates = [start, *_others(start)]
    trials: list[Trial] = []
    for rows, end in _rungs(len(fold_cache.data.train_y)):
        small = FoldCache(subsample(fold_cache.data, rows))
        entries = _entered(small, candidates, limits)
        run_race(
            small, entries, small.fold_numbers[:-1], limits, report_progress, Clock(begun + end * seconds, forecast)
        )
        trials += [trial_of(small, entry) for entry in entries if _tried(entry)]
        ranked = sorted((entry for entry in entries if entry.failure is None), key=lambda e: -e.mean(small))
        keep = math.ceil(len(candidates) / KEEP)
        # What was not tried here for want of time is not tried on more rows either.
        candidates = [start, *(e.candidate for e in ranked[:keep] if e.candidate is not start)]
    entries = _entered(fold_cache, candidates, limits)
    entries[0] = known or entries[0]
    run_race(
        fold_cache, entries, fold_cache.fold_numbers[:-1], limits, report_progress, Clock(begun + seconds, forecast)
    )
    trials += [trial_of(fold_cache, entry) for entry in entries if _tried(entry)]
    return max(entries, key=lambda entry: entry.mean(fold_cache)), trials


def choose_target(
    fold_cache: FoldCache, start: Candidate, limits: TrainingLimits, report_progress: ReportProgress
) -> tuple[Entry, list[Trial]]:
    """The candidate with whatever transformation of the target scores best on the folds, none included."""
    entries = [enter(fold_cache, replace(start, target_transform=kind), limits) for kind in TARGET_TRANSFORMS]
    run_race(fold_cache, entries, fold_cache.fold_numbers[:-1], limits, report_progress)
    return max(entries, key=lambda entry: entry.mean(fold_cache)), [trial_of(fold_cache, entry) for entry in entries]


def trial_of(fold_cache: FoldCache, entry: Entry) -> Trial:
    """What was tried and what came of it, for the manifest."""
    scores = None if entry.failure else entry.scores(fold_cache)
    return Trial(
        parameters=regressor_parameters(entry.estimator) if entry.estimator is not None else entry.candidate.params,
        target_transform=entry.candidate.target_transform,
        rows=len(fold_cache.data.train_y),
        folds=len(fold_cache.data.folds),
        mean=None if scores is None else float(np.mean(scores)),
        std=None if scores is None else float(np.std(scores)),
        seconds=round(entry.seconds, 3),
        error=None if entry.failure is None else entry.failure.detail,
    )


def _rungs(rows: int) -> list[tuple[int, float]]:
    """Rows of the rungs before the last, and when each has to end; none for a small table."""
    sizes = (rows // KEEP**2, rows // KEEP)
    return [(size, end) for size, end in zip(sizes, RUNG_ENDS, strict=True) if size >= FEWEST_ROWS]


def _entered(fold_cache: FoldCache, candidates: Sequence[Candidate], limits: TrainingLimits) -> list[Entry]:
    """Entries that promise less the later they come; the first goes first whatever it costs."""
    gains = [math.inf, *range(len(candidates) - 1, 0, -1)]
    return [enter(fold_cache, candidate, limits, gain=gain) for candidate, gain in zip(candidates, gains, strict=True)]


def _tried(entry: Entry) -> bool:
    return entry.failure is None or entry.failure.detail != OUT_OF_TIME


def _others(start: Candidate) -> list[Candidate]:
    """Up to 26 other candidates, drawn from the grid without repetition; the same ones each time."""
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
    """The grid without what the caller has set."""
    return {name: values for name, values in regressor.grid.items() if name not in fixed}


def _combination(space: dict[str, list[Any]], number: int) -> dict[str, Any]:
    """The `number`-th combination of a grid's values."""
    chosen = {}
    for name, values in space.items():
        number, position = divmod(number, len(values))
        chosen[name] = values[position]
    return chosen
