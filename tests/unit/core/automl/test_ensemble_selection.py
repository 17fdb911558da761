"""Weights of a blend: honest, few, and of no use to what does not help."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import r2_score

from core.automl.ensemble_selection import (
    LEAST_WEIGHT,
    ensemble_weights,
    final_weights,
    make_ensemble,
    nested_scores,
    single_best_weights,
)
from core.automl.scheduler import run_trials
from core.automl.trial import Trial, make_trial
from core.catalogue import regressor
from core.progress import ignore_progress
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from tests.support.training import LIMITS, quick, real_split

RANDOM = np.random.default_rng(7)
Y = RANDOM.normal(size=500)


def run(table: str, *names: str, rows: int | None = None) -> tuple[FoldCache, list[Trial]]:
    fold_cache = FoldCache(real_split(table, rows))
    trials = [make_trial(fold_cache, Candidate(regressor(name), quick(name)), LIMITS) for name in names]
    return fold_cache, run_trials(fold_cache, trials, fold_cache.fold_numbers, LIMITS, ignore_progress)


def test_two_that_err_apart_get_half_each() -> None:
    errors = RANDOM.normal(size=500)
    weights = ensemble_weights(np.column_stack([Y + errors, Y - errors]), Y)
    assert weights == pytest.approx([0.5, 0.5], abs=0.03)


def test_one_that_is_right_gets_everything() -> None:
    noise = RANDOM.normal(size=(500, 3))
    weights = ensemble_weights(np.column_stack([Y + noise[:, 0], Y, Y + noise[:, 1], noise[:, 2]]), Y)
    assert weights.tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("members", [1, 2, 9, 30])
def test_weights_are_shares_and_none_is_tiny(members: int) -> None:
    predicted = Y[:, np.newaxis] + RANDOM.normal(size=(500, members)) * np.linspace(0.5, 2, members)
    weights = ensemble_weights(predicted, Y)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert ((weights == 0) | (weights >= LEAST_WEIGHT)).all()
    assert r2_score(Y, predicted @ weights) >= max(r2_score(Y, column) for column in predicted.T) - 1e-12


def test_a_blend_predicts_the_weighted_mean_of_its_members() -> None:
    fold_cache, trials = run("mpg", "ridge", "svr", "random_forest")
    estimator: Any = make_ensemble([(trial.label, trial.fitted) for trial in trials], [0.5, 0.3, 0.2])
    expected = sum(
        weight * trial.fitted.predict(fold_cache.data.test_x)
        for weight, trial in zip([0.5, 0.3, 0.2], trials, strict=True)
    )
    assert estimator.predict(fold_cache.data.test_x) == pytest.approx(expected, rel=1e-12)


def test_the_best_of_many_is_scored_on_a_fold_as_the_other_folds_choose_it() -> None:
    fold_cache, trials = run("concrete", "svr", "knn", "decision_tree", rows=60)
    y, folds = fold_cache.data.train_y, fold_cache.data.folds

    def squared(trial: Trial, part: int) -> float:
        return float(((trial.predicted[part] - y[folds[part].test]) ** 2).sum())

    for tested, score in enumerate(nested_scores(fold_cache, trials, single_best_weights)):
        others = [part for part in range(len(folds)) if part != tested]
        preferred = min(trials, key=lambda trial: sum(squared(trial, part) for part in others))
        assert score == preferred.scores[tested]


def test_a_fold_is_scored_by_weights_that_never_saw_it() -> None:
    fold_cache, trials = run("concrete", "ridge", "svr", "knn", rows=300)
    scores = nested_scores(fold_cache, trials)
    fold = fold_cache.data.folds[0]
    # Whatever the members predict of this fold, their weights there stay what they were.
    trials = [
        replace(trial, predicted={**trial.predicted, 0: trial.predicted[0] + RANDOM.normal(size=len(fold.test))})
        for trial in trials
    ]
    others = ensemble_weights(
        np.concatenate([np.column_stack([e.predicted[i] for e in trials]) for i in range(1, 5)]),
        np.concatenate([fold_cache.data.train_y[f.test] for f in fold_cache.data.folds[1:]]),
    )
    expected = r2_score(fold_cache.data.train_y[fold.test], np.column_stack([e.predicted[0] for e in trials]) @ others)
    assert nested_scores(fold_cache, trials)[0] == pytest.approx(expected)
    assert scores[0] != pytest.approx(expected)


def test_a_blend_of_real_models_is_as_good_as_the_best_of_them() -> None:
    fold_cache, trials = run("concrete", "svr", "gradient_boosting", "extra_trees", "ridge")
    weights = final_weights(fold_cache, trials)
    best = max(trial.mean for trial in trials)
    assert np.mean(nested_scores(fold_cache, trials)) > best
    assert weights[[trial.label for trial in trials].index("ridge")] < 0.1
