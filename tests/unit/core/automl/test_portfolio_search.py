"""A portfolio search in simulated time: refit and storing end by its time limit, on a slow machine too."""

from collections.abc import Callable
from typing import Any

import pytest

from core.automl import portfolio_search, refit, scheduler
from core.automl.forecast import Forecast
from core.automl.portfolio_search import STORING_SECONDS, TimeLimit, search_portfolio
from core.automl.refit import refit_winner
from core.automl.serving_cost import ServingLimits
from core.automl.trial import Trial
from core.automl.verified_graph import VerifiedGraph, verify_graph
from core.progress import StoppedError, ignore_progress
from core.regressors.splits import Split
from tests.support.simulated_time import SimulatedTime, simulate_fits, simulate_time
from tests.support.tables import noisy
from tests.support.training import LIMITS, fast_presets, split_text

SECONDS = 10.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimulatedTime:
    clock = simulate_time(monkeypatch, portfolio_search, refit)
    monkeypatch.setattr(portfolio_search, "select_presets", fast_presets)
    return clock


@pytest.fixture
def slow_by(monkeypatch: pytest.MonkeyPatch, clock: SimulatedTime) -> Callable[[float], None]:
    """Let fits and storing take so many times their expected seconds, each kind of regressor some more or less."""

    def slow(factor: float) -> None:
        def slowness(trial: Trial) -> float:
            return factor * (0.5 + len(trial.candidate.regressor.name) % 3)

        def verify(pipeline: Any, data: Split) -> VerifiedGraph:
            clock.elapse(factor * STORING_SECONDS)
            return verify_graph(pipeline, data)

        simulate_fits(monkeypatch, clock, slowness)
        monkeypatch.setattr(refit, "verify_graph", verify)
        monkeypatch.setattr(portfolio_search, "measure_pace", lambda data: (Forecast(len(data.columns)), factor))

    return slow


@pytest.mark.parametrize("rows", [50, 400, 2_500])
@pytest.mark.parametrize("factor", [1.0, 4.0, 12.0])
def test_the_time_limit_is_kept(
    clock: SimulatedTime, slow_by: Callable[[float], None], rows: int, factor: float
) -> None:
    slow_by(factor)
    begun = clock.now
    search = search_portfolio(
        split_text(noisy(rows)), LIMITS, ServingLimits(), TimeLimit(SECONDS, begun), ignore_progress
    )
    assert search.usable
    winner = refit_winner(search, ignore_progress)
    assert clock.now - begun <= SECONDS
    assert winner.model.fold_cache.data.train_y.size == search.data.train_y.size


def test_a_slower_machine_tries_fewer_and_gives_the_reason(
    clock: SimulatedTime, slow_by: Callable[[float], None]
) -> None:
    ran = {}
    for factor in (1.0, 12.0, 40.0):
        slow_by(factor)
        limit = TimeLimit(SECONDS, clock.now)
        search = search_portfolio(split_text(noisy(400)), LIMITS, ServingLimits(), limit, ignore_progress)
        ran[factor] = len(search.usable)
        refused = [trial.failure.detail for trial in search.trials if trial.failure]
        assert set(refused) <= {scheduler.OUT_OF_TIME}
        assert len(refused) + ran[factor] == len(search.trials)
    assert ran[1.0] > ran[12.0] > ran[40.0] >= 1


def test_each_step_leaves_the_search_before_it_as_it_was(
    clock: SimulatedTime, slow_by: Callable[[float], None]
) -> None:
    slow_by(1.0)
    limit = TimeLimit(SECONDS, clock.now)
    proposed = portfolio_search.propose(split_text(noisy(60)), LIMITS, ServingLimits(), limit)
    once = portfolio_search.run_division(proposed, ignore_progress)
    thrice = portfolio_search.repeat_divisions(once, ignore_progress)
    winner = refit_winner(thrice, ignore_progress)
    assert [len(trial.predicted) for trial in proposed.trials] == [0] * len(proposed.trials)
    assert {len(trial.predicted) for trial in once.usable} == {8}
    assert {len(trial.predicted) for trial in thrice.finalists} == {24}
    assert {len(trial.predicted) for trial in once.finalists} == {8}
    assert all(trial.fitted is None for trial in thrice.trials)
    assert all(trial.fitted is not None for trial in winner.model.fitted)


def test_a_search_that_is_cut_is_the_same_search_with_a_nearer_deadline(
    clock: SimulatedTime, slow_by: Callable[[float], None]
) -> None:
    slow_by(1.0)
    limit = TimeLimit(SECONDS, clock.now)
    search = search_portfolio(split_text(noisy(60)), LIMITS, ServingLimits(), limit, ignore_progress)
    cut = search.cut_short(StoppedError("cancelled"))
    assert cut.deadline == min(search.deadline, clock.now + portfolio_search.WINDING_UP_SECONDS)
    assert [trial.label for trial in cut.finalists] == [trial.label for trial in search.finalists]
    assert search.cut is None
    with pytest.raises(StoppedError):
        cut.cut_short(StoppedError("timeout"))
