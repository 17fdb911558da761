"""Which model may still win at the end of a search, by the time that is left and the limits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf

import pytest

from core.automl import portfolio_search, refit_stage
from core.automl.finishing import Finishing
from core.automl.portfolio_search import PortfolioSearch
from core.automl.refit_stage import Refits, RefitStage
from core.automl.serving_cost import ServingCost, ServingLimits
from core.automl.trial import Trial
from core.errors import TrainingFailedError
from core.progress import StoppedError


def simulate_storing(monkeypatch: pytest.MonkeyPatch, seconds: Mapping[str, float], in_haste: float = 1.0) -> None:
    """Let a trial take so many seconds to store, by its label (others none), and in haste a share of them."""

    def storing(_: Finishing, members: Sequence[Trial]) -> float:
        return sum(seconds.get(trial.label, 0.0) for trial in members)

    monkeypatch.setattr(Finishing, "storing_seconds", storing)
    monkeypatch.setattr(Finishing, "least_storing_seconds", lambda *given: in_haste * storing(*given))


@pytest.mark.parametrize(("late", "is_best"), [(0.1, True), (0.9, False)])
def test_a_winner_that_is_late_by_a_moment_is_not_replaced_by_a_worse_one(
    search: PortfolioSearch, monkeypatch: pytest.MonkeyPatch, late: float, is_best: bool
) -> None:
    """Its storing takes 5 s, that of all others nothing."""
    once = [trial.without_folds(range(1, len(search.fold_cache.data.folds))) for trial in search.usable]
    search = replace(search, trials=tuple(once), seconds=2.0, ensemble_failure=TrainingFailedError("none"))
    best = max(search.finalists, key=lambda trial: trial.mean)
    seconds = {trial.label: 5.0 * (trial.label == best.label) for trial in search.trials}
    simulate_storing(monkeypatch, seconds)
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: 0.0)
    search = replace(search, deadline=portfolio_search.time.monotonic() + 5.0 - late)
    assert (chosen(search) == best.label) is is_best


@pytest.fixture
def single(search: PortfolioSearch) -> PortfolioSearch:
    """Return the search without limits and ensemble, its trials on the first fold, whose models were all kept."""
    folds = range(1, len(search.fold_cache.data.folds))
    once = [replace(trial.without_folds(folds), fold_pipeline=trial.label) for trial in search.usable]
    finishing = replace(search.finishing, serving_limits=ServingLimits())
    return replace(search, trials=tuple(once), finishing=finishing, ensemble_failure=TrainingFailedError("none"))


def chosen(search: PortfolioSearch, *, overdue: bool = False) -> str:
    """Return the label of the model that is selected, which is a single one."""
    (trial,) = RefitStage(search, overdue=overdue).select().selection.trials
    return trial.label


def without_models(search: PortfolioSearch, trials: Sequence[Trial]) -> PortfolioSearch:
    """Return the search with these trials, of which the models of the first fold were not kept."""
    return search.with_trials([replace(trial, fold_pipeline=None) for trial in trials])


def ending_in(search: PortfolioSearch, seconds: float) -> PortfolioSearch:
    """Return the search with its deadline in so many seconds of its simulated clock, and hardly any grace."""
    return replace(search, deadline=portfolio_search.time.monotonic() + seconds, seconds=1.0)


def by_score(search: PortfolioSearch) -> list[Trial]:
    return sorted(search.finalists, key=lambda trial: -trial.mean)


def test_without_time_to_refit_the_winner_is_the_best_whose_model_of_a_fold_was_kept(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, second, *_ = by_score(single)
    single = without_models(single, [best])
    simulate_storing(monkeypatch, {})
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: inf)
    assert chosen(single) == second.label


def test_after_a_refit_that_was_abandoned_the_winner_is_one_whose_model_of_a_fold_was_kept(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, second, *_ = by_score(single)
    single = without_models(single, [best])
    simulate_storing(monkeypatch, {})
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: 0.0)
    assert chosen(single) == best.label
    assert chosen(single, overdue=True) == second.label


@pytest.mark.parametrize(
    ("size_bytes", "seconds", "is_replaceable"), [(1_000, 1.0, True), (1_000_000, 1.0, False), (1_000, 3.0, False)]
)
def test_a_refit_can_be_abandoned_for_a_model_of_a_fold_that_is_within_the_limits_and_stored_as_soon(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch, size_bytes: int, seconds: float, is_replaceable: bool
) -> None:
    best, kept, *others = by_score(single)
    kept = replace(kept, cost=ServingCost(size_bytes, 1.0, 0.0), most_bytes=0)
    single = without_models(single, [best, *others]).with_trials([kept])
    single = replace(single, finishing=replace(single.finishing, serving_limits=ServingLimits(900_000)))
    simulate_storing(monkeypatch, {best.label: 2.0, kept.label: seconds})
    assert RefitStage(single).is_replaceable([best]) is is_replaceable


def test_the_best_is_refitted_on_fewer_rows_where_there_is_time_for_no_more_and_none_was_kept(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, second, *_ = by_score(single)
    single = without_models(single, by_score(single))
    most = {best.label: 0, second.label: 9 * len(single.data.train_y) // 10}

    def fitting_seconds(_: Finishing, trials: Sequence[Trial], rows: int) -> float:
        return 0.0 if all(rows <= most.get(trial.label, 0) for trial in trials) else inf

    simulate_storing(monkeypatch, {})
    monkeypatch.setattr(Finishing, "fitting_seconds", fitting_seconds)
    choice = RefitStage(single).select()
    assert ([trial.label for trial in choice.selection.trials], choice.rows) == ([second.label], most[second.label])


def test_models_that_can_be_refitted_in_time_and_exceed_the_limits_rule_nothing_out(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, *others = by_score(single)
    small, large = ServingCost(1_000, 1.0, 0.0), ServingCost(1_000_000, 1.0, 0.0)
    costs = [replace(best, cost=small, most_bytes=0), *(replace(one, cost=large, most_bytes=0) for one in others)]
    single = replace(
        single.with_trials(costs), finishing=replace(single.finishing, serving_limits=ServingLimits(9_000))
    )

    def fitting_seconds(_: Finishing, trials: Sequence[Trial], rows: int) -> float:
        return inf if best.label in [trial.label for trial in trials] else 0.0

    simulate_storing(monkeypatch, {})
    monkeypatch.setattr(Finishing, "fitting_seconds", fitting_seconds)
    assert chosen(single) == best.label


def test_late_the_model_wins_that_is_stored_soonest_its_refit_included(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, quick, *others = by_score(single)
    single = without_models(single, [quick, *others])
    storing = {trial.label: 9.0 for trial in single.trials} | {kept.label: 3.0, quick.label: 1.0}
    simulate_storing(monkeypatch, storing)
    single = ending_in(single, 0.0)

    for fitting, expected in ((1.0, quick), (5.0, kept)):
        monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_, seconds=fitting: seconds)
        assert chosen(single) == expected.label


@pytest.mark.parametrize(("share", "is_stored"), [(0.5, True), (1.5, False)])
def test_a_model_that_can_only_be_stored_in_haste_wins_where_it_is_far_better(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch, share: float, is_stored: bool
) -> None:
    best, second, *others = by_score(single)
    single = single.with_trials([one.with_failure(TrainingFailedError("none")) for one in others])
    better_by = 1 - (1 - best.mean) / (1 - second.mean)
    monkeypatch.setattr(refit_stage, "FAR_BETTER", share * better_by)
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: inf)
    simulate_storing(monkeypatch, {best.label: 4.0}, in_haste=0.5)
    assert (chosen(ending_in(single, 3.0)) == best.label) is is_stored
    assert chosen(ending_in(single, 1.0)) == second.label


def test_late_the_best_wins_of_those_that_are_stored_about_as_soon(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, second, *others = by_score(single)
    single = ending_in(without_models(single, by_score(single)), -9.0)
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: 1.0)
    for seconds, expected in ((0.4, best), (0.6, second)):
        simulate_storing(monkeypatch, {best.label: seconds, **{one.label: 9.0 for one in others}})
        assert chosen(single) == expected.label


def test_without_any_model_of_a_fold_a_far_better_one_is_refitted_and_stored_in_haste(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, *_ = by_score(single)
    single = without_models(single, by_score(single))
    monkeypatch.setattr(refit_stage, "FAR_BETTER", 0.0)
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: 1.0)
    simulate_storing(monkeypatch, {best.label: 4.0}, in_haste=0.5)
    assert chosen(ending_in(single, 2.6)) == best.label
    assert chosen(ending_in(single, 2.4)) != best.label


def test_a_race_that_was_cut_short_is_not_late_by_a_share_of_its_time(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = by_score(single)[0]
    simulate_storing(monkeypatch, {best.label: 5.0})
    single = replace(single, seconds=900.0, deadline=portfolio_search.time.monotonic() + 4.0)
    assert single.affordable_in_haste([best]) and single.affordable([best])
    cut = replace(single, cut=StoppedError("cancelled"))
    assert not cut.affordable_in_haste([best]) and not cut.affordable([best])


@pytest.mark.parametrize("overdue", [False, True])
def test_what_is_refitted_already_wins_as_it_is(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch, overdue: bool
) -> None:
    best, *_ = by_score(single)
    single = without_models(single, by_score(single))
    rows = 9 * len(single.data.train_y) // 10
    refits = {rows: Refits(single.fold_cache, {best.label: best})}
    simulate_storing(monkeypatch, {})
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda _, trials, rows: inf if trials else 0.0)
    choice = RefitStage(single, refits, overdue=overdue).select()
    assert ([trial.label for trial in choice.selection.trials], choice.rows) == ([best.label], rows)
