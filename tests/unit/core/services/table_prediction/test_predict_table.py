"""A stored table of any size, predicted into a file: the answer of a batch, written a slice at a time."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InvalidInputError, InvalidRecordsError, NoSuchFileError, UnknownColumnError
from core.jobs.commands import PredictTableCommand, TrainCommand
from core.progress import StoppedError, ignore_progress
from core.services.prediction.loaded_models import find_model
from core.services.prediction.predict import find_table, predict_records, predict_table
from core.services.processing.ingest import ingest
from core.services.table_prediction import predict_table as module
from core.services.table_prediction.predict_table import predict_stored_table
from core.services.training.train import train_model
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import home
from tests.support.tables import CSVS, noisy


@pytest.fixture
def file_id(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> str:
    """The cars, with a model of them; slices so small that there are many."""
    monkeypatch.setattr(module, "SLICE_ROWS", 64)
    file_id = ingest(home(), "mpg.csv", CSVS["mpg"][0]).file_id
    train_model(home(), TrainCommand(model_type="ridge", target_column="mpg", file_id=file_id, model_name="cars"))
    return file_id


def stored(bucket: ObjectStore) -> list[str]:
    return [item.key for item in bucket.list("exports/")]


def test_the_file_is_what_the_batch_would_answer(file_id: str, bucket: ObjectStore) -> None:
    answer = predict_stored_table(
        home(), PredictTableCommand(file_id=file_id, model_name="cars", interval=0.9), ignore_progress
    )
    predicted = predict_table(find_model(home(), "cars"), find_table(home(), file_id), interval=0.9)
    (key,) = stored(bucket)
    assert key in answer["url"]
    found = json.loads(bucket.get(key))
    assert found["predictions"] == predicted.values.tolist()
    lower, upper = predicted.interval.bounds(np.array(found["predictions"]))
    assert (found["lower"], found["upper"]) == (lower.tolist(), upper.tolist())
    assert found["warnings"] == answer["warnings"] == predicted.warnings
    assert (found["count"], answer["count"], answer["format"]) == (398, 398, "json")
    assert (answer["model_name"], answer["version"], answer["filename"]) == ("cars", 1, "cars-v1.json")


def test_a_row_has_the_same_adaptive_bounds_alone_and_in_any_batch(file_id: str) -> None:
    model, table = find_model(home(), "cars"), find_table(home(), file_id)
    whole = predict_table(model, table, interval=0.9)
    assert whole.interval is not None and whole.interval.method == "adaptive"
    with CSVS["mpg"][0].open() as file:
        records = list(csv.DictReader(file))
    many = predict_records(model, records, batch_size=100, interval=0.9)
    alone = np.concatenate([predict_records(model, [row], interval=0.9).columns for row in records[:9]], axis=1)
    slices = predict_table(model, table, batch_size=7, interval=0.9)
    for column, same, sliced, few in zip(whole.columns, many.columns, slices.columns, alone, strict=True):
        assert column.tolist() == same.tolist() == sliced.tolist()
        assert column[:9].tolist() == few.tolist()
    values, lower, upper = whole.columns
    assert (lower < values).all() and (values < upper).all()
    assert len(set(np.round(upper - values, 9))) > 50
    assert values.tolist() == predict_table(model, table).values.tolist()


def test_it_tells_how_far_it_is_and_stops_where_nobody_wants_it_any_more(file_id: str, bucket: ObjectStore) -> None:
    reported: list[tuple[str, float]] = []

    def report_progress(stage: str, share: float, parts: object = None) -> None:
        reported.append((stage, share))
        if len(reported) == 12:
            raise StoppedError

    command = PredictTableCommand(file_id=file_id, model_name="cars")
    predict_stored_table(home(), command, report_progress)
    assert [share for _, share in reported] == sorted(share for _, share in reported)
    assert {stage for stage, _ in reported} == {"predicting", "writing", "storing"}
    before = stored(bucket)
    with pytest.raises(StoppedError):
        predict_stored_table(home(), command, report_progress)
    assert stored(bucket) == before


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"strict": True}, InvalidRecordsError),
        ({"interval": 0.9999}, InvalidInputError),
        ({"model_info": {"version": 7}}, InvalidInputError),
        ({"file_id": "0123456789ab"}, NoSuchFileError),
    ],
)
def test_what_cannot_be_leaves_no_file(
    file_id: str, bucket: ObjectStore, change: dict[str, Any], error: type[Exception]
) -> None:
    before = stored(bucket)
    with pytest.raises(error):
        predict_stored_table(
            home(), PredictTableCommand(**{"file_id": file_id, "model_name": "cars", **change}), ignore_progress
        )
    assert stored(bucket) == before


def test_a_table_without_the_columns_is_refused_by_their_names(file_id: str, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text(noisy(30))
    other = ingest(home(), "other.csv", tmp_path / "other.csv").file_id
    with pytest.raises(UnknownColumnError, match="cylinders"):
        predict_stored_table(home(), PredictTableCommand(file_id=other, model_name="cars"), ignore_progress)
