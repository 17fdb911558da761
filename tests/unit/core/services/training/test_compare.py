"""The leaderboard of a stored dataset: its entries, their order, the stored models, and the failures."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsRegressor

from core.automl import fold_fit, successive_halving
from core.automl.verified_graph import VerifiedGraph, verify_graph
from core.catalogue import DEFAULT_MODEL_TYPES
from core.errors import NoSuchFileError, TrainingFailedError, UnknownModelTypeError
from core.jobs.commands import CompareCommand, TrainCommand
from core.preprocessing.target_transforms import TARGET_TRANSFORMS
from core.progress import StoppedError, TrialStatus
from core.regressors import splits
from core.regressors.splits import Split
from core.regressors.validation import FOLDS
from core.services.prediction.loaded_models import find_model
from core.services.prediction.predict import find_table, predict_table
from core.services.processing.ingest import ingest
from core.services.training import compare as comparing
from core.services.training import comparison, finalists, publish
from core.services.training.compare import compare_models
from core.services.training.train import limits, train_model
from core.storage.s3.object_store import ObjectStore
from tests.support.kept_objects import KeptObjects
from tests.support.simulated_time import simulate_fits, simulate_time
from tests.support.storage import home
from tests.support.tables import CSVS, noisy

pytestmark = pytest.mark.usefixtures("two_folds")

# Two more than the nine, and one of the nine.
NAMED = ("extra_trees", "hist_gradient_boosting", "ridge")


@pytest.fixture
def file_id(bucket: ObjectStore) -> str:
    return ingest(home(), "mpg.csv", CSVS["mpg"][0]).file_id


@pytest.fixture
def compared(bucket: ObjectStore, kept_objects: KeptObjects, few_trees: None) -> tuple[str, dict[str, Any]]:
    """The table of cars, on which the nine and those that are named were compared, and the leaderboard."""

    def make() -> tuple[str, dict[str, Any]]:
        file_id = ingest(home(), "mpg.csv", CSVS["mpg"][0]).file_id
        return file_id, compare(file_id, include=NAMED)

    found: tuple[str, dict[str, Any]] = kept_objects.fill(bucket, make)
    return found


@pytest.fixture
def blended(bucket: ObjectStore, few_trees: None, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    """Concrete, on which a blend helps, and its leaderboard."""
    monkeypatch.setattr(comparison, "DEFAULT_MODEL_TYPES", ("svr", "knn", "gradient_boosting"))
    monkeypatch.setattr(splits, "FOLDS", FOLDS)
    file_id = ingest(home(), "concrete.csv", CSVS["concrete"][0]).file_id
    return file_id, compare(file_id, "strength", ensemble=True)


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Let three quick regressors stand for the nine."""
    names = ("ridge", "svr", "knn")
    monkeypatch.setattr(comparison, "DEFAULT_MODEL_TYPES", names)
    return names


class Stop:
    """A `ReportProgress` that stops a race at a share of its work, or once so many of its trials have come through."""

    def __init__(self, stop: StoppedError, *, at: float = 2.0, once: int = 100) -> None:
        self.stop, self.at, self.once = stop, at, once

    def __call__(self, stage: str, share: float, parts: Mapping[str, float] | None = None, *_: Any) -> None:
        if share >= self.at or list((parts or {}).values()).count(1.0) >= self.once:
            raise self.stop


class Boards:
    """A `ReportProgress` that keeps each live leaderboard."""

    def __init__(self) -> None:
        self.boards: list[Sequence[TrialStatus]] = []
        self.stages: list[str] = []

    def __call__(self, stage: str, share: float, parts: Any = None, board: Sequence[TrialStatus] | None = None) -> None:
        if board is not None:
            self.boards.append(board)
            self.stages.append(stage)


def ingested(folder: Path, text: str) -> str:
    (folder / "made.csv").write_text(text)
    return ingest(home(), "made.csv", folder / "made.csv").file_id


def compare(file_id: str, target: str = "mpg", **fields: Any) -> dict[str, Any]:
    return compare_models(home(), CompareCommand(target_column=target, file_id=file_id, **fields))


def by_type(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["model_type"]: row for row in answer["results"] if not row["tuned"]}


