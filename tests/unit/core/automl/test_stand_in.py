"""A trial stands in for a winner on the folds that this did not run on, if there is time for it."""

from dataclasses import replace

import numpy as np
import pytest

from core.automl.fold_fit import fit_fold
from core.automl.forecast import Forecast
from core.automl.stand_in import StandIn, choose_stand_in
from core.automl.trial import Trial, make_trial
from core.catalogue import regressor
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from tests.support.simulated_time import simulate_time
from tests.support.tables import noisy
from tests.support.training import LIMITS, split_text

ROWS = 100


@pytest.fixture(scope="module")
def fold_cache() -> FoldCache:
    return FoldCache(split_text(noisy(ROWS)))


@pytest.fixture
def forecast(fold_cache: FoldCache) -> Forecast:
    return Forecast(len(fold_cache.data.columns))


def trial_of(fold_cache: FoldCache, forecast: Forecast, name: str, score: float, seconds: float) -> Trial:
    """A trial that scored so on the first fold, and takes so many seconds a fold."""
    candidate = Candidate(regressor(name), {})
    forecast.learn(candidate, fold_cache.train_rows(1), seconds)
    trial = make_trial(fold_cache, candidate, LIMITS)
    return replace(trial, predicted={0: np.zeros(1)}, fold_scores={0: score})


def chosen(fold_cache: FoldCache, forecast: Forecast, trials: list[Trial], seconds: float, threads: int = 1) -> StandIn:
    found = choose_stand_in(fold_cache, trials, range(1, 5), forecast, threads, seconds)
    assert found is not None
    return found


def test_the_one_that_runs_on_most_folds_stands_in_of_those_about_as_good_as_the_best(
    fold_cache: FoldCache, forecast: Forecast
) -> None:
    best, good, poor = (
        trial_of(fold_cache, forecast, name, score, seconds)
        for name, score, seconds in (("svr", 0.90, 2.0), ("knn", 0.86, 0.9), ("ridge", 0.84, 0.1))
    )
    trials = [poor, good, best]
    assert chosen(fold_cache, forecast, trials, 9.0).trial is best
    found = chosen(fold_cache, forecast, trials, 3.0)
    assert (found.trial, list(found.folds)) == (good, [1, 2, 3])
    assert found.seconds == pytest.approx(2.7)
    # Two at once run on all four in as long as one takes for two.
    found = chosen(fold_cache, forecast, trials, 4.1, threads=2)
    assert (found.trial, list(found.folds)) == (best, [1, 2, 3, 4])
    assert found.seconds == pytest.approx(4.0)
    # There is time for the poor one alone.
    assert choose_stand_in(fold_cache, trials, range(1, 5), forecast, 1, 0.5) is None
    assert choose_stand_in(fold_cache, [], range(1, 5), forecast, 1, 9.0) is None


def test_it_predicts_the_folds_as_in_the_race(
    fold_cache: FoldCache, forecast: Forecast, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = make_trial(fold_cache, Candidate(regressor("ridge"), {}), LIMITS)
    results = [fit_fold(fold_cache, trial, number, LIMITS, forecast) for number in range(3)]
    begun, clock = trial.with_result(results[0]), simulate_time(monkeypatch)
    predicted = StandIn(begun, [1, 2], 1.0).predict(fold_cache, LIMITS, clock.now + 60)
    assert {number: values.tolist() for number, values in predicted.items()} == {
        result.fold_number: result.predicted.tolist() for result in results
    }
    # Out of time, there is what was known before.
    assert list(StandIn(begun, [1, 2], 1.0).predict(fold_cache, LIMITS, clock.now)) == [0]
