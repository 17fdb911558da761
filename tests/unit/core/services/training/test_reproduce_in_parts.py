"""A model of a table past memory is reproduced as it was trained, whatever memory there is now; or it says why not."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.automl import learn_in_parts, portfolio_search, refit_stage
from core.automl.selection import Selection
from core.automl.trial import Trial
from core.catalogue import DEFAULT_MODEL_TYPES
from core.errors import ConflictError, TooLargeError
from core.jobs.commands import CompareCommand
from core.model_manifest import ModelManifest
from core.progress import StoppedError
from core.regressors.metrics import cross_validation
from core.services.training import compare, placement
from core.services.training.compare import compare_models
from core.services.training.placement import RowsToRead
from core.services.training.reproduce import Reproduction, reproduce
from core.settings import settings
from tests.support.past_memory import FEW, READ, ROWS_HELD_OUT, ROWS_LEARNED, table, train
from tests.support.simulated_time import simulate_races
from tests.support.storage import home
from tests.support.training import fast_presets

Upload = Callable[..., str]


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Reproduction]:
    """Reproduces a model where there is memory for every row, or for `memory` bytes."""

    def run(name: str = "m", memory: int = 0) -> Reproduction:
        monkeypatch.setenv("REGATTA_TRAINING_MEMORY_BYTES", str(memory))
        settings.cache_clear()
        return reproduce(home(), name)

    return run


def trained_on(manifest: ModelManifest) -> tuple[int | None, bool, int]:
    return manifest.dataset.rows_read, manifest.dataset.in_parts, manifest.dataset.rows_train


@pytest.mark.parametrize("model_type", list(FEW))
def test_a_model_that_learned_in_parts_does_so_again_where_all_rows_have_room(
    upload: Upload, again: Callable[..., Reproduction], model_type: str
) -> None:
    upload(table(), model_type)
    trained = train(model_type)
    assert trained_on(trained) == (READ, True, ROWS_LEARNED)
    found = again()
    assert (found.differing, len(found.stored)) == ([], len(trained.metrics) + 5)


@pytest.mark.parametrize("why", ["no model type that learns in parts", "no time"])
def test_a_model_of_the_rows_in_memory_is_reproduced_from_these(
    upload: Upload, again: Callable[..., Reproduction], monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    def stop(stage: str, share: float, *_: Any) -> None:
        if why == "no time" and stage == "training" and share > 0.6:
            raise StoppedError("timeout")

    upload(table(), "lightgbm")
    if why != "no time":
        monkeypatch.setattr(placement, "_within", lambda *_: RowsToRead(READ))
    trained = train("lightgbm", stop)
    assert trained_on(trained) == (READ, False, 200)
    assert again().differing == []


def test_the_best_of_a_comparison_and_the_others_are_reproduced(
    upload: Upload, again: Callable[..., Reproduction], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.services.training.comparison.DEFAULT_MODEL_TYPES", ("ridge", "knn"))
    upload(table(), "ridge", "knn", kept=True)
    answer = compare_models(home(), CompareCommand(target_column="y"))
    names = [row["model_name"] for row in answer["results"] if row["model_name"]]
    assert sorted(trained_on(home().models.manifest(name))[1] for name in names) == [False, True]
    assert [again(name).differing for name in names] == [[], []]


def test_the_winner_of_a_race_is_reproduced(
    upload: Upload, again: Callable[..., Reproduction], monkeypatch: pytest.MonkeyPatch
) -> None:
    def select(_: Any, trials: Sequence[Trial], *rest: Any, **options: Any) -> tuple[Selection, None]:
        linear = next(trial for trial in trials if trial.candidate.learns_in_parts)
        return Selection(linear.label, [(linear, 1.0)], cross_validation(linear.scores)), None

    simulate_races(monkeypatch, compare, learn_in_parts)
    monkeypatch.setattr(portfolio_search, "select_presets", fast_presets)
    monkeypatch.setattr(refit_stage, "select", select)
    upload(table(), *DEFAULT_MODEL_TYPES)
    monkeypatch.setattr(placement, "_within", lambda *_: RowsToRead(READ, then_all=True))
    answer = compare_models(home(), CompareCommand(target_column="y", ensemble=True, time_limit=60.0))
    name = answer["best"]["model_name"]
    assert trained_on(home().models.manifest(name)) == (READ, True, ROWS_LEARNED)
    assert again(name).differing == []


def test_too_little_memory_for_the_rows_of_the_training_is_said(
    upload: Upload, again: Callable[..., Reproduction]
) -> None:
    upload(table(), "ridge")
    train("ridge")
    with pytest.raises(TooLargeError, match=r"trained with 300 rows in memory, .*a machine with more memory"):
        again(memory=settings().training_memory_bytes - 2)


@pytest.mark.parametrize("in_parts", [False, True])
def test_the_figures_of_a_model_do_not_compare_that_does_not_say_how_many_rows_were_read(
    upload: Upload, again: Callable[..., Reproduction], monkeypatch: pytest.MonkeyPatch, in_parts: bool
) -> None:
    """As models of earlier versions; nothing is trained to find that out."""
    upload(table(), "ridge")
    if not in_parts:
        monkeypatch.setattr(placement, "_within", lambda *_: RowsToRead(READ))
    trained = train("ridge")
    dataset = trained.dataset.model_copy(update={"rows_read": None, "in_parts": False})
    forged = trained.model_copy(update={"dataset": dataset, "artifacts": None})
    home().models.publish(forged, {"model.onnx": b"", "model.pkl": b""})
    monkeypatch.setattr("core.services.training.reproduce.fit_members", None)
    rows = ROWS_LEARNED if in_parts else 200
    with pytest.raises(ConflictError, match=rf"from {rows} rows and was judged by {ROWS_HELD_OUT}; .*do not compare"):
        again()


def test_a_model_that_cannot_learn_in_parts_any_more_is_not_compared(
    upload: Upload, again: Callable[..., Reproduction], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(table(), "ridge")
    train("ridge")
    monkeypatch.setattr("core.services.training.reproduce.learn_in_parts", lambda _, trial, __: trial)
    with pytest.raises(ConflictError, match=r"from 950 rows .* would learn from 200 "):
        again()
