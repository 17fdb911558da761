"""The refit of a search's winner ends, whatever the refits and their graphs turn out to be."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from core.automl import portfolio_search, refit
from core.automl.ensemble_selection import ENSEMBLE
from core.automl.portfolio_search import PortfolioSearch, TimeLimit, propose, run_division
from core.automl.refit import RefitStage, refit_winner
from core.automl.selection import Selection
from core.automl.serving_cost import ServingCost, ServingLimits
from core.automl.trial import Trial
from core.automl.verified_graph import VerifiedGraph, verify_graph
from core.errors import InvalidInputError, TrainingFailedError
from core.progress import TrialStatus, ignore_progress
from core.regressors.metrics import cross_validation
from core.regressors.splits import Split
from tests.support.simulated_time import simulate_races
from tests.support.tables import noisy
from tests.support.training import LIMITS, fast_presets, split_text

# Far more than any of these takes.
SECONDS = 60.0
MAX_BYTES = 20_000
# More than there are trials, and ensembles within ever tighter limits.
MOST_ATTEMPTS = 50


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> PortfolioSearch:
    """Return a search of fast presets before its refit."""
    monkeypatch.setattr(portfolio_search, "select_presets", fast_presets)
    limit = TimeLimit(SECONDS, simulate_races(monkeypatch).now)
    proposed = propose(split_text(noisy(900)), LIMITS, ServingLimits(max_bytes=MAX_BYTES), limit)
    return run_division(proposed, ignore_progress)


def ensemble_of_all(fold_cache: Any, trials: Sequence[Trial], *limits: Any) -> tuple[Selection, None]:
    """Select the ensemble of all trials, or the only one: a stand-in for `select`."""
    label = ENSEMBLE if len(trials) > 1 else trials[0].label
    return Selection(label, [(trial, 1 / len(trials)) for trial in trials], cross_validation(trials[0].scores)), None


def too_long(search: PortfolioSearch, trials: Sequence[Trial], rows: int) -> float:
    """Forecast more seconds than there are for any fit."""
    return SECONDS * len(trials)


def test_models_that_exceed_a_limit_once_they_are_refitted_are_each_tried_once(
    search: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = list[str]()

    def heavier(pipeline: Any, data: Split) -> VerifiedGraph:
        if len(attempts) == MOST_ATTEMPTS:
            pytest.fail("The same winner is selected again and again.")
        attempts.append(str(pipeline))
        return replace(verify_graph(pipeline, data), cost=ServingCost(MAX_BYTES + 1, 1.0, 0.0))

    monkeypatch.setattr(refit, "verify_graph", heavier)
    with pytest.raises(InvalidInputError, match="max_bytes") as refused:
        refit_winner(search, ignore_progress)
    # An ensemble may be tried again, within tighter limits.
    alone = [attempt for attempt in attempts if not attempt.startswith("VotingRegressor")]
    assert len(set(alone)) == len(alone) == len(search.finalists)
    assert f"{MAX_BYTES + 1:,} bytes" in refused.value.detail


def test_trials_that_were_left_out_for_lack_of_time_win_alone_if_the_others_fail(
    search: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, failing = list[int](), len(search.finalists) - 1

    def last_one_agrees(pipeline: Any, data: Split) -> VerifiedGraph:
        sizes.append(len(getattr(pipeline, "estimators_", [pipeline])))
        if len(sizes) <= failing:
            raise TrainingFailedError("The compiled graph differs from scikit-learn.")
        return verify_graph(pipeline, data)

    left_out = list[frozenset[str]]()

    def attempt(stage: RefitStage, *options: Any) -> Any:
        if len(left_out) == MOST_ATTEMPTS:
            pytest.fail("The same ensemble is selected again and again.")
        left_out.append(stage.dropped)
        return refit_attempt(stage, *options)

    refit_attempt = refit.attempt_refit
    monkeypatch.setattr(refit, "attempt_refit", attempt)
    monkeypatch.setattr(refit, "select", ensemble_of_all)
    monkeypatch.setattr(refit, "fitting_seconds", too_long)
    monkeypatch.setattr(refit, "verify_graph", last_one_agrees)
    winner = refit_winner(search, ignore_progress)
    assert sizes == [1] * (failing + 1)
    assert len(winner.search.usable) == 1
    assert [trial.label for trial in winner.model.fitted] == [trial.label for trial in winner.search.usable]


def test_a_trial_that_was_left_out_may_win_if_the_others_exceed_the_limits(search: PortfolioSearch) -> None:
    heavy, *others = search.finalists
    stage = RefitStage(
        search.with_trials([replace(heavy, cost=ServingCost(2 * MAX_BYTES, 1.0, 0.0))]),
        dropped=frozenset(trial.label for trial in others),
    )
    assert [trial.label for trial in stage.eligible()] == [trial.label for trial in others]


def test_progress_of_a_second_refit_counts_the_members_that_are_refitted_already(search: PortfolioSearch) -> None:
    first, second, *_ = search.finalists
    rows = len(search.data.train_y)
    stage, _, _ = refit.refit(RefitStage(search), [first], rows, ignore_progress)
    shown = list[Any]()

    def record(stage: str, share: float, parts: Any = None, leaderboard: Sequence[TrialStatus] | None = None) -> None:
        shown.append(parts)

    _, refits, _ = refit.refit(stage, [first, second], rows, record)
    assert shown == [{first.label: 1.0, second.label: 1.0}]
    assert refits.trials[first.label] is stage.refits[rows].trials[first.label]
