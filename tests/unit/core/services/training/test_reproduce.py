"""A model is trained again from its manifest, and what differs is named."""

import pytest

from core.automl import training
from core.errors import ConflictError
from core.jobs.commands import CompareCommand, TrainCommand
from core.services.processing.ingest import ingest
from core.services.training import comparison
from core.services.training.compare import compare_models
from core.services.training.reproduce import reproduce
from core.services.training.train import train_model
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import home
from tests.support.tables import CSVS


@pytest.fixture
def file_id(bucket: ObjectStore) -> str:
    return ingest(home(), "mpg.csv", CSVS["mpg"][0]).file_id


@pytest.mark.usefixtures("few_trees", "two_folds")
@pytest.mark.parametrize("model_type", ["ridge", "svr", "random_forest", "hist_gradient_boosting"])
def test_a_model_trained_again_from_its_manifest_is_the_same(file_id: str, model_type: str) -> None:
    command = TrainCommand(
        model_type=model_type, target_column="mpg", test_size=0.3, target_transform="log", file_id=file_id
    )
    trained = train_model(home(), command)
    again = reproduce(home(), trained.model_name)
    assert again.differing == []
    assert again.stored["fold 2"] == trained.cross_validation.scores[1]
    assert again.libraries == {}


def test_a_blend_is_reproduced(file_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "DEFAULT_MODEL_TYPES", ("ridge", "svr", "knn"))
    compare_models(home(), CompareCommand(target_column="mpg", file_id=file_id, ensemble=True))
    assert reproduce(home(), "mpg-blend").differing == []


def test_a_tuned_one_is_reproduced_without_searching_again(file_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = TrainCommand(model_type="knn", target_column="mpg", file_id=file_id, tune_hyperparameters=True)
    tuned = train_model(home(), command)
    monkeypatch.setattr(training, "tune", None)
    assert reproduce(home(), tuned.model_name).differing == []


@pytest.mark.usefixtures("two_folds")
def test_figures_that_do_not_come_out_again_are_named(file_id: str) -> None:
    trained = train_model(home(), TrainCommand(model_type="ridge", target_column="mpg", file_id=file_id))
    forged = trained.model_copy(update={"parameters": {**trained.parameters, "alpha": 500.0}, "job_id": None})
    files = {"model.onnx": b"", "model.pkl": b""}
    home().models.publish(forged.model_copy(update={"artifacts": None, "version": 0}), files)
    assert {"r2", "fold 1"} <= set(reproduce(home(), trained.model_name).differing)


@pytest.mark.usefixtures("two_folds")
def test_another_table_under_the_same_id_is_no_reproduction(file_id: str) -> None:
    trained = train_model(home(), TrainCommand(model_type="ridge", target_column="mpg", file_id=file_id))
    other = trained.dataset.model_copy(update={"sha256": "0" * 64})
    forged = trained.model_copy(update={"dataset": other, "artifacts": None})
    home().models.publish(forged, {"model.onnx": b"", "model.pkl": b""})
    with pytest.raises(ConflictError, match="is not the one"):
        reproduce(home(), trained.model_name)
