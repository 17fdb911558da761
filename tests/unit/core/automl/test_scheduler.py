"""Candidates side by side: the textbook's scores, failures kept apart, progress, time, and nothing left behind."""

import subprocess
import sys
import threading
import time
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import Pipeline

from core.automl.forecast import Forecast
from core.automl.scheduler import TrialBudget, TrialScheduler, run_trials
from core.automl.trial import OUT_OF_TIME, Trial, make_trial
from core.catalogue import CATALOGUE, regressor
from core.errors import ParameterError
from core.progress import StoppedError, ignore_progress
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Split
from core.regressors.thread_limits import one_core_per_fit
from tests.support.tables import ROOT, noisy
from tests.support.training import LIMITS, quick, real_split, split_text

TWO = TrainingLimits(threads=2, model_bytes=64 << 20)


def trials_of(fold_cache: FoldCache, *names: str, **params: Any) -> list[Trial]:
    return [make_trial(fold_cache, Candidate(regressor(name), {**quick(name), **params}), TWO) for name in names]


def textbook_scores(data: Split, name: str) -> list[float]:
    """R2 of each fold by scikit-learn's own loop over the same pipeline; LightGBM takes categories as codes."""
    chosen = regressor(name)
    preprocessor = data.coder if name == "lightgbm" else data.preprocessor
    estimator, _ = Candidate(chosen, quick(name)).make_estimator(len(data.train_y), LIMITS, data.columns)
    scale = [("scale", clone(data.standardiser))] if chosen.scaled else []
    pipeline = Pipeline([("prepare", clone(preprocessor)), *scale, ("estimate", estimator)])
    folds = KFold(5, shuffle=True, random_state=0)
    with one_core_per_fit():
        return cross_val_score(pipeline, data.train_x, data.train_y, cv=folds, scoring="r2").tolist()


@pytest.mark.parametrize("table", ["mpg", "taxis"])
def test_every_regressor_scores_what_scikit_learn_scores_alone(table: str) -> None:
    data = real_split(table, 300)
    fold_cache = FoldCache(data)
    trials = run_trials(fold_cache, trials_of(fold_cache, *CATALOGUE), fold_cache.fold_numbers, TWO, ignore_progress)
    for trial in trials:
        assert trial.scores == pytest.approx(textbook_scores(data, trial.label), abs=1e-9)
        assert trial.fitted.predict(data.test_x) == pytest.approx(trial.predicted[fold_cache.holdout_fold], rel=1e-9)


def test_one_that_fails_fails_alone() -> None:
    fold_cache = FoldCache(split_text(noisy(60)))
    good, bad, unknown = trials_of(fold_cache, "ridge", "svr", "knn")
    bad.estimator.set_params(regressor__C=-1)
    unknown = unknown.with_failure(ParameterError("never begun"))
    bad, good, unknown = run_trials(fold_cache, [bad, good, unknown], fold_cache.fold_numbers, TWO, ignore_progress)
    assert good.failure is None
    assert len(good.predicted) == 6
    assert bad.failure is not None
    assert bad.failure.detail.startswith("The 'C' parameter of svr must be")
    assert unknown.predicted == {}


def test_progress_only_grows_and_ends_whole() -> None:
    fold_cache = FoldCache(split_text(noisy(60)))
    reported: list[tuple[float, dict[str, float]]] = []
    run_trials(
        fold_cache,
        trials_of(fold_cache, "ridge", "knn"),
        fold_cache.fold_numbers,
        TWO,
        lambda _stage, share, parts, *_: reported.append((share, parts)),
    )
    shares = [share for share, _ in reported]
    assert shares == sorted(shares)
    assert reported[-1] == (pytest.approx(1.0), {"ridge": 1.0, "knn": 1.0})


