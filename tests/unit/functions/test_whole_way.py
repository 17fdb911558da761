"""Ingest, process, train and predict with the real parts, over an emulated S3."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidInputError, TargetError, TooLargeError, UnknownColumnError
from core.inference.stored_columns import rows_of_table
from core.jobs.commands import CompareCommand, TrainCommand
from core.manifests import Recipe
from core.services.prediction.predict import find_model, find_table, predict_records, predict_table
from core.services.processing.ingest import ingest
from core.services.processing.open_table import open_table
from core.services.processing.process import process
from core.services.training.compare import compare_models
from core.services.training.train import train_model
from core.settings import settings
from core.storage.s3.object_store import ObjectStore
from core.storage.signed_models import encode_model
from tests.support.storage import WORKSPACE, home
from tests.support.tables import CSVS, noisy

MPG = CSVS["mpg"][0].read_bytes()


@pytest.fixture
def file_id(bucket: ObjectStore) -> str:
    return ingest(home(), r"C:\data\mpg.csv", CSVS["mpg"][0]).file_id


def ingested(folder: Path, text: bytes, name: str = "other.csv") -> str:
    (folder / name).write_bytes(text)
    return ingest(home(), name, folder / name).file_id


def recipe_of(file_id: str) -> Recipe:
    return home().datasets.manifest(file_id, fresh=True).recipe


def trained(file_id: str, model_type: str = "ridge") -> str:
    return train_model(home(), TrainCommand(model_type=model_type, target_column="mpg", file_id=file_id)).model_name


def test_a_stored_file_is_the_file_and_its_table(file_id: str, bucket: ObjectStore) -> None:
    expected = pd.read_csv(CSVS["mpg"][0])
    with open_table(home(), None) as (manifest, table):
        assert table.values("weight").tolist() == expected["weight"].tolist()
        assert np.isnan(table.values("horsepower")).sum() == 6
    assert (manifest.file_id, manifest.filename, manifest.rows) == (file_id, "mpg.csv", 398)
    assert bucket.get(f"{WORKSPACE}/datasets/{file_id}/source.csv") == MPG


def test_a_file_over_the_limit_is_not_stored(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_MAX_FILE_BYTES", "100")
    settings.cache_clear()
    with pytest.raises(TooLargeError, match="100"):
        ingest(home(), "mpg.csv", CSVS["mpg"][0])
    assert list(bucket.list("")) == []


def test_processing_tells_what_it_will_do_and_stores_it(file_id: str) -> None:
    answer = process(home(), file_id, Recipe(handle_missing="mean", target_column="mpg"))
    mean = pd.read_csv(CSVS["mpg"][0])["horsepower"].mean()
    assert answer["imputed"] == {"horsepower": pytest.approx(mean, rel=1e-12)}
    assert answer["encoded"] == {"origin": 3}
    assert answer["left_out"] == ["name"]
    assert answer["notes"][0].startswith("column 'name' has 305 different texts in 398 rows and was left out")
    assert answer["before"] == {"rows": 398, "columns": 9, "missing_values": 6}
    assert answer["after"] == {"rows": 398, "columns": 6 + 3, "missing_values": 0}
    assert recipe_of(file_id) == Recipe(handle_missing="mean", target_column="mpg")


def test_dropping_counts_the_rows_that_are_left(file_id: str) -> None:
    answer = process(home(), file_id, Recipe(handle_missing="drop", target_column="mpg"))
    assert (answer["after"]["rows"], answer["imputed"]) == (392, {})


def test_a_recipe_for_a_column_that_is_not_there_is_not_stored(file_id: str) -> None:
    with pytest.raises(UnknownColumnError):
        process(home(), file_id, Recipe(target_column="price"))
    assert recipe_of(file_id) == Recipe()


def test_training_needs_a_target_from_the_order_or_the_recipe(file_id: str) -> None:
    with pytest.raises(TargetError, match="No target column"):
        train_model(home(), TrainCommand(model_type="ridge", file_id=file_id))
    process(home(), file_id, Recipe(target_column="mpg"))
    assert train_model(home(), TrainCommand(model_type="ridge", file_id=file_id)).target_column == "mpg"


@pytest.mark.parametrize("model_type", ["ridge", "decision_tree"])
def test_rows_of_the_file_and_the_same_rows_as_records_predict_alike(file_id: str, model_type: str) -> None:
    model = find_model(home(), trained(file_id, model_type))
    table = find_table(home(), file_id)
    names = list(table.values)
    records = [dict(zip(names, row, strict=True)) for row in rows_of_table(table)]
    whole = predict_table(model, table)
    assert whole.values.tolist() == predict_records(model, records, batch_size=100).values.tolist()
    assert whole.values.tolist() == predict_table(model, table, batch_size=7).values.tolist()
    alone = [predict_records(model, [record]).values[0] for record in records[:40]]
    assert np.allclose(alone, whole.values[:40], rtol=1e-12, atol=0)
    assert "'horsepower' has 6 missing values" in whole.warnings[0]


def test_a_sealed_model_predicts_what_the_stored_one_does(file_id: str) -> None:
    manifest = train_model(home(), TrainCommand(model_type="ridge", target_column="mpg", file_id=file_id))
    sealed = encode_model(home().models.load(manifest.model_name, manifest.version))
    table = find_table(home(), file_id)
    brought = predict_table(find_model(home(), None, model_data=sealed), table)
    assert brought.values.tolist() == predict_table(find_model(home(), manifest.model_name), table).values.tolist()


def test_a_file_that_lacks_a_feature_is_refused_by_its_name(file_id: str, tmp_path: Path) -> None:
    model = find_model(home(), trained(file_id))
    other = ingested(tmp_path, noisy(30).encode())
    with pytest.raises(UnknownColumnError, match="cylinders, displacement"):
        predict_table(model, find_table(home(), other))


def test_a_file_with_text_where_the_model_takes_a_number_is_refused(file_id: str, tmp_path: Path) -> None:
    model = find_model(home(), trained(file_id))
    changed = ingested(tmp_path, MPG.replace(b",3504,", b",heavy,"))
    with pytest.raises(InvalidInputError, match="'weight' is text"):
        predict_table(model, find_table(home(), changed))


def test_one_model_and_only_one_has_to_be_named(file_id: str) -> None:
    for choice in ({"name": None}, {"name": "x", "model_data": "y"}):
        with pytest.raises(InvalidInputError, match="either"):
            find_model(home(), **choice)


def test_a_comparison_ranks_by_cross_validation_and_keeps_every_model(bucket: ObjectStore, tmp_path: Path) -> None:
    ingested(tmp_path, noisy(60).encode())
    answer = compare_models(home(), CompareCommand(target_column="y", include=["extra_trees"]))
    means = [result["cross_validation"]["mean"] for result in answer["results"]]
    assert means == sorted(means, reverse=True)
    assert answer["best"] == answer["results"][0]
    assert answer["failed"] == []
    models = [result for result in answer["results"] if result["model_type"] != "baseline"]
    assert len(models) == len(answer["results"]) - 1 == 10
    for result in models:
        assert find_model(home(), result["model_name"]).manifest.model_type == result["model_type"]


@pytest.mark.parametrize("name", ["../x", "", "a/b", "-x", "x" * 101])
def test_a_name_that_is_a_path_is_refused(file_id: str, name: str) -> None:
    with pytest.raises(InvalidInputError, match="model_name"):
        train_model(home(), TrainCommand(model_type="ridge", target_column="mpg", file_id=file_id, model_name=name))
