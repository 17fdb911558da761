"""Which model may still win at the end of a search, by the time that is left and the limits."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import pytest

from core.automl import portfolio_search
from core.automl.finishing import Finishing
from core.automl.portfolio_search import PortfolioSearch
from core.automl.refit_stage import RefitStage
from core.automl.serving_cost import ServingCost, ServingLimits
from core.automl.trial import Trial
from core.errors import TrainingFailedError


@pytest.mark.parametrize(("late", "is_best"), [(0.1, True), (0.9, False)])
def test_a_winner_that_is_late_by_a_moment_is_not_replaced_by_a_worse_one(
    search: PortfolioSearch, monkeypatch: pytest.MonkeyPatch, late: float, is_best: bool
) -> None:
    """Its storing takes 5 s, that of all others nothing."""
    once = [trial.without_folds(range(1, len(search.fold_cache.data.folds))) for trial in search.usable]
    search = replace(search, trials=tuple(once), seconds=2.0, ensemble_failure=TrainingFailedError("none"))
    best = max(search.finalists, key=lambda trial: trial.mean)
    seconds = {trial.label: 5.0 * (trial.label == best.label) for trial in search.trials}
    monkeypatch.setattr(Finishing, "storing_seconds", lambda _, members: sum(seconds[trial.label] for trial in members))
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
    (trial,) = RefitStage(search, overdue=overdue).select()[0].trials
    return trial.label


def by_score(search: PortfolioSearch) -> list[Trial]:
    return sorted(search.finalists, key=lambda trial: -trial.mean)


def test_without_time_to_refit_the_winner_is_the_best_whose_model_of_a_fold_was_kept(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, second, *_ = by_score(single)
    single = single.with_trials([replace(best, fold_pipeline=None)])
    monkeypatch.setattr(Finishing, "storing_seconds", lambda *_: 0.0)
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: inf)
    assert chosen(single) == second.label


def test_after_a_refit_that_was_abandoned_the_winner_is_one_whose_model_of_a_fold_was_kept(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, second, *_ = by_score(single)
    single = single.with_trials([replace(best, fold_pipeline=None)])
    monkeypatch.setattr(Finishing, "storing_seconds", lambda *_: 0.0)
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: 0.0)
    assert chosen(single) == best.label
    assert chosen(single, overdue=True) == second.label


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

    monkeypatch.setattr(Finishing, "storing_seconds", lambda *_: 0.0)
    monkeypatch.setattr(Finishing, "fitting_seconds", fitting_seconds)
    assert chosen(single) == best.label


def test_late_the_model_wins_that_is_stored_soonest_its_refit_included(
    single: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, quick, *others = by_score(single)
    single = single.with_trials([replace(one, fold_pipeline=None) for one in (quick, *others)])
    storing = {trial.label: 9.0 for trial in single.trials} | {kept.label: 3.0, quick.label: 1.0}
    monkeypatch.setattr(Finishing, "storing_seconds", lambda _, trials: max(storing[one.label] for one in trials))
    single = replace(single, deadline=portfolio_search.time.monotonic())

    for fitting, expected in ((1.0, quick), (5.0, kept)):
        monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_, seconds=fitting: seconds)
        assert chosen(single) == expected.label