def test_work_that_nobody_wants_any_more_stops() -> None:
    fold_cache = FoldCache(split_text(noisy(200)))

    def stop(*_: Any) -> None:
        raise StoppedError

    trials = trials_of(fold_cache, "random_forest", "ridge", "knn")
    with pytest.raises(StoppedError):
        run_trials(fold_cache, trials, fold_cache.fold_numbers, TWO, stop)
    results, stopped = TrialScheduler(fold_cache, trials, fold_cache.fold_numbers, TWO, stop, None).run()
    assert stopped is not None
    # What was fitted by then is kept.
    assert 0 < sum(len(trial.predicted) for trial in results) < 18


def test_out_of_time_the_first_one_still_comes_through() -> None:
    fold_cache = FoldCache(split_text(noisy(200)))
    first, *others = run_trials(
        fold_cache,
        trials_of(fold_cache, "ridge", "random_forest", "svr"),
        fold_cache.fold_numbers,
        TWO,
        ignore_progress,
        TrialBudget(time.monotonic(), Forecast(1)),
    )
    assert first.failure is None
    assert len(first.predicted) == 6
    assert [trial.failure.detail for trial in others if trial.failure] == [OUT_OF_TIME] * 2


def test_a_trial_is_not_fitted_twice_on_a_fold() -> None:
    fold_cache = FoldCache(split_text(noisy(60)))
    (before,) = run_trials(
        fold_cache, trials_of(fold_cache, "ridge"), fold_cache.fold_numbers[:-1], TWO, ignore_progress
    )
    assert before.fitted is None
    (trial,) = run_trials(fold_cache, [before], fold_cache.fold_numbers, TWO, ignore_progress)
    assert all(trial.predicted[fold] is values for fold, values in before.predicted.items())
    assert trial.fitted is not None


def test_two_trainings_at_once_leave_warnings_and_threads_as_they_were() -> None:
    filters, show = list(warnings.filters), warnings.showwarning
    inside, leave = threading.Barrier(3), threading.Event()

    def train(first: bool) -> None:
        with one_core_per_fit():
            inside.wait()
            if not first:
                leave.wait()

    threads = [threading.Thread(target=train, args=(first,)) for first in (True, False)]
    for thread in threads:
        thread.start()
    inside.wait()
    threads[0].join()
    assert warnings.filters[0][0] == "ignore"
    leave.set()
    threads[1].join()
    assert (list(warnings.filters), warnings.showwarning) == (filters, show)


WITHOUT_SEMAPHORES = """
import sys, warnings, _multiprocessing

def refuse(*_, **__):
    raise OSError(38, "Function not implemented")

_multiprocessing.SemLock = refuse
from tests.support.training import CATALOGUE, quick, split_text, trained
from tests.support.tables import noisy
warnings.simplefilter("error")
data = split_text(noisy(60))
for name in CATALOGUE:
    trained(data, name, quick(name))
print("trained", len(CATALOGUE))
"""


def test_everything_trains_where_there_are_no_semaphores() -> None:
    # Lambda has no /dev/shm.
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SEMAPHORES], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.stdout.split() == ["trained", str(len(CATALOGUE))], done.stderr


def test_past_its_most_rows_a_forest_draws_a_sample_for_each_tree() -> None:
    forest = CATALOGUE["random_forest"]
    estimator, notes = Candidate(forest).make_estimator(1_000_000, LIMITS)
    assert estimator.max_samples == pytest.approx(0.1)
    assert "each tree learned from 100,000 of the 1,000,000 rows" in notes[0]
    chosen, notes = Candidate(forest, {"max_samples": 0.5}).make_estimator(1_000_000, LIMITS)
    assert chosen.max_samples == 0.5
    assert not any("each tree" in note for note in notes)


def test_neighbours_keep_no_more_rows_than_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = split_text(noisy(400))
    fold_cache = FoldCache(data)
    trial = make_trial(fold_cache, Candidate(regressor("knn")), small := TrainingLimits(threads=1, model_bytes=4800))
    (trial,) = run_trials(fold_cache, [trial], fold_cache.fold_numbers, small, ignore_progress)
    assert trial.fitted[-1].n_samples_fit_ == 100
    assert list(trial.notes) == ["learned from 100 of the 320 rows, spread evenly, to bound its time and size"]
    assert np.isfinite(trial.predicted[fold_cache.holdout_fold]).all()
