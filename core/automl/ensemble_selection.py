"""Ensemble selection: weights from out-of-fold predictions, nested scores, and the ensemble as an estimator."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import VotingRegressor
from sklearn.metrics import r2_score

from core.array_types import Floats
from core.automl.trial import Trial
from core.catalogue import SEED
from core.regressors.fold_cache import FoldCache
from core.regressors.splits import evenly_spaced

ENSEMBLE = "blend"
# Members are drawn this often with replacement, on so many bootstrap samples of the rows.
DRAWS, SAMPLES = 25, 10
# Larger samples give no better weights.
SAMPLE_ROWS = 20_000
# Members of less weight cost more than they improve.
LEAST_WEIGHT = 0.02


def ensemble_weights(predicted: Floats, actual: Floats) -> Floats:
    """Return weights >= 0 that add up to 1 for the m columns of `predicted` (float64, n rows), given `actual` (n).

    Greedy selection with replacement by squared error, averaged over bootstrap samples of the rows, small weights cut
    off: Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004.
    """
    random = np.random.default_rng(SEED)
    grams = []
    for _ in range(SAMPLES):
        rows = random.integers(0, len(actual), min(len(actual), SAMPLE_ROWS))
        errors = predicted[rows] - actual[rows, np.newaxis]
        # The squared error of weights w is w' G w, so a draw need not read the rows again.
        grams.append(errors.T @ errors)
    weights = greedy_weights(np.stack(grams)).sum(axis=0)
    weights /= weights.sum()
    weights[weights < min(LEAST_WEIGHT, weights.max())] = 0
    return np.asarray(weights / weights.sum(), np.float64)


def greedy_weights(grams: Floats) -> Floats:
    """Return the weight of each member in each sample (samples, m), given the products of errors (samples, m, m)."""
    drawn, own = np.zeros(grams.shape[:2]), np.diagonal(grams, axis1=1, axis2=2)
    samples = np.arange(len(grams))
    for _ in range(DRAWS):
        # The squared error of the drawn members plus each one more, up to a common constant.
        drawn[samples, np.argmin(2 * (grams @ drawn[:, :, np.newaxis])[:, :, 0] + own, axis=1)] += 1
    return np.asarray(drawn / DRAWS, np.float64)


def single_best_weights(predicted: Floats, actual: Floats) -> Floats:
    """Return weight 1 for the column of `predicted` with the least squared error, and 0 for the others."""
    errors = ((predicted - actual[:, np.newaxis]) ** 2).sum(axis=0)
    return np.asarray(np.arange(len(errors)) == np.argmin(errors), np.float64)


def nested_scores(
    fold_cache: FoldCache, trials: Sequence[Trial], weigh: Callable[[Floats, Floats], Floats] = ensemble_weights
) -> list[float]:
    """Return R2 of each fold with weights from the other folds, so that no row tests the weights it has chosen.

    Where folds are repeated, its rows are left out of the repetitions too. Of a single fold each half of the rows is
    tested with weights from the other half. With folds in time the weights come from the
    folds before, except for the first one. With `single_best_weights` this scores the choice of the best model, since
    the score of the best of many is optimistic (Cawley and Talbot, "On Over-fitting in Model Selection and Subsequent
    Selection Bias in Performance Evaluation", JMLR 11, 2010).
    """
    data, fold_numbers = fold_cache.data, _common_folds(fold_cache, trials)
    predicted = {i: np.column_stack([trial.predicted[i] for trial in trials]) for i in fold_numbers}
    if len(fold_numbers) == 1:
        (only,) = fold_numbers
        return _halved_scores(predicted[only], data.train_y[data.folds[only].test], weigh)
    scores = []
    for tested in fold_numbers:
        rows = data.folds[tested].test
        others = {i: ~np.isin(data.folds[i].test, rows) for i in data.other_folds(tested) if i in predicted}
        weights = weigh(
            np.concatenate([predicted[i][kept] for i, kept in others.items()]),
            np.concatenate([data.train_y[data.folds[i].test[kept]] for i, kept in others.items()]),
        )
        scores.append(float(r2_score(data.train_y[rows], predicted[tested] @ weights)))
    return scores


def _halved_scores(predicted: Floats, actual: Floats, weigh: Callable[[Floats, Floats], Floats]) -> list[float]:
    """Return the R2 of the only fold, each half of its rows predicted with the weights that the other half selects."""
    tested = np.empty_like(actual)
    for half in (0, 1):
        tested[half::2] = predicted[half::2] @ weigh(predicted[1 - half :: 2], actual[1 - half :: 2])
    return [float(r2_score(actual, tested))]


def final_weights(fold_cache: FoldCache, trials: Sequence[Trial], most_rows: int | None = None) -> Floats:
    """Return the weights from all folds, or from `most_rows` of their rows, evenly spaced."""
    data, fold_numbers = fold_cache.data, _common_folds(fold_cache, trials)
    predicted = np.concatenate([np.column_stack([trial.predicted[i] for trial in trials]) for i in fold_numbers])
    actual = np.concatenate([data.train_y[data.folds[i].test] for i in fold_numbers])
    rows = evenly_spaced(len(actual), most_rows or len(actual))
    return ensemble_weights(predicted[rows], actual[rows])


def weighted_prediction(trials: Sequence[Trial], weights: Sequence[float] | Floats, fold_number: int) -> Floats:
    """Return the weighted mean of what the trials predict of one fold, float64 (n,)."""
    predicted = np.column_stack([trial.predicted[fold_number] for trial in trials])
    return np.asarray(predicted @ np.asarray(weights), np.float64)


def _common_folds(fold_cache: FoldCache, trials: Sequence[Trial]) -> list[int]:
    """Return the numbers of the folds that all trials ran on."""
    return [i for i in range(len(fold_cache.data.folds)) if all(i in trial.predicted for trial in trials)]


def make_ensemble(members: Sequence[tuple[str, Any]], weights: Sequence[float]) -> Any:
    """Return the weighted mean of fitted pipelines, given by name, as one fitted scikit-learn estimator."""
    voting = VotingRegressor(list(members), weights=list(weights))
    voting.estimators_ = [pipeline for _, pipeline in members]
    voting.named_estimators_ = dict(members)
    return voting