def test_the_nine_those_that_are_named_and_the_baseline_stand_in_the_order_of_their_folds(
    compared: tuple[str, dict[str, Any]],
) -> None:
    _, answer = compared
    rows = by_type(answer)
    assert rows.keys() == {*DEFAULT_MODEL_TYPES, *NAMED, "baseline"}
    assert len(rows) == len(answer["results"])
    means = [row["cross_validation"]["mean"] for row in answer["results"]]
    assert means == sorted(means, reverse=True)
    assert answer["best"] == answer["results"][0]
    assert answer["failed"] == []
    assert rows["baseline"]["model_name"] is None
    assert rows["baseline"]["metrics"]["r2"] < 0.05
    for name in {*DEFAULT_MODEL_TYPES, *NAMED}:
        assert rows[name]["size_bytes"] > 0
        assert rows[name]["latency_us"] > 0
        manifest = find_model(home(), f"mpg-{name}").manifest
        assert (manifest.model_type, manifest.metrics) == (name, rows[name]["metrics"])


def test_a_race_scores_what_a_training_alone_scores(compared: tuple[str, dict[str, Any]]) -> None:
    file_id, answer = compared
    rows = by_type(answer)
    for name in ("ridge", "svr", "random_forest"):
        alone = train_model(home(), TrainCommand(model_type=name, target_column="mpg", file_id=file_id))
        assert alone.cross_validation.scores == pytest.approx(rows[name]["cross_validation"]["scores"], abs=1e-12)
        assert alone.metrics == pytest.approx(rows[name]["metrics"], abs=1e-12)


def test_a_regressor_that_is_not_known_is_refused(file_id: str) -> None:
    with pytest.raises(UnknownModelTypeError, match="'boat'") as caught:
        compare(file_id, include=("boat",))
    assert caught.value.errors[0]["field"] == "include"


def test_a_blend_is_a_model_like_any_other(blended: tuple[str, dict[str, Any]]) -> None:
    file_id, answer = blended
    rows = by_type(answer)
    blend = rows["blend"]
    assert blend["cross_validation"]["mean"] > max(
        row["cross_validation"]["mean"] for name, row in rows.items() if name != "blend"
    )
    assert sum(member["weight"] for member in blend["members"]) == pytest.approx(1)
    model = find_model(home(), "concrete-blend")
    predicted = predict_table(model, find_table(home(), file_id)).values
    parts = [
        member["weight"]
        * predict_table(find_model(home(), f"concrete-{member['model_type']}"), find_table(home(), file_id)).values
        for member in blend["members"]
    ]
    assert predicted == pytest.approx(sum(parts), rel=1e-9)
    assert model.manifest.importance[0].feature in ("age", "cement")
    assert len(model.manifest.interval_quantiles) == 201


@pytest.mark.usefixtures("three")
def test_a_blend_that_does_not_help_is_not_stored(bucket: ObjectStore, tmp_path: Path) -> None:
    # A straight line without noise: nothing is better than the regression that says so.
    rows = "\n".join(f"{i % 17},{i % 13},{3 * (i % 17) + i % 13}" for i in range(120))
    answer = compare(ingested(tmp_path, f"a,b,y\n{rows}"), "y", ensemble=True)
    assert "blend" not in by_type(answer)
    assert any("blend scored" in warning for warning in answer["warnings"])


def test_a_model_shows_what_it_costs_while_others_run_and_is_not_compiled_again_to_be_stored(
    file_id: str, three: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finalists, "limits", lambda: replace(limits(), threads=1))
    monkeypatch.setattr(publish, "verify_graph", lambda *_: pytest.fail("compiled twice"))
    live = Boards()
    compare_models(home(), CompareCommand(target_column="mpg", file_id=file_id), live)
    scored = [row for board in live.boards for row in board if row["r2"] is not None]
    assert {row["model_type"] for row in scored} == set(three)
    for row in scored:
        assert row["latency_us"] == find_model(home(), f"mpg-{row['model_type']}").manifest.latency_us
        assert (row["size_bytes"] or 0) > 0
        assert row["error"] is None


