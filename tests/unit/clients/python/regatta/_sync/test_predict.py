"""Predictions of DataFrames and dicts by the service's own handlers, over an emulated bucket."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from core.storage.s3.object_store import ObjectStore
from regatta import Model, Regatta, batches, errors
from tests.support.gateway import HandlerTransport

ROWS = 60
GENERATOR = np.random.default_rng(0)


def every_kind() -> pd.DataFrame:
    """Columns of every kind that people have, with missing values where the kind has them."""
    rows, numbers = range(ROWS), GENERATOR.normal(size=ROWS)
    return pd.DataFrame(
        {
            "float": numbers,
            "small": numbers.astype("float32"),
            "whole": pd.array([None if row % 7 == 0 else row for row in rows], dtype="Int64"),
            "flag": [row % 3 == 0 for row in rows],
            "nullable": pd.array([None if row % 11 == 0 else row % 2 == 0 for row in rows], dtype="boolean"),
            "text": pd.array([None if row % 13 == 0 else "ab é"[row % 4 :] for row in rows], dtype="string"),
            "category": pd.Categorical([("low", "mid", "high")[row % 3] for row in rows]),
            "grade": pd.Categorical([row % 5 for row in rows]),
            "zip": [f"{row % 4:03}" for row in rows],
            "moment": pd.Series(pd.date_range("2022-01-01 10:00", periods=ROWS, freq="h")).where(
                np.arange(ROWS) % 9 > 0
            ),
            "zoned": pd.date_range("2022-03-20 10:00", periods=ROWS, freq="h", tz="Europe/Berlin"),
            "day": [date(2020, 1, 1) + timedelta(days=row) for row in rows],
            "clock": [time(row % 24, 30) for row in rows],
            "decimal": [Decimal(f"{number:.3f}") for number in numbers],
            "length": pd.to_timedelta(range(ROWS), unit="s"),
            "mixed": [None if row % 5 == 0 else "tu"[row % 2] for row in rows],
            "y": 3 * numbers + np.arange(ROWS) / 10,
        },
        index=[f"row {row}" for row in rows],
    )


def of_polars() -> pl.DataFrame:
    frame = pl.from_pandas(every_kind())
    return frame.with_columns(
        pl.col("category").cast(pl.Categorical), pl.col("grade").cast(pl.String).cast(pl.Categorical)
    )


@pytest.fixture
def client(bucket: ObjectStore) -> Iterator[Regatta]:
    """A client of the Lambda handlers."""
    with Regatta("http://handlers", transport=HandlerTransport()) as client:
        yield client


def train(client: Regatta, frame: Any, **options: Any) -> Model:
    """Upload a table, train a model on it, and return it."""
    client.data.upload(frame)
    body = {"model_type": "ridge", "target_column": "y", "model_name": "m", **options}
    return Model.of(client.request("POST", "/model/train", json=body).json())


def small(**columns: Any) -> pd.DataFrame:
    rows = range(ROWS)
    return pd.DataFrame({"a": [float(row) for row in rows], "b": ["uvw"[row % 3] for row in rows], **columns}).assign(
        y=[2.0 * row + row % 3 for row in rows]
    )


@pytest.mark.parametrize("frame", [every_kind(), of_polars()], ids=["pandas", "polars"])
def test_a_frame_is_predicted_exactly_as_the_file_that_was_made_of_it(client: Regatta, frame: Any) -> None:
    model = train(client, frame)
    predictions = client.predict(frame, model)
    stored = {"model_name": "m", "file_id": client.data.get().file_id}
    of_file = client.request("POST", "/predict/batch", json=stored).json()["predictions"]
    assert [*predictions] == of_file
    records = frame.to_dicts() if isinstance(frame, pl.DataFrame) else frame.astype(object).to_dict("records")
    assert [*client.predict(records, model)] == of_file
    one = (
        client.predict.row(frame.iloc[3], model) if isinstance(frame, pd.DataFrame) else client.predict.row(records[3])
    )
    assert one.prediction == of_file[3]


def test_the_index_comes_back(client: Regatta) -> None:
    frame = small().set_index(pd.Index(range(100, 100 + ROWS), name="id"))
    predictions = client.predict(frame, train(client, frame), interval=0.9)
    assert predictions.to_series().index.equals(frame.index)
    bounds = predictions.to_frame()
    assert [*bounds.columns] == ["prediction", "lower", "upper"]
    assert (bounds["lower"] < bounds["prediction"]).all()
    assert (bounds["prediction"] < bounds["upper"]).all()
    assert bounds.index.equals(frame.index)


def test_a_column_that_the_model_does_not_know_is_named_with_the_near_one(client: Regatta) -> None:
    frame = small(area=[row % 17 + 0.5 for row in range(ROWS)])
    train(client, frame)
    with pytest.raises(errors.ColumnsNotKnown, match=r"'Area '.*\n.*did you mean 'area'") as raised:
        client.predict(frame.rename(columns={"area": "Area "}), "m")
    assert raised.value.unknown == {"Area ": ["area"]}
    assert isinstance(raised.value, errors.InvalidRecords)


def test_columns_of_the_models_own_file_may_be_there(client: Regatta) -> None:
    frame = small(id=[f"flat {row}" for row in range(ROWS)], b2=range(ROWS))
    client.data.upload(frame)
    client.data.process("y", leave_out=["b2"])
    client.request("POST", "/model/train", json={"model_type": "ridge", "model_name": "m"})
    predictions = client.predict(frame, "m", strict=True)
    assert [*predictions] == [*client.predict(frame[["a", "b"]], "m")]
    with pytest.raises(errors.ColumnsNotKnown):
        client.predict(frame[["id", "y"]], "m")


def test_batches_are_one_answer(client: Regatta, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = small()
    frame.loc[frame.index % 10 == 0, "a"] = None
    model = train(client, frame)
    whole = client.predict(frame, model)
    monkeypatch.setattr(batches, "BATCH_ROWS", 7)
    monkeypatch.setattr(batches, "RECORDS_ROWS", 7)
    seen: list[tuple[str, float]] = []
    for rows in (frame, frame.astype(object).to_dict("records")):
        predictions = client.predict(rows, "m", on_progress=lambda *progress: seen.append(progress))
        assert [*predictions] == [*whole]
    assert client.predict(frame, "m").warnings == whole.warnings
    assert (len(seen), seen[-1]) == (18, ("predicting", 1.0))


@pytest.mark.parametrize("rows_at_a_time", [7, 10])
def test_an_error_counts_its_row_among_all(
    client: Regatta, monkeypatch: pytest.MonkeyPatch, rows_at_a_time: int
) -> None:
    frame = small()
    train(client, frame)
    monkeypatch.setattr(batches, "BATCH_ROWS", rows_at_a_time)
    wrong = frame.astype({"a": object}).iloc[:21]
    wrong.iloc[20, 0] = "ten"
    with pytest.raises(errors.InvalidRecords, match="row 20, field a: must be a finite number, not 'ten'"):
        client.predict(wrong, "m")


def test_a_promotion_meanwhile_does_not_change_the_version(client: Regatta, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = small()
    train(client, frame)
    monkeypatch.setattr(batches, "BATCH_ROWS", 40)

    def train_again(stage: str, fraction: float) -> None:
        if fraction < 1:
            client.request("POST", "/model/train", json={"model_type": "knn", "target_column": "y", "model_name": "m"})

    assert client.predict(frame, "m", on_progress=train_again).version == 1
    assert client.predict(frame, "m").version == 2


def test_without_a_model_the_one_trained_last_predicts(client: Regatta) -> None:
    frame = small()
    with pytest.raises(errors.ModelNotFound):
        client.predict(frame)
    train(client, frame)
    assert client.predict(frame).model_name == client.predict.row(frame.iloc[0]).model_name == "m"


def test_no_rows_are_no_predictions(client: Regatta) -> None:
    frame = small()
    train(client, frame)
    assert [*client.predict(frame.head(0), "m")] == [*client.predict([], "m")] == []


def test_strict_refuses_what_would_be_imputed(client: Regatta) -> None:
    frame = small()
    train(client, frame)
    assert "imputed" in client.predict(frame.assign(a=None), "m").warnings[0]
    with pytest.raises(errors.InvalidRecords, match="is missing"):
        client.predict(frame.assign(a=None), "m", strict=True)


def test_strict_dicts_with_another_column_are_refused_as_a_frame_is(client: Regatta) -> None:
    row = {"a": 1.0, "b": "u", "c": 3}
    train(client, small())
    assert "does not use 'c'" in client.predict([row], "m").warnings[0]
    for predict in (lambda: client.predict([row], "m", strict=True), lambda: client.predict.row(row, "m", strict=True)):
        with pytest.raises(errors.ColumnsNotKnown) as raised:
            predict()
        assert raised.value.unknown == {"c": []}


def test_rows_and_stored_files_are_exported(client: Regatta, tmp_path: Path) -> None:
    frame = small()
    model = train(client, frame)
    mine = client.predict.export(tmp_path / "mine.csv", model, rows=frame.head(3))
    current = client.predict.export(tmp_path / "current.csv", model)
    heads = [path.read_text(encoding="utf-8-sig").splitlines() for path in (mine, current)]
    assert [len(lines) for lines in heads] == [4, ROWS + 1]
    assert heads[0][0].endswith("prediction")
    european = client.predict.export(tmp_path / "e.csv", model, rows=frame.head(3), decimal=",", bom=False)
    lines = european.read_text(encoding="utf-8").splitlines()
    assert lines[0] == heads[0][0].replace(",", ";")
    last = [line.rpartition(mark)[2] for line, mark in ((lines[1], ";"), (heads[0][1], ","))]
    assert last[0] == last[1].replace(".", ",")


def test_a_value_that_is_none_is_named() -> None:
    with pytest.raises(TypeError, match="'b': A value is a number, a text, a boolean or a date, not a list"):
        batches.record({"a": 1, "b": [1]})
    with pytest.raises(TypeError, match="A row is a dict with a value for each column, not ndarray"):
        batches.record(np.array([1]))  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", [{"a": 1}, "a.csv", b"a"])
def test_what_are_no_rows_is_named(client: Regatta, rows: Any) -> None:
    with pytest.raises(TypeError, match=r"predict\.row"):
        client.predict(rows, "m")


def of_pandas(frame: pd.DataFrame) -> Any:
    return frame


@pytest.mark.parametrize("library", [of_pandas, pl.from_pandas])
def test_infinite_numbers_are_missing_as_they_are_in_the_upload_of_the_same_frame(
    client: Regatta, library: Any
) -> None:
    numbers = np.arange(40.0)
    numbers[[3, 5, 7]] = [np.inf, -np.inf, np.nan]
    frame = library(pd.DataFrame({"a": numbers, "b": np.arange(40) % 5, "y": np.arange(40.0)}))
    train(client, frame)
    assert client.data.get().missing["a"] == 3
    found = client.predict(frame, "m")
    plain = client.predict(
        library(pd.DataFrame({"a": np.where(np.isinf(numbers), np.nan, numbers), "b": frame["b"]})), "m"
    )
    assert found.predictions == plain.predictions
    assert "'a' has 2 infinite numbers, which count as missing" in found.warnings
    with pytest.raises(errors.InvalidRecords):
        client.predict(frame, "m", strict=True)


def test_a_column_without_a_name_has_the_one_of_its_upload(client: Regatta, tmp_path: Path) -> None:
    lines = [f"{row},{row * 7 % 11},{row % 5},{3 * row}" for row in range(40)]
    text = "\n".join(["a,a,,y", *lines])
    train(client, text.encode())
    assert [*client.data.get().column_types] == ["a", "a_2", "column_3", "y"]
    frame = pd.read_csv(StringIO(text))
    assert [*frame] == ["a", "a.1", "Unnamed: 2", "y"]
    renamed = frame.set_axis(["a", "a_2", "column_3", "y"], axis="columns")
    blank = frame.set_axis(["a", "a.1", "", "y"], axis="columns")
    predicted = [client.predict(each, "m").predictions for each in (frame, renamed, blank)]
    assert predicted[0] == predicted[1] == predicted[2]
