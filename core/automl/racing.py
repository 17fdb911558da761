"""Racing: which trials lead, which are behind, and on how many folds the winner is selected.

Trials run on the folds in their order, so of two trials the one with fewer folds ran on the first folds of the other.
"""

from collections.abc import Sequence

import numpy as np

from core.array_types import Floats
from core.automl.ensemble_selection import final_weights
from core.automl.trial import Trial
from core.regressors.fold_cache import FoldCache
from core.regressors.splits import Split

# A trial is behind another one if its squared errors are larger by more standard errors of their difference, row by
# row: Maron and Moore, "Hoeffding Races", NIPS 1993, with the paired test of López-Ibáñez et al., "The irace package",
# Operations Research Perspectives 3 (2016).
STANDARD_ERRORS = 2.0
# How many rows are enough to estimate the members of an ensemble.
DRAFT_ROWS = 2_000
# A trial that is behind gets another fold if an ensemble gives it more weight.
TELLING_WEIGHT = 0.05


def folds_done(trial: Trial) -> int:
    """Return on how many of the first folds a trial ran."""
    done = 0
    while done in trial.predicted:
        done += 1
    return done


def is_behind(data: Split, trial: Trial, other: Trial, standard_errors: float = STANDARD_ERRORS) -> bool:
    """Return whether a trial is worse than another one, on the folds of both, by more than their spread."""
    folds = range(min(folds_done(trial), folds_done(other)))
    worse = _squared_errors(data, trial, folds) - _squared_errors(data, other, folds)
    return bool(worse.mean() > standard_errors * worse.std() / np.sqrt(len(worse)))


def leader(data: Split, trials: Sequence[Trial]) -> Trial:
    """Return the best of the trials, each compared with the best of those that ran on more folds."""
    first, *others = _best_by_folds(trials)
    for trial in others:
        if is_behind(data, first, trial, 0.0):
            first = trial
    return first


def compared_folds(data: Split, trials: Sequence[Trial], division: int) -> int:
    """Return on how many of the first folds to select the winner: the most that any trial ran on, as a rule.

    Those of the leader, if it ran on half as many or is ahead by more than its spread. Only whole repetitions count.
    """
    if not trials:
        return 0
    first, most = leader(data, trials), _best_by_folds(trials)[0]
    done = folds_done(most)
    if 2 * folds_done(first) >= done or is_behind(data, most, first):
        done = folds_done(first)
    return done if done < division else done - done % division


def _best_by_folds(trials: Sequence[Trial]) -> list[Trial]:
    """Return the best of the trials that ran on the same number of folds, for each number, the most folds first."""
    best: dict[int, Trial] = {}
    for trial in sorted(trials, key=lambda trial: -trial.mean):
        best.setdefault(folds_done(trial), trial)
    return [best[done] for done in sorted(best, reverse=True)]


def members(fold_cache: FoldCache, trials: Sequence[Trial], least_weight: float = 0.0) -> list[Trial]:
    """Return the trials of more than `least_weight` in an ensemble of all, on a sample of the rows of common folds."""
    if not trials:
        return []
    weights = final_weights(fold_cache, trials, DRAFT_ROWS)
    return [trial for trial, weight in zip(trials, weights, strict=True) if weight > least_weight]


def is_contender(fold_cache: FoldCache, trial: Trial, trials: Sequence[Trial]) -> bool:
    """Return whether a trial deserves another fold: the leader is not ahead of it, or an ensemble would use it."""
    if not is_behind(fold_cache.data, trial, leader(fold_cache.data, trials)):
        return True
    same = [other for other in trials if folds_done(other) >= folds_done(trial)]
    return trial in members(fold_cache, same, TELLING_WEIGHT)


def _squared_errors(data: Split, trial: Trial, folds: Sequence[int]) -> Floats:
    return np.concatenate([np.square(data.train_y[data.folds[i].test] - trial.predicted[i]) for i in folds])
