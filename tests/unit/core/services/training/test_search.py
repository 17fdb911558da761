"""The portfolio raced for the best model that a time allows: honest, on time, within bounds, and stored once."""

import re
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.automl import adaptive_interval, fold_fit, portfolio_search, refit
from core.automl.finishing import Finishing
from core.automl.scheduler import run_trials
from core.automl.screening import rows_to_compare, subsample_split, with_finer_folds
from core.automl.selection import select
from core.automl.serving_cost import ServingLimits
from core.automl.trial import make_trial
from core.catalogue import regressor
from core.errors import InvalidInputError
from core.jobs.commands import CompareCommand
from core.model_manifest import ModelManifest
from core.progress import ignore_progress
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.metrics import comparable_means
from core.regressors.unseen_rows import OutOfFold
from core.services.prediction.loaded_models import find_model
from core.services.prediction.predict import find_table, predict_table
from core.services.processing.ingest import ingest
from core.services.training import compare
from core.services.training.compare import compare_models
from core.services.training.reproduce import reproduce
from core.storage.lists.model_list import ModelRow
from core.storage.s3.object_store import ObjectStore
from tests.support.kept_objects import KeptObjects
from tests.support.simulated_time import SimulatedTime, simulate_fits, simulate_races
from tests.support.storage import home
from tests.support.tables import CSVS, noisy
from tests.support.training import LIMITS, every_fast_preset, fast_presets, real_split, split_text

# Far more than a search of fast presets takes on the simulated clock.
PLENTY = 60.0
TWO = TrainingLimits(threads=2, model_bytes=LIMITS.model_bytes)