@pytest.mark.parametrize("error", [TrainingFailedError("It differs."), RuntimeError("no session")])
def test_one_that_cannot_be_compiled_says_so_while_the_others_run(
    file_id: str, three: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def verify(pipeline: Any, data: Split) -> VerifiedGraph:
        if isinstance(pipeline[-1], KNeighborsRegressor):
            raise error
        return verify_graph(pipeline, data)

    monkeypatch.setattr(fold_fit, "verify_graph", verify)
    live = Boards()
    answer = compare_models(home(), CompareCommand(target_column="mpg", file_id=file_id), live)
    assert by_type(answer).keys() == {*three, "baseline"} - {"knn"}
    (failed,) = answer["failed"]
    assert failed["error"] in ("It differs.", "knn could not be compiled for a fault of ours. It has been logged.")
    last = live.boards[-1][-1]
    assert (last["model_type"], last["error"], last["r2"]) == ("knn", failed["error"], None)


def test_tuned_and_untuned_both_show(file_id: str, three: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    simulate_time(monkeypatch, successive_halving)
    simulate_fits(monkeypatch)
    live = Boards()
    tuning = CompareCommand(target_column="mpg", file_id=file_id, tune_hyperparameters=True, tuning_seconds=1)
    answer = compare_models(home(), tuning, live)
    # While one is tuned its candidates stand beside all of the nine, each with what it costs.
    together = [board for board in live.boards if len(board) > 2 * len(three)]
    assert together
    assert not any(row["running"] for row in live.boards[-1])
    at = [stage for stage, board in zip(live.stages, live.boards, strict=True) if board in together]
    assert set(at) == {"tuning"}
    assert all({row["model_type"] for row in board if not row["parameters"]} == set(three) for board in together)
    assert all(row["size_bytes"] and row["latency_us"] for board in together for row in board if row["folds"] > 1)
    tuned = {row["model_type"]: row for row in answer["results"] if row["tuned"]}
    plain = by_type(answer)
    assert {"svr", "knn"} <= tuned.keys()
    for name, row in tuned.items():
        assert row["cross_validation"]["mean"] > plain[name]["cross_validation"]["mean"]
        assert row["model_name"] == f"mpg-{name}-tuned"
        assert home().models.manifest(row["model_name"]).trials


@pytest.mark.usefixtures("three")
def test_each_regressor_may_have_its_own_target(bucket: ObjectStore, tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    x = random.uniform(0, 6, 120)
    y = np.exp(x + random.normal(0, 0.1, 120))
    rows = "\n".join(f"{a!r},{b!r}" for a, b in np.column_stack([x, y]).tolist())
    answer = compare(ingested(tmp_path, f"x,y\n{rows}"), "y", target_transform="auto")
    assert by_type(answer)["ridge"]["target_transform"] == "log"
    tried = home().models.manifest("made-ridge").trials
    assert [trial.target_transform for trial in tried] == [*TARGET_TRANSFORMS]


def test_one_that_cannot_be_trained_is_named_and_the_race_goes_on(
    file_id: str, three: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fold_fit, "rows_to_fit", lambda regressor, *_: 1 / 0 if regressor.name == "knn" else _[1])
    answer = compare(file_id)
    assert by_type(answer).keys() == {*three, "baseline"} - {"knn"}
    assert [entry["model_type"] for entry in answer["failed"]] == ["knn"]


@pytest.mark.usefixtures("three")
def test_one_that_fails_on_all_rows_only_is_named_once(
    bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 80 rows to learn from, and 64 of them in each fold.
    monkeypatch.setattr(
        fold_fit,
        "rows_to_fit",
        lambda regressor, _, rows, *rest: 1 / 0 if (regressor.name, rows) == ("knn", 80) else rows,
    )
    answer = compare(ingested(tmp_path, noisy(100)), "y", target_transform="auto")
    assert "knn" not in by_type(answer)
    # The target has negative values, so its logarithm fails for each regressor.
    assert [entry["model_type"] for entry in answer["failed"] if ", log" not in entry["model_type"]] == ["knn"]


@pytest.mark.usefixtures("few_trees")
def test_with_little_time_the_cheapest_come_through_and_the_others_are_named(
    file_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate_time(monkeypatch, comparing)
    simulate_fits(monkeypatch)
    answer = compare(file_id, time_limit=0.01)
    assert 1 <= len(answer["results"]) - 1 < len(DEFAULT_MODEL_TYPES)
    assert len(answer["results"]) - 1 + len(answer["failed"]) == len(DEFAULT_MODEL_TYPES)
    assert all("time_limit" in entry["error"] for entry in answer["failed"])


@pytest.mark.usefixtures("three")
def test_of_noise_it_is_said_that_there_is_nothing_to_go_by(bucket: ObjectStore, tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    rows = "\n".join(f"{a!r},{b!r},{c!r}" for a, b, c in random.normal(size=(80, 3)).tolist())
    answer = compare(ingested(tmp_path, f"a,b,y\n{rows}"), "y", ensemble=True)
    best = answer["best"]["cross_validation"]
    assert best["mean"] < best["std"]


def test_a_dataset_deleted_during_the_race_costs_nothing(file_id: str, three: tuple[str, ...]) -> None:
    def delete(stage: str, share: float, *_: Any) -> None:
        with suppress(NoSuchFileError):
            home().datasets.delete(file_id)

    answer = compare_models(home(), CompareCommand(target_column="mpg", file_id=file_id), delete)
    assert len(answer["results"]) == len(three) + 1
    with pytest.raises(NoSuchFileError):
        compare(file_id)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("stop", [StoppedError("stopping"), StoppedError("lost")])
def test_a_race_that_another_worker_begins_anew_stores_nothing(file_id: str, stop: StoppedError) -> None:
    with pytest.raises(StoppedError):
        compare_models(home(), CompareCommand(target_column="mpg", file_id=file_id), Stop(stop, at=0.5))
    assert home().models.page(10).models == []


@pytest.mark.usefixtures("three")
def test_a_race_that_is_stopped_keeps_what_has_come_through(file_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finalists, "limits", lambda: replace(limits(), threads=1))
    stop = Stop(StoppedError("cancelled"), once=1)
    answer = compare_models(home(), CompareCommand(target_column="mpg", file_id=file_id, ensemble=True), stop)
    (kept,) = by_type(answer).keys() - {"baseline"}
    assert {row["model_type"] for row in answer["failed"]} == {"ridge", "svr", "knn"} - {kept}
    assert {row["error"] for row in answer["failed"]} == {"the race was ended before it had run"}
    assert answer["cut"] == "cancelled"
    assert answer["warnings"][-1].startswith("the race was ended before its time (cancelled)")
    assert find_model(home(), f"mpg-{kept}").manifest.metrics == answer["best"]["metrics"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("at", [0.3, 0.6])
def test_of_a_race_that_is_stopped_before_its_last_fits_the_best_is_kept(file_id: str, at: float) -> None:
    options: dict[str, Any] = {"target_transform": "auto", "tune_hyperparameters": True, "tuning_seconds": 1}
    command = CompareCommand(target_column="mpg", file_id=file_id, **options)
    answer = compare_models(home(), command, Stop(StoppedError("timeout"), at=at))
    best, baseline = answer["results"]
    assert (answer["best"], baseline["model_type"], answer["cut"]) == (best, "baseline", "timeout")
    assert find_model(home(), best["model_name"]).manifest.metrics == best["metrics"]


@pytest.mark.usefixtures("three")
def test_a_race_that_is_stopped_while_it_stores_its_models_stores_all(file_id: str) -> None:
    command = CompareCommand(target_column="mpg", file_id=file_id)
    answer = compare_models(home(), command, Stop(StoppedError("cancelled"), at=0.9))
    assert len(answer["results"]) == 4
    assert answer["failed"] == []


@pytest.mark.usefixtures("three")
def test_a_race_that_is_stopped_at_once_has_nothing_to_keep(file_id: str) -> None:
    with pytest.raises(StoppedError):
        compare_models(
            home(), CompareCommand(target_column="mpg", file_id=file_id), Stop(StoppedError("cancelled"), at=0.0)
        )
    assert home().models.page(10).models == []


@pytest.mark.usefixtures("few_trees")
def test_a_race_over_few_rows_is_of_the_nine(bucket: ObjectStore, tmp_path: Path) -> None:
    answer = compare(ingested(tmp_path, noisy(20)), "y")
    assert answer["failed"] == []
    assert by_type(answer).keys() == {*DEFAULT_MODEL_TYPES, "baseline"}
