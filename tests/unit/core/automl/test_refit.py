"""The refit of a search's winner ends, whatever the refits and their graphs turn out to be."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.automl import learn_in_parts, refit, refit_stage
from core.automl.finishing import Finishing
from core.automl.portfolio_search import PortfolioSearch
from core.automl.refit import refit_winner
from core.automl.refit_stage import RefitStage
from core.automl.selection import Selection
from core.automl.serving_cost import ServingCost
from core.automl.trial import Trial
from core.automl.verified_graph import VerifiedGraph, verify_graph
from core.errors import InvalidInputError, TrainingFailedError
from core.model_manifest import RANDOM
from core.progress import StoppedError, TrialStatus, ignore_progress
from core.regressors.all_rows import AllRows
from core.regressors.metrics import cross_validation
from core.regressors.splits import Split
from tests.support.tables import noisy, read

# Far more seconds than any of these takes.
SECONDS = 60.0
# More than there are trials, and ensembles within ever tighter limits.
MOST_ATTEMPTS = 50


def test_models_that_exceed_a_limit_once_they_are_refitted_are_each_tried_once(
    search: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = list[str]()

    def heavier(pipeline: Any, data: Split) -> VerifiedGraph:
        if len(attempts) == MOST_ATTEMPTS:
            pytest.fail("The same winner is selected again and again.")
        attempts.append(str(pipeline))
        return replace(verify_graph(pipeline, data), cost=ServingCost(search.serving_limits.max_bytes + 1, 1.0, 0.0))

    monkeypatch.setattr(refit, "verify_graph", heavier)
    with pytest.raises(InvalidInputError, match="max_bytes") as refused:
        refit_winner(search, ignore_progress)
    # An ensemble may be tried again, within tighter limits.
    alone = [attempt for attempt in attempts if not attempt.startswith("VotingRegressor")]
    assert len(set(alone)) == len(alone) == len(search.finalists)
    assert f"{search.serving_limits.max_bytes + 1:,} bytes" in refused.value.detail


def test_models_of_a_fold_win_alone_if_there_is_no_time_to_refit_and_the_others_fail(
    search: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, failing = list[int](), len(search.finalists) - 1

    def last_one_agrees(pipeline: Any, data: Split) -> VerifiedGraph:
        sizes.append(len(getattr(pipeline, "estimators_", [pipeline])))
        if len(sizes) <= failing:
            raise TrainingFailedError("The compiled graph differs from scikit-learn.")
        return verify_graph(pipeline, data)

    monkeypatch.setattr(refit_stage, "select", lambda _, trials, *rest, **options: (alone(trials[0]), None))
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: SECONDS)
    monkeypatch.setattr(refit, "verify_graph", last_one_agrees)
    winner = refit_winner(search, ignore_progress)
    # A model that fails is verified a second time, alone.
    assert sizes == [1] * (failing + 1)
    assert winner.model.fold == 0
    assert len(winner.model.data.train_y) == search.rows
    assert [trial.label for trial in winner.model.fitted] == [trial.label for trial in winner.search.finalists]
    assert winner.holdout == pytest.approx(winner.model.pipeline.predict(winner.model.data.test_x))


def test_a_winner_that_its_refit_has_shown_to_be_stored_too_late_leaves_its_place_to_another(
    search: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, refitted = max(search.finalists, key=lambda trial: trial.mean), list[str]()
    run = refit.refit

    def busy(stage: RefitStage, trials: Sequence[Trial], *rest: Any) -> Any:
        refitted.extend(trial.label for trial in trials)
        return run(stage, trials, *rest)

    def storing_seconds(_: Finishing, members: Sequence[Trial]) -> float:
        return 3 * SECONDS if best.label in refitted and best.label in [trial.label for trial in members] else 0.0

    monkeypatch.setattr(refit, "refit", busy)
    for name in ("storing_seconds", "least_storing_seconds"):
        monkeypatch.setattr(Finishing, name, storing_seconds)
    winner = refit_winner(replace(search, ensemble_failure=TrainingFailedError("none")), ignore_progress)
    assert refitted[0] == best.label
    assert [trial.label for trial in winner.model.fitted] == refitted[1:]


@pytest.mark.parametrize(("seconds", "kept"), [(1.0, 0.3), (2.0, 0.6), (3.0, 0.6), (10.0, 2.0)])
def test_a_larger_share_of_a_short_race_is_kept_to_refit(
    search: PortfolioSearch, monkeypatch: pytest.MonkeyPatch, seconds: float, kept: float
) -> None:
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: SECONDS)
    monkeypatch.setattr(Finishing, "storing_seconds", lambda *_: 0.0)
    monkeypatch.setattr(PortfolioSearch, "_stand_in", lambda *_: None)
    assert replace(search, seconds=seconds).finishing_seconds() == pytest.approx(kept)


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch, search: PortfolioSearch) -> PortfolioSearch:
    """Return a search on the first 900 of 2,700 rows, in which a linear model wins."""
    monkeypatch.setattr(refit_stage, "select", lambda _, trials, *rest, **options: (alone(linear(trials)), None))
    table = read(noisy(2_700))
    rows = AllRows(lambda: nullcontext((None, table)), 2_700, np.arange(900), "y", [], RANDOM)  # type: ignore[arg-type, return-value]
    return replace(search, data=replace(search.data, all_rows=rows))


def linear(trials: Sequence[Trial]) -> Trial:
    return next(trial for trial in trials if trial.candidate.learns_in_parts)


def test_a_single_winner_learns_from_all_rows_of_the_table_in_parts(part: PortfolioSearch) -> None:
    winner = refit_winner(part, ignore_progress)
    model = winner.model
    assert model.fitted[0].rows_learned == 2_700 - len(part.data.test_y)
    assert winner.holdout == pytest.approx(model.pipeline.predict(model.data.test_x))
    assert len(model.data.train_y) == len(part.data.train_y)


def test_a_winner_for_which_there_is_no_time_to_read_all_rows_is_that_of_those_in_memory(
    part: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learn_in_parts, "seconds_in_parts", lambda *_: SECONDS)
    (winner,) = refit_winner(part, ignore_progress).model.fitted
    assert winner.rows_learned is None
    assert winner.notes[-1] == learn_in_parts.NO_TIME


def test_a_race_that_is_cancelled_while_all_rows_are_read_has_the_winner_of_those_in_memory(
    part: PortfolioSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []

    def cancel(*given: Any) -> Trial:
        read.append(given)
        raise StoppedError("cancelled")

    monkeypatch.setattr(refit, "learn_in_parts", cancel)
    winner = refit_winner(part, ignore_progress)
    assert len(read) == 1
    assert winner.search.cut is not None
    assert winner.model.fitted[0].rows_learned is None


def alone(trial: Trial) -> Selection:
    """Select one trial: a stand-in for `select`."""
    return Selection(trial.label, [(trial, 1.0)], cross_validation(trial.scores))


def test_progress_of_a_second_refit_counts_the_members_that_are_refitted_already(search: PortfolioSearch) -> None:
    first, second, *_ = search.usable
    rows = len(search.data.train_y)
    stage, _, _ = refit.refit(RefitStage(search), [first], rows, ignore_progress)
    shown = list[Any]()

    def record(stage: str, share: float, parts: Any = None, leaderboard: Sequence[TrialStatus] | None = None) -> None:
        shown.append(parts)

    _, refits, _ = refit.refit(stage, [first, second], rows, record)
    assert shown == [{first.label: 1.0, second.label: 1.0}]
    assert refits.trials[first.label] is stage.refits[rows].trials[first.label]