@pytest.fixture
def concrete(bucket: ObjectStore) -> str:
    return ingest(home(), "concrete.csv", CSVS["concrete"][0]).file_id


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimulatedTime:
    """Let what a time allows be the same on every machine."""
    return simulate_races(monkeypatch, compare)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a search propose fast presets only, so that it ends because all have run and not by time."""
    monkeypatch.setattr(portfolio_search, "select_presets", fast_presets)


def ingested(folder: Path, text: str) -> str:
    (folder / "made.csv").write_text(text)
    return ingest(home(), "made.csv", folder / "made.csv").file_id


def raced(file_id: str, target: str, seconds: float, **order: Any) -> dict[str, Any]:
    return compare_models(
        home(), CompareCommand(target_column=target, file_id=file_id, ensemble=True, time_limit=seconds, **order)
    )


def stored() -> list[tuple[ModelRow, bool]]:
    return home().models.page(100).models


@pytest.fixture
def winner(
    bucket: ObjectStore, kept_objects: KeptObjects, fast: None, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, dict[str, Any]]:
    """The table of concrete, and the answer of a race on it that had time for everything."""

    def race() -> tuple[str, dict[str, Any]]:
        file_id = ingest(home(), "concrete.csv", CSVS["concrete"][0]).file_id
        with monkeypatch.context() as more:
            more.setattr(portfolio_search, "select_presets", every_fast_preset)
            return file_id, raced(file_id, "strength", PLENTY)

    found: tuple[str, dict[str, Any]] = kept_objects.fill(bucket, race)
    return found


def best_manifest(answer: dict[str, Any]) -> ModelManifest:
    return home().models.manifest(answer["best"]["model_name"])


def test_the_winner_alone_is_stored_and_predicts(winner: tuple[str, dict[str, Any]]) -> None:
    concrete, answer = winner
    best = answer["best"]
    assert len(stored()) == 1
    assert best["metrics"]["r2"] > 0.8
    named = [row for row in answer["results"] if row["model_name"] is not None]
    assert named == [best]
    others = [row for row in answer["results"] if row["model_type"] not in ("baseline", "blend")]
    assert len(others) >= 4
    assert all(row["latency_us"] > 0 and row["size_bytes"] > 0 for row in others)
    # What a blend consists of are rows of the board, and no two of these look alike.
    shown = [(row["model_type"], row["target_transform"], str(row["parameters"])) for row in others]
    assert len(set(shown)) == len(shown)
    consists = [
        (row["model_type"], row["target_transform"], str(row["parameters"])) for row in best.get("members", [best])
    ]
    assert set(consists) <= set(shown)
    # Each by the folds that it shares with the others.
    *raced_rows, last = answer["results"]
    assert last["model_type"] == "baseline"
    means = comparable_means([row["cross_validation"]["scores"] for row in raced_rows])
    assert [*means, last["cross_validation"]["mean"]] == sorted(
        [*means, last["cross_validation"]["mean"]], reverse=True
    )
    model = find_model(home(), best["model_name"])
    assert np.isfinite(predict_table(model, find_table(home(), concrete)).values).all()
    assert len(model.manifest.interval_quantiles) == 201


def test_a_race_says_what_it_did_and_is_reproduced(winner: tuple[str, dict[str, Any]]) -> None:
    manifest = best_manifest(winner[1])
    assert manifest.race is not None
    assert (manifest.race.folds, manifest.race.repeats) == (8, 0)
    assert any("on 8 folds" in note for note in manifest.notes)
    assert reproduce(home(), manifest.model_name).differing == []


def test_with_no_time_at_all_the_fastest_comes_through_with_a_warning(concrete: str) -> None:
    answer = raced(concrete, "strength", 0.005)
    assert answer["best"]["model_type"] == "ridge"
    assert any("time_limit 0.005 was too short" in warning for warning in answer["warnings"])
    assert all("time_limit" in row["error"] for row in answer["failed"])


def test_the_intervals_of_a_short_race_know_folds_that_its_winner_has_not_run_on(
    bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned_from = list[OutOfFold]()

    def learn(out_of_fold: OutOfFold, *rest: Any) -> None:
        learned_from.append(out_of_fold)

    # More presets than there is time for.
    monkeypatch.setattr(portfolio_search, "select_presets", every_fast_preset)
    simulate_fits(monkeypatch, lambda trial: 50.0)
    monkeypatch.setattr(portfolio_search, "STAND_IN_SHARE", 0.2)
    monkeypatch.setattr(adaptive_interval, "fit_spread", learn)
    manifest = best_manifest(raced(ingested(tmp_path, noisy(300)), "y", 8.0))
    (out_of_fold,), further = learned_from, learned_from[0].of_stand_in
    assert manifest.race is not None and manifest.race.folds < 8
    assert len(out_of_fold.predicted) == manifest.race.folds
    assert further is not None and not set(further.rows) & set(out_of_fold.rows)


@pytest.mark.usefixtures("fast")
def test_a_very_small_table_is_divided_more_than_once(bucket: ObjectStore, tmp_path: Path) -> None:
    manifest = best_manifest(raced(ingested(tmp_path, noisy(60)), "y", PLENTY))
    assert manifest.race is not None
    divisions = 1 + manifest.race.repeats
    assert divisions == 3
    assert len(manifest.cross_validation.scores) == 8 * divisions
    assert any(f"divided {divisions} times" in note for note in manifest.notes)


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize(("share", "judged"), [(0.5, 60), (-1.0, 25)])
def test_a_model_of_a_fold_is_judged_by_as_many_rows_as_there_is_time_for_and_reproduced(
    bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float, judged: int
) -> None:
    monkeypatch.setattr(refit, "FEWER_HOLDOUT_ROWS", 25)
    monkeypatch.setattr(refit, "HOLDOUT_SHARE", share)
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: inf)
    answer = raced(ingested(tmp_path, noisy(300)), "y", PLENTY)
    manifest = best_manifest(answer)
    assert manifest.race is not None and manifest.race.learned_fold == 0
    assert manifest.dataset.rows_test == judged
    assert ("the holdout was judged by 25 of its 60 rows, spread evenly" in answer["warnings"]) is (judged == 25)
    assert reproduce(home(), manifest.model_name).differing == []


@pytest.mark.usefixtures("fast")
def test_neighbours_that_are_equally_far_do_not_keep_a_model_of_a_fold_from_being_reproduced(
    bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portfolio_search, "select_presets", lambda *_: [(Candidate(regressor("knn"), {}), 1.0)])
    monkeypatch.setattr(Finishing, "fitting_seconds", lambda *_: inf)
    cells, noise = np.random.default_rng(0).integers(0, 4, (400, 3)), np.random.default_rng(1).normal(size=400)
    rows = "\n".join(
        f"{a},{b},{c},{float(a + b - c + z)!r}" for (a, b, c), z in zip(cells, noise.tolist(), strict=True)
    )
    manifest = best_manifest(raced(ingested(tmp_path, f"a,b,c,y\n{rows}"), "y", PLENTY))
    assert manifest.race is not None and manifest.race.learned_fold == 0
    assert reproduce(home(), manifest.model_name).differing == []


@pytest.mark.usefixtures("fast")
def test_a_race_by_time_keeps_the_folds_that_never_look_ahead(bucket: ObjectStore, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    rows = "\n".join(f"{day},{x!r},{2 * x + day / 50!r}" for day, x in enumerate(random.normal(size=200).tolist()))
    answer = raced(ingested(tmp_path, f"day,x,y\n{rows}"), "y", PLENTY, validation="time", time_column="day")
    assert answer["validation"] == {"kind": "time", "column": "day"}
    manifest = best_manifest(answer)
    assert len(manifest.cross_validation.scores) == 5
    assert reproduce(home(), manifest.model_name).differing == []


@pytest.mark.usefixtures("fast", "three_folds")
def test_one_that_fails_is_named_and_the_race_goes_on(concrete: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = fold_fit.rows_to_fit
    monkeypatch.setattr(
        fold_fit,
        "rows_to_fit",
        lambda regressor, *rest: 1 / 0 if regressor.name == "svr" else kept(regressor, *rest),
    )
    answer = raced(concrete, "strength", PLENTY)
    assert "svr" not in {row["model_type"] for row in answer["results"]}
    assert any(row["model_type"] == "svr" and "could not be trained" in row["error"] for row in answer["failed"])


@pytest.mark.usefixtures("three_folds")
def test_a_bound_on_bytes_and_one_on_latency_are_kept(winner: tuple[str, dict[str, Any]]) -> None:
    concrete, free = winner[0], winner[1]["best"]
    small = raced(concrete, "strength", PLENTY, max_bytes=30_000)["best"]
    assert small["size_bytes"] <= 30_000 < free["size_bytes"]
    assert small["cross_validation"]["mean"] < free["cross_validation"]["mean"]
    assert raced(concrete, "strength", PLENTY, max_latency_us=10_000)["best"]["latency_us"] <= 10_000


@pytest.mark.usefixtures("fast", "three_folds")
def test_of_bounds_that_nothing_meets_the_nearest_is_said(concrete: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        raced(concrete, "strength", PLENTY, max_bytes=100)
    assert caught.value.errors[0]["field"] == "max_bytes"
    assert stored() == []
    said = re.search(r"The nearest is .* with about ([\d,]+) bytes", caught.value.detail)
    assert said is not None
    # That is with its card, which most of a small model is.
    enough = int(1.05 * int(said[1].replace(",", "")))
    assert raced(concrete, "strength", PLENTY, max_bytes=enough)["best"]["size_bytes"] <= enough


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        ({"include": ("extra_trees",)}, ["include"]),
        (
            {"tune_hyperparameters": True, "target_transform": "log"},
            ["tune_hyperparameters", "target_transform"],
        ),
    ],
)
def test_wishes_that_are_for_the_nine_are_refused(concrete: str, order: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        raced(concrete, "strength", 1, **order)
    assert [error["field"] for error in caught.value.errors] == fields


def test_bounds_without_a_race_of_the_portfolio_are_refused(concrete: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        compare_models(
            home(), CompareCommand(target_column="strength", file_id=concrete, ensemble=True, max_bytes=1000)
        )
    assert caught.value.errors[0]["field"] == "max_bytes"


# In five folds the best single model of table 22 would claim to know something, if its own score were reported.
@pytest.mark.parametrize(("repeated", "tables"), [(False, range(20, 24)), (True, range(2))])
def test_of_pure_noise_no_winner_claims_to_know_anything(repeated: bool, tables: range) -> None:
    for seed in tables:
        random = np.random.default_rng(seed)
        rows = "\n".join(",".join(map(repr, row)) for row in random.normal(size=(60, 4)).tolist())
        data = split_text(f"a,b,c,y\n{rows}")
        fold_cache = FoldCache(with_finer_folds(data)[0] if repeated else data)
        trials = [make_trial(fold_cache, candidate, LIMITS) for candidate, _ in every_fast_preset(60, 0.0)]
        trials = run_trials(fold_cache, trials, fold_cache.fold_numbers[:-1], TWO, ignore_progress)
        found = select(fold_cache, trials, ServingLimits(), 1.0)[0].cross_validation
        assert found.mean < found.std, seed


def test_small_tables_get_more_folds_and_very_small_ones_more_divisions() -> None:
    for rows, folds, division in ((100, 24, 8), (1_000, 8, 8)):
        data, once = with_finer_folds(split_text(noisy(rows)))
        assert (len(data.folds), once) == (folds, division)
        for start in range(0, folds, once):
            tested = np.concatenate([fold.test for fold in data.folds[start : start + once]])
            assert sorted(tested) == list(range(len(data.train_y)))
    data, once = with_finer_folds(large := real_split("taxis"))
    assert (data.folds, once) == (large.folds, 5)


def test_of_a_large_table_three_of_the_five_folds_judge() -> None:
    data, once = with_finer_folds(large := real_split("bike_sharing"))
    assert (data.folds, once) == (large.folds[:3], 3)


def test_a_large_table_is_compared_on_as_many_rows_as_the_time_allows() -> None:
    assert rows_to_compare(3_000, 10, 60, 1.0) == 3_000
    few, more, slowly = (rows_to_compare(800_000, 10, *given) for given in ((20, 1.0), (60, 1.0), (60, 2.0)))
    assert 2_000 <= few < slowly < more < 800_000
    data = subsample_split(real_split("taxis"), 1_000)
    assert len(data.train_y) == 1_000
    assert sum(len(fold.test) for fold in data.folds) == 1_000
