"""A table past memory: the folds are of the rows that have room, and the model learns from all of them in parts."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.array_types import Floats
from core.automl import learn_in_parts
from core.catalogue import DEFAULT_MODEL_TYPES
from core.errors import NoSuchFileError, NotACsvError, TargetError
from core.jobs.commands import CompareCommand
from core.manifests import Recipe
from core.model_manifest import RANDOM, Validation, ValidationKind
from core.preprocessing.pipeline import raw_frame
from core.progress import ReportProgress, StoppedError
from core.regressors.all_rows import AllRows
from core.regressors.fit_in_parts import MatrixParts, fit_in_parts
from core.regressors.fold_cache import FoldCache
from core.services.prediction.loaded_models import find_model
from core.services.prediction.predict import predict_records
from core.services.processing.open_table import open_table
from core.services.training import placement
from core.services.training.compare import compare_models
from core.services.training.placement import RowsToRead
from core.services.training.train import open_split
from core.services.training.unpickle import load_pipeline
from core.storage.dataset_repository import TABLE
from core.storage.s3.object_store import ObjectStore
from tests.support.past_memory import FEW, READ, ROWS, table, train
from tests.support.storage import home
from tests.support.tables import typed

READ_NOTE = "300 of the 1,200 rows were read, spread evenly: memory allows no more"


def stopping(reason: Any, above: float = 0.6) -> ReportProgress:
    """Reports of progress that stop the work where it has read some of the parts."""

    def report(stage: str, share: float, *_: Any) -> None:
        if stage == "training" and above < share:
            raise StoppedError(reason)

    return report


@pytest.mark.parametrize("model_type", list(FEW))
def test_the_folds_are_of_the_rows_in_memory_and_the_model_is_of_all(
    upload: Callable[..., str], monkeypatch: pytest.MonkeyPatch, model_type: str
) -> None:
    upload(table(), model_type)
    found = train(model_type)
    # A sixth of the rows has no target; the holdout is a fifth of those in memory that have one.
    assert (found.dataset.rows_train, found.dataset.rows_test) == (950, 50)
    at = found.notes.index(READ_NOTE)
    assert "learned from all 950 rows that are not in the holdout, read in parts" in " ".join(found.notes[at:])
    monkeypatch.setattr(placement, "_within", lambda *_: RowsToRead(READ))
    sampled = train(model_type)
    assert sampled.dataset.rows_train == 200
    assert found.cross_validation == sampled.cross_validation
    assert found.metrics["r2"] != sampled.metrics["r2"]


def test_a_row_in_memory_is_encoded_as_in_its_folds_and_any_other_one_by_the_rows_in_memory(
    upload: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A level's mean target in a row that it was computed of is that of other rows, or it would leak."""
    learned: list[Floats] = []

    def fit(estimator: Any, parts: MatrixParts, y: Floats, *rest: Any) -> Any:
        learned[:] = [np.vstack([parts[number] for number in range(len(parts.lengths))]), y]
        return fit_in_parts(estimator, parts, y, *rest)

    monkeypatch.setattr(learn_in_parts, "fit_in_parts", fit)
    upload(table(), "lightgbm")
    train("lightgbm")
    _, data = open_split(home(), None, "y", 0.2, rows_to_read=lambda _: RowsToRead(READ, then_all=True))
    with open_table(home(), None) as (_, stored):
        frame = raw_frame(stored, [*(column.name for column in data.columns), "y"])
    in_memory, tested = (ROWS // READ * one.index.to_numpy() for one in (data.train_x, data.test_x))
    usable = np.setdiff1d(np.flatnonzero(frame.pop("y").notna()), tested)
    expected = load_pipeline(home(), "m")["prepare"].transform(frame.iloc[usable])
    known = FoldCache(data).prepared(len(data.folds), codes=True).train_x
    assert (expected[np.searchsorted(usable, in_memory)] != known).any()
    expected[np.searchsorted(usable, in_memory)] = known
    np.testing.assert_array_equal(learned[0], expected)


@pytest.mark.parametrize(("kind", "column"), [("time", "team"), ("group", "team")])
def test_no_row_is_learned_from_that_the_holdout_is_to_be_apart_from(
    upload: Callable[..., str], kind: ValidationKind, column: str
) -> None:
    upload(table(), "ridge")
    validation = Validation(kind=kind, column=column)
    _, data = open_split(home(), None, "y", 0.2, None, validation, lambda _: RowsToRead(READ, then_all=True))
    assert data.all_rows is not None
    tested = data.all_rows.read[data.test_x.index]
    with open_table(home(), None) as (_, stored):
        usable, y = data.all_rows.train_rows(stored, tested)
        teams = stored.numbers(column)
    assert len(y) == usable.sum() > 3 * len(data.train_y)
    assert not set(teams[usable]) & set(teams[tested])
    assert kind == "group" or teams[usable].max() < teams[tested].min()


def test_rows_that_the_recipe_drops_are_dropped_from_all(upload: Callable[..., str]) -> None:
    upload(table(), "ridge")
    recipe = Recipe(columns={"x": "drop", "kind": "drop"})
    _, data = open_split(home(), None, "y", 0.2, recipe, rows_to_read=lambda _: RowsToRead(READ, then_all=True))
    assert data.all_rows is not None
    with open_table(home(), None) as (_, stored):
        usable, _ = data.all_rows.train_rows(stored, np.array([], np.int64))
        assert usable.tolist() == (~np.isnan(stored.numbers("x")) & ~np.isnan(stored.numbers("y"))).tolist()


def test_a_level_of_which_no_row_was_in_memory_goes_where_unseen_levels_go(upload: Callable[..., str]) -> None:
    kinds = [f"kind {row % 3}" if row % 4 == 0 else "rare" for row in range(ROWS)]
    upload(table(kind=kinds), "ridge")
    train("ridge")
    row = {"x": 1.0, "place": "place 3", "team": 7}
    rows = [{**row, "kind": kind} for kind in ("rare", "never seen", "kind 1")]
    rare, unseen, usual = predict_records(find_model(home(), "m"), rows).values
    assert rare == unseen != usual


def test_one_enormous_row_group_makes_the_same_parts_as_rows(tmp_path: Path) -> None:
    """Groups without any usable row among them, and a part that ends where a group does."""
    values = np.arange(1_000.0)
    usable = (values >= 300) & (values % 7 != 0)
    found = []
    for size in (1_000, 64):
        stored = typed(tmp_path / f"{size}.parquet", {"x": pa.array(values)}, row_group_size=size)
        rows = AllRows(nullcontext, 1_000, np.arange(0), "x", [], RANDOM)  # type: ignore[arg-type]
        parts = rows.matrix(stored, ["x"], usable, lambda frame: frame.to_numpy(), None, 100)
        found.append(np.vstack([parts[number] for number in range(len(parts.lengths))])[:, 0])
        assert [len(parts[number]) for number in range(len(parts.lengths))] == parts.lengths
    assert found[0].tolist() == found[1].tolist() == values[usable].tolist()


def test_a_row_group_that_cannot_be_read_ends_the_training_and_nothing_is_stored(
    upload: Callable[..., str], bucket: ObjectStore
) -> None:
    key = home().datasets.key(upload(table(), "ridge"), TABLE)

    def damage(stage: str, share: float, *_: Any) -> None:
        if stage == "training":
            stored = bucket.get(key)
            bucket.put(key, stored[:40] + bytes(2000) + stored[2040:])

    with pytest.raises(NotACsvError, match="The stored table is damaged"):
        train("ridge", damage)
    assert list(bucket.list("default/models/")) == []


def test_a_file_that_is_deleted_before_the_pass_ends_the_training_and_nothing_is_stored(
    upload: Callable[..., str], bucket: ObjectStore
) -> None:
    file_id = upload(table(), "ridge")

    def delete(stage: str, share: float, *_: Any) -> None:
        if stage == "training" and home().datasets.exists(file_id):
            home().datasets.delete(file_id)

    with pytest.raises(NoSuchFileError, match=file_id):
        train("ridge", delete)
    assert list(bucket.list("default/models/")) == []


def test_another_file_that_becomes_the_current_one_before_the_pass_is_not_learned_from(
    upload: Callable[..., str],
) -> None:
    file_id = upload(table(), "ridge")
    expected = train("ridge")
    others: list[str] = []

    def switch(stage: str, share: float, *_: Any) -> None:
        if stage == "training" and not others:
            others.append(upload(table(y=np.arange(ROWS)), "ridge"))

    found = train("ridge", switch)
    assert home().datasets.current() in others
    assert (found.dataset, found.metrics) == (expected.dataset, expected.metrics)
    assert found.dataset.file_id == file_id


def test_a_training_that_is_cancelled_in_the_pass_ends_there(upload: Callable[..., str], bucket: ObjectStore) -> None:
    upload(table(), "lightgbm")
    with pytest.raises(StoppedError, match="cancelled"):
        train("lightgbm", stopping("cancelled"))
    assert list(bucket.list("default/models/")) == []


def test_a_training_that_was_broken_off_in_the_pass_is_done_once_by_the_next_worker(
    upload: Callable[..., str],
) -> None:
    upload(table(), "lightgbm")
    with pytest.raises(StoppedError, match="lost"):
        train("lightgbm", stopping("lost"), "job-1")
    found = train("lightgbm", job_id="job-1")
    assert train("lightgbm", job_id="job-1") == found
    assert (found.version, found.dataset.rows_train) == (1, 950)


def test_where_time_runs_out_in_the_pass_the_model_of_the_rows_in_memory_is_stored(upload: Callable[..., str]) -> None:
    upload(table(), "lightgbm")
    found = train("lightgbm", stopping("timeout"))
    assert found.dataset.rows_train == 200
    assert found.notes[-1] == "there was no time to learn from all rows, in parts"


def test_a_target_that_has_no_logarithm_in_a_row_that_was_not_in_memory_is_refused(upload: Callable[..., str]) -> None:
    y = np.where(np.arange(ROWS) == 5, -1.0, 10.0 + np.arange(ROWS))
    upload(table(y=y), "ridge")
    with pytest.raises(TargetError, match="negative values"):
        train("ridge", target_transform="log")


@pytest.mark.usefixtures("few_trees", "two_folds")
def test_the_best_of_a_comparison_learns_from_all_rows(upload: Callable[..., str]) -> None:
    upload(table(), *DEFAULT_MODEL_TYPES, kept=True)
    answer = compare_models(home(), CompareCommand(target_column="y"))
    rows = {
        row["model_type"]: home().models.manifest(row["model_name"]).dataset.rows_train
        for row in answer["results"]
        if row["model_name"]
    }
    best = answer["best"]["model_type"]
    assert rows.pop(best) > 900
    assert set(rows.values()) <= {200}
