"""A trained model predicts the rows of a stored file, and refuses a file that is not like its table."""

from pathlib import Path

import pytest

from core.errors import InvalidInputError, UnknownColumnError
from core.inference.stored_columns import rows_of_table
from core.jobs.commands import TrainCommand
from core.services.prediction.loaded_models import find_model
from core.services.prediction.predict import find_table, predict_records, predict_table
from core.services.processing.ingest import ingest
from core.services.training.train import train_model
from core.storage.s3.object_store import ObjectStore
from core.storage.signed_models import encode_model
from tests.support.storage import home
from tests.support.tables import CSVS, noisy

MPG = CSVS["mpg"][0].read_bytes()


@pytest.fixture
def file_id(bucket: ObjectStore) -> str:
    return ingest(home(), r"C:\data\mpg.csv", CSVS["mpg"][0]).file_id


def ingested(folder: Path, text: bytes, name: str = "other.csv") -> str:
    (folder / name).write_bytes(text)
    return ingest(home(), name, folder / name).file_id


def trained(file_id: str, model_type: str = "ridge") -> str:
    return train_model(home(), TrainCommand(model_type=model_type, target_column="mpg", file_id=file_id)).model_name


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
    assert alone == whole.values[:40].tolist()
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
