"""A search in simulated time, with made-up fits: it ends by its time limit on any table, and what leads goes on."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.automl import finishing, portfolio, portfolio_search, race, refit, refit_stage, scheduler
from core.automl.forecast import Forecast
from core.automl.portfolio_search import PortfolioSearch, TimeLimit, propose
from core.automl.race import Race
from core.automl.racing import folds_done
from core.automl.refit import Winner, refit_winner
from core.automl.serving_cost import ServingLimits
from core.automl.trial import OUT_OF_TIME, FoldResult, Trial
from core.errors import TrainingFailedError
from core.progress import StoppedError, ignore_progress
from core.regressors.fold_cache import FoldCache
from core.regressors.importance import count_predictions
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Split
from tests.support.made_up_race import NEVER, Machine, MadeUpGraph, made_split
from tests.support.simulated_time import SimulatedTime, simulate_time

SECONDS = 10.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimulatedTime:
    monkeypatch.setattr(race, "MOST_VARIATIONS", 3)
    return simulate_time(monkeypatch, portfolio_search, refit, refit_stage)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, clock: SimulatedTime) -> Callable[..., Machine]:
    """Return a function that makes a machine up and lets searches run on it."""

    def make(seed: int = 0, slow: float = 1.0, spread: float = 0.0, hanging: float = 0.0) -> Machine:
        machine = Machine(seed, clock, slow, spread, hanging)
        for module in (race, scheduler):
            monkeypatch.setattr(module, "fit_fold", machine.fit)
        monkeypatch.setattr(refit, "verify", machine.verify)
        monkeypatch.setattr(refit, "verify_graph", lambda *_: MadeUpGraph())
        monkeypatch.setattr(portfolio_search, "measure_pace", lambda data, _: (Forecast(len(data.columns)), slow))
        return machine

    return make


def searched(
    data: Split, clock: SimulatedTime, threads: int = 2, report: Any = ignore_progress
) -> tuple[PortfolioSearch, Winner]:
    """Return a search after its race, and its winner."""
    limits = TrainingLimits(threads=threads, model_bytes=64 << 20)
    proposed = propose(data, limits, ServingLimits(64 << 20), TimeLimit(SECONDS, clock.now))
    search = Race(proposed, report).run()
    return search, refit_winner(search, ignore_progress)


@pytest.mark.parametrize("seed", range(12))
def test_the_time_limit_is_kept_on_any_table_and_machine(
    seed: int, clock: SimulatedTime, made: Callable[..., Machine]
) -> None:
    drawn = random.Random(seed)
    rows = drawn.choice((20, 60, 400, 2_500, 12_000))
    made(seed, slow=drawn.choice((1.0, 4.0, 12.0)), spread=drawn.uniform(0, 1.5), hanging=drawn.choice((0, 0.1)))
    begun = clock.now
    search, winner = searched(made_split(rows, drawn.choice((1, 10, 200))), clock, drawn.choice((1, 2, 16)))
    assert winner.model.fitted
    assert clock.now - begun <= max(1.15 * SECONDS, SECONDS + 1)
    # The time is used, unless everything has run.
    waiting = [trial for trial in search.trials if trial.failure and trial.failure.detail == OUT_OF_TIME]
    assert not waiting or clock.now - begun >= 0.5 * SECONDS


@pytest.mark.parametrize("rows", [60, 2_500, 20_000])
def test_a_boosted_tree_runs_first_and_within_a_tenth_of_the_time(
    rows: int, clock: SimulatedTime, made: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    made()
    ends = {}
    record = Race._record

    def timed(self: Race, ended: Any) -> None:
        ends.update({fit: clock.now for fit, _ in ended})
        record(self, ended)

    monkeypatch.setattr(Race, "_record", timed)
    begun = clock.now
    search, _ = searched(made_split(rows, 20), clock, 1)
    assert min(ends, key=lambda fit: ends[fit]) == (search.trials[0].label, 0)
    assert search.trials[0].candidate.regressor.name in portfolio.BOOSTED
    assert min(ends.values()) - begun <= 0.1 * SECONDS


def test_many_configurations_run_on_a_small_table(clock: SimulatedTime, made: Callable[..., Machine]) -> None:
    made(slow=2.0, spread=0.5)
    search, _ = searched(made_split(9_000, 10), clock)
    assert len(search.usable) >= 15


def test_more_cores_spend_more_time_in_fits(clock: SimulatedTime, made: Callable[..., Machine]) -> None:
    made(slow=4.0)
    seconds = []
    for threads in (1, 2, 16):
        search, _ = searched(made_split(20_000, 20), clock, threads)
        seconds.append(sum(trial.seconds for trial in search.trials))
    assert 1.3 * seconds[0] < seconds[1]
    assert 1.3 * seconds[1] < seconds[2]


def test_those_that_lead_run_on_more_folds_than_those_that_are_behind(
    clock: SimulatedTime, made: Callable[..., Machine]
) -> None:
    made()
    search, winner = searched(made_split(1_000, 10), clock)
    assert search.dropped
    assert search.folds > 1
    assert all(folds_done(trial) < search.folds for trial in search.trials if trial.label in search.dropped)
    assert not {trial.label for trial in winner.model.selection.trials} & search.dropped


def test_a_refit_that_does_not_end_is_abandoned_for_the_models_of_a_fold(
    clock: SimulatedTime, made: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = made()
    fit = machine.fit

    def hang(fold_cache: FoldCache, trial: Trial, number: int, *rest: Any, **options: Any) -> FoldResult:
        result = fit(fold_cache, trial, number, *rest, **options)
        return replace(result, seconds=NEVER) if number == fold_cache.holdout_fold else result

    monkeypatch.setattr(scheduler, "fit_fold", hang)
    begun = clock.now
    search, winner = searched(made_split(400, 10), clock)
    assert winner.model.fold == 0
    assert clock.now - begun <= max(1.15 * SECONDS, SECONDS + 1)
    # Without its own models of a fold another one wins.
    begun, best = clock.now, max(search.finalists, key=lambda trial: trial.mean)
    search = search.with_trials([replace(best, fold_pipeline=None)])
    search = replace(search, deadline=begun + SECONDS, ensemble_failure=TrainingFailedError("none"))
    winner = refit_winner(search, ignore_progress)
    assert (winner.model.fold, winner.model.selection.trials[0].label != best.label) == (0, True)
    assert clock.now - begun <= max(1.15 * SECONDS, SECONDS + 1)


def test_a_load_in_the_refits_does_not_lead_from_one_trial_to_the_next_where_no_model_was_kept(
    clock: SimulatedTime, made: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, refitted = made(), list[str]()
    fit = machine.fit

    def slow(fold_cache: FoldCache, trial: Trial, *rest: Any, **options: Any) -> FoldResult:
        refitted.append(trial.label)
        result = fit(fold_cache, trial, *rest, **options)
        return replace(result, seconds=20 * result.seconds)

    monkeypatch.setattr(scheduler, "fit_fold", slow)
    search, _ = searched(made_split(900, 10), clock)
    refitted.clear()
    without = search.with_trials([replace(trial, fold_pipeline=None) for trial in search.finalists])
    refit_winner(replace(without, deadline=clock.now - 1, ensemble_failure=TrainingFailedError("")), ignore_progress)
    assert len(refitted) == 1


@pytest.mark.parametrize(("ahead", "learned"), [(0.01, "all rows"), (0.5, "a fold")])
def test_a_little_better_is_not_worth_the_rows_that_it_cannot_be_refitted_on(
    clock: SimulatedTime, made: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch, ahead: float, learned: str
) -> None:
    machine = made(slow=0.1)
    fit = machine.fit

    def slow_and_better(fold_cache: FoldCache, trial: Trial, number: int, *rest: Any, **options: Any) -> FoldResult:
        result = fit(fold_cache, trial, number, *rest, **options)
        if number == fold_cache.holdout_fold:
            return result
        actual = fold_cache.data.train_y[fold_cache.data.folds[number].test]
        is_slow = trial.candidate.regressor.name == "gradient_boosting"
        # All err alike, so no blend is better than its best member.
        error = (1 - ahead if is_slow else 1.0) * 0.2 * np.where(np.arange(len(actual)) % 2, 1.0, -1.0)
        if is_slow:
            rest[-1].learn(trial.candidate, fold_cache.train_rows(number), 4.0)
        score = float(1 - np.square(error).mean() / actual.var())
        return replace(result, predicted=actual + error, score=score, seconds=4.0 if is_slow else result.seconds)

    monkeypatch.setattr(race, "fit_fold", slow_and_better)
    _, winner = searched(made_split(2_000, 10), clock)
    assert (learned == "a fold") == (winner.model.fold == 0)
    assert (learned == "a fold") == (winner.model.selection.trials[0].candidate.regressor.name == "gradient_boosting")


def test_a_model_that_takes_too_long_to_explain_may_not_win(
    clock: SimulatedTime, made: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = made()
    fit = machine.fit

    def slow_to_predict(fold_cache: FoldCache, trial: Trial, *rest: Any, **options: Any) -> FoldResult:
        result = fit(fold_cache, trial, *rest, **options)
        if result.cost is None or trial.candidate.regressor.name not in ("ridge", "svr"):
            return result
        return replace(result, cost=replace(result.cost, row_seconds=1e-2))

    monkeypatch.setattr(race, "fit_fold", slow_to_predict)
    search, _ = searched(made_split(400, 10), clock)
    slow = {t.candidate.regressor.name for t in search.trials if t.failure and "explain" in t.failure.detail}
    assert slow == {"ridge", "svr"}


def test_while_all_models_take_too_long_to_store_none_gets_a_second_fold(
    clock: SimulatedTime, made: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    made()
    for seconds in ("storing_seconds", "least_storing_seconds"):
        monkeypatch.setattr(finishing.Finishing, seconds, lambda *_: 0.4 * SECONDS)
    begun = clock.now
    search, winner = searched(made_split(2_500, 10), clock)
    assert {len(trial.predicted) for trial in search.usable} == {1}
    assert winner.model.fitted
    assert clock.now - begun <= 1.15 * SECONDS


def test_to_explain_a_wide_table_leaves_most_of_the_time_for_its_trials(
    clock: SimulatedTime, made: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = made(slow=0.1)
    fit, row_seconds = machine.fit, 5e-5

    def costly_rows(*arguments: Any, **options: Any) -> FoldResult:
        result = fit(*arguments, **options)
        cost = result.cost and replace(result.cost, row_seconds=row_seconds, seconds=0.1)
        return replace(result, cost=cost, row_seconds=0.0)

    monkeypatch.setattr(race, "fit_fold", costly_rows)
    search, _ = searched(made_split(2_000, 60), clock)
    # The importance on all rows that it may take would need all the time there is.
    assert row_seconds * count_predictions(400, 60) > 0.5 * SECONDS
    best = max(search.usable, key=lambda trial: trial.mean)
    assert search.finishing.storing_seconds([best]) < 0.3 * SECONDS
    assert len(search.usable) > 0.7 * len(search.trials)


def test_a_search_without_time_runs_the_fastest_alone(clock: SimulatedTime, made: Callable[..., Machine]) -> None:
    made(slow=1e4)
    search, _ = searched(made_split(400, 10), clock)
    assert len(search.usable) == 1
    fastest = min(search.trials, key=lambda trial: trial.candidate.expected_seconds(400, 10))
    assert search.usable[0].candidate.regressor.name == fastest.candidate.regressor.name


def test_a_search_that_is_cut_is_the_same_search_with_a_nearer_deadline(
    clock: SimulatedTime, made: Callable[..., Machine]
) -> None:
    made()
    search, _ = searched(made_split(60, 10), clock)
    search = replace(search, deadline=clock.now + 100)
    cut = search.cut_short(StoppedError("cancelled"))
    assert cut.deadline == clock.now + portfolio_search.WINDING_UP_SECONDS
    assert [trial.label for trial in cut.finalists] == [trial.label for trial in search.finalists]
    assert search.cut is None
    with pytest.raises(StoppedError):
        cut.cut_short(StoppedError("timeout"))


def test_a_race_leaves_the_search_before_it_as_it_was(clock: SimulatedTime, made: Callable[..., Machine]) -> None:
    made(slow=0.1)
    limits = TrainingLimits(threads=1, model_bytes=64 << 20)
    proposed = propose(made_split(60, 10), limits, ServingLimits(), TimeLimit(SECONDS, clock.now))
    raced = Race(proposed, ignore_progress).run()
    winner = refit_winner(raced, ignore_progress)
    assert all(not trial.predicted for trial in proposed.trials)
    # A very small table is divided three times, and only whole divisions count.
    assert raced.folds in (8, 16, 24)
    assert {len(trial.predicted) for trial in raced.finalists} == {raced.folds}
    assert all(trial.fitted is None for trial in raced.trials)
    assert all(trial.fitted is not None for trial in winner.model.fitted)


def test_a_slower_machine_tries_fewer_and_gives_the_reason(clock: SimulatedTime, made: Callable[..., Machine]) -> None:
    ran = {}
    for slow in (1.0, 12.0, 40.0):
        made(slow=slow)
        search, _ = searched(made_split(9_000, 10), clock)
        ran[slow] = len(search.usable)
        refused = [trial.failure.detail for trial in search.trials if trial.failure]
        assert set(refused) <= {OUT_OF_TIME}
        assert len(refused) + ran[slow] == len(search.trials)
    assert ran[1.0] > ran[12.0] > ran[40.0] >= 1


@pytest.mark.parametrize("busy", [2.0, 20.0])
def test_as_much_more_time_is_kept_to_store_as_the_machine_is_slower(made: Callable[..., Machine], busy: float) -> None:
    made()
    search = propose(made_split(2_000, 5), TrainingLimits(2, 1 << 30), ServingLimits(), TimeLimit(SECONDS, 0.0))
    quiet = search.finishing.writing_seconds(1_000_000), search.finishing.storing_seconds([])
    search.forecast.learn(search.trials[0].candidate, search.rows, took=busy, worked=1.0)
    assert search.finishing.writing_seconds(1_000_000) == pytest.approx(busy * quiet[0])
    assert search.finishing.storing_seconds([]) > quiet[1] * min(busy, 4.0) * 0.9


def test_time_is_kept_for_a_stand_in_on_the_folds_that_the_winner_has_not_run_on(
    clock: SimulatedTime, made: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(slow=0.2)
    whole, _ = searched(made_split(900, 10), clock)
    assert whole.of_stand_in(SECONDS) == {}
    search = whole.with_trials([trial.without_folds(range(2, 8)) for trial in whole.trials])
    assert (search.folds, search.division) == (2, 8)
    kept, begun = search.finishing_seconds(), clock.now
    predicted = search.of_stand_in(SECONDS)
    assert sorted(predicted) == list(range(len(predicted))) and len(predicted) > 2
    assert 0 < clock.now - begun <= portfolio_search.STAND_IN_SHARE * SECONDS
    assert search.cut_short(StoppedError("cancelled")).of_stand_in(SECONDS) == {}
    assert search.of_stand_in(0.0) == {}
    monkeypatch.setattr(portfolio_search, "STAND_IN_SHARE", 0.0)
    assert search.finishing_seconds() < kept
