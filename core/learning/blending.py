"""One model out of several: weights from out-of-fold predictions, honestly scored, and the blend as an estimator."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import VotingRegressor
from sklearn.metrics import r2_score

from core.learning.catalogue import SEED
from core.learning.race import Entry
from core.learning.workbench import Workbench

Floats = NDArray[np.float64]

BLEND = "blend"
# Members are drawn this often with replacement, on so many bootstrap samples of the rows.
DRAWS, SAMPLES = 25, 10
# Members that count less than this cost more than they bring.
LEAST_WEIGHT = 0.02


def blend_weights(predicted: Floats, actual: Floats) -> Floats:
    """Weights >= 0 that add up to 1, of the m columns of `predicted` (float64, n rows) for `actual` (n).

    Greedy selection with replacement by squared error, averaged over bootstrap samples of the rows, small weights cut
    off: Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004.
    """
    random = np.random.default_rng(SEED)
    members = predicted.shape[1]
    weights = np.zeros(members)
    for _ in range(SAMPLES):
        rows = random.integers(0, len(actual), len(actual))
        errors = predicted[rows] - actual[rows, np.newaxis]
        # The squared error of a mix w of members is w' G w, so no draw looks at the rows again.
        weights += _greedy(errors.T @ errors)
    weights /= weights.sum()
    weights[weights < min(LEAST_WEIGHT, weights.max())] = 0
    return np.asarray(weights / weights.sum(), np.float64)


def _greedy(gram: Floats) -> Floats:
    drawn = np.zeros(len(gram))
    for _ in range(DRAWS):
        # The squared error of what was drawn and one more of each member, up to what all of them have in common.
        drawn[np.argmin(2 * gram @ drawn + np.diag(gram))] += 1
    return drawn / DRAWS


def blend_scores(bench: Workbench, entries: Sequence[Entry]) -> list[float]:
    """R2 of each fold for a blend whose weights come from the other folds, so no row is judged by what it chose.

    In time the weights come from the folds before, except for the first one.
    """
    y, folds = bench.data.train_y, bench.data.folds
    predicted = [np.column_stack([entry.predicted[i] for entry in entries]) for i in range(len(folds))]
    scores = []
    for judged, fold in enumerate(folds):
        others = bench.data.others(judged)
        weights = blend_weights(
            np.concatenate([predicted[i] for i in others]), np.concatenate([y[folds[i].judge] for i in others])
        )
        scores.append(float(r2_score(y[fold.judge], predicted[judged] @ weights)))
    return scores


def final_weights(bench: Workbench, entries: Sequence[Entry]) -> Floats:
    """The weights from all folds."""
    y, folds = bench.data.train_y, bench.data.folds
    predicted = np.concatenate([np.column_stack([entry.predicted[i] for entry in entries]) for i in range(len(folds))])
    return blend_weights(predicted, np.concatenate([y[fold.judge] for fold in folds]))


def blend(members: Sequence[tuple[str, Any]], weights: Sequence[float]) -> Any:
    """The weighted mean of fitted pipelines, given by name, as one fitted scikit-learn estimator."""
    voting = VotingRegressor(list(members), weights=list(weights))
    voting.estimators_ = [pipeline for _, pipeline in members]
    voting.named_estimators_ = dict(members)
    return voting
