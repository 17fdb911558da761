"""One model out of several: weights from out-of-fold predictions, honestly scored, and the blend as an estimator."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import VotingRegressor
from sklearn.metrics import r2_score

from core.array_types import Floats
from core.automl.scheduler import Entry
from core.catalogue import SEED
from core.regressors.fold_cache import FoldCache
from core.regressors.splits import evenly_spaced

BLEND = "blend"
# Members are drawn this often with replacement, on so many bootstrap samples of the rows.
DRAWS, SAMPLES = 25, 10
# A sample of more rows would weigh no better.
SAMPLE_ROWS = 20_000
# Members that count less than this cost more than they bring.
LEAST_WEIGHT = 0.02


def blend_weights(predicted: Floats, actual: Floats) -> Floats:
    """Weights >= 0 that add up to 1, of the m columns of `predicted` (float64, n rows) for `actual` (n).

    Greedy selection with replacement by squared error, averaged over bootstrap samples of the rows, small weights cut
    off: Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004.
    """
    random = np.random.default_rng(SEED)
    grams = []
    for _ in range(SAMPLES):
        rows = random.integers(0, len(actual), min(len(actual), SAMPLE_ROWS))
        errors = predicted[rows] - actual[rows, np.newaxis]
        # The squared error of a mix w of members is w' G w, so no draw looks at the rows again.
        grams.append(errors.T @ errors)
    weights = _greedy(np.stack(grams)).sum(axis=0)
    weights /= weights.sum()
    weights[weights < min(LEAST_WEIGHT, weights.max())] = 0
    return np.asarray(weights / weights.sum(), np.float64)


def _greedy(grams: Floats) -> Floats:
    """The shares (samples, m) in which members are drawn for the products of their errors (samples, m, m)."""
    drawn, own = np.zeros(grams.shape[:2]), np.diagonal(grams, axis1=1, axis2=2)
    samples = np.arange(len(grams))
    for _ in range(DRAWS):
        # The squared error of what was drawn and one more of each member, up to what all of them have in common.
        drawn[samples, np.argmin(2 * (grams @ drawn[:, :, np.newaxis])[:, :, 0] + own, axis=1)] += 1
    return np.asarray(drawn / DRAWS, np.float64)


def best_alone(predicted: Floats, actual: Floats) -> Floats:
    """The weights of taking just the column of `predicted` with the least squared error."""
    errors = ((predicted - actual[:, np.newaxis]) ** 2).sum(axis=0)
    return np.asarray(np.arange(len(errors)) == np.argmin(errors), np.float64)


def honest_scores(
    fold_cache: FoldCache, entries: Sequence[Entry], weigh: Callable[[Floats, Floats], Floats] = blend_weights
) -> list[float]:
    """R2 of each fold for a model whose weights come from the other folds, so no row is judged by what it chose.

    Where folds are repeated, that means the rows of the fold in the repetitions too. In time the weights come from the
    folds before, except for the first one. By `best_alone` it is what choosing the best single model is worth: the
    score of the best of many is too good by what it owes to chance (Cawley and Talbot, "On Over-fitting in Model
    Selection and Subsequent Selection Bias in Performance Evaluation", JMLR 11, 2010).
    """
    data, parts = fold_cache.data, _common_parts(fold_cache, entries)
    predicted = {i: np.column_stack([entry.predicted[i] for entry in entries]) for i in parts}
    scores = []
    for judged in parts:
        rows = data.folds[judged].test
        others = {i: ~np.isin(data.folds[i].test, rows) for i in data.other_folds(judged) if i in predicted}
        weights = weigh(
            np.concatenate([predicted[i][kept] for i, kept in others.items()]),
            np.concatenate([data.train_y[data.folds[i].test[kept]] for i, kept in others.items()]),
        )
        scores.append(float(r2_score(data.train_y[rows], predicted[judged] @ weights)))
    return scores


def final_weights(fold_cache: FoldCache, entries: Sequence[Entry], most_rows: int | None = None) -> Floats:
    """The weights from all folds, or from `most_rows` of their rows, spread evenly."""
    data, parts = fold_cache.data, _common_parts(fold_cache, entries)
    predicted = np.concatenate([np.column_stack([entry.predicted[i] for entry in entries]) for i in parts])
    actual = np.concatenate([data.train_y[data.folds[i].test] for i in parts])
    rows = evenly_spaced(len(actual), most_rows or len(actual))
    return blend_weights(predicted[rows], actual[rows])


def mixed(entries: Sequence[Entry], weights: Sequence[float] | Floats, part: int) -> Floats:
    """What the entries predict together of a part that all were fitted on, each by its weight, float64 (n,)."""
    predicted = np.column_stack([entry.predicted[part] for entry in entries])
    return np.asarray(predicted @ np.asarray(weights), np.float64)


def _common_parts(fold_cache: FoldCache, entries: Sequence[Entry]) -> list[int]:
    """The folds that all the entries were fitted on."""
    return [i for i in range(len(fold_cache.data.folds)) if all(i in entry.predicted for entry in entries)]


def blend(members: Sequence[tuple[str, Any]], weights: Sequence[float]) -> Any:
    """The weighted mean of fitted pipelines, given by name, as one fitted scikit-learn estimator."""
    voting = VotingRegressor(list(members), weights=list(weights))
    voting.estimators_ = [pipeline for _, pipeline in members]
    voting.named_estimators_ = dict(members)
    return voting
