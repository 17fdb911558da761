"""Regatta as a library: the models of the service, without one."""

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
import pytest

from core.errors import (
    InvalidInputError,
    InvalidRecordsError,
    NotEnoughRowsError,
    ParameterError,
    RegattaError,
    TargetError,
    UnknownColumnError,
    UnknownModelTypeError,
)
from core.inference.frame_input import InputWarning
from core.jobs.commands import CompareCommand, TrainCommand
from core.manifests import Reading
from core.services.processing.ingest import ingest
from core.services.training.compare import compare_models
from core.services.training.train import train_model
from core.storage.artifacts import GRAPH
from core.storage.s3.object_store import ObjectStore
from regatta import local
from tests.support.prediction_roads import Roads
from tests.support.storage import home
from tests.support.tables import CASES, CSVS, ROOT, first_rows

MPG = CSVS["mpg"][0]
# What a process of a stranger has: no settings of this service, and no AWS.
STRANGER = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "REGATTA_"))}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ.keys() - STRANGER.keys():
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.read_csv(MPG)


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> local.Model:
    return local.train(frame, "mpg", "ridge")


def test_a_file_gives_the_model_that_the_service_makes_of_it(bucket: ObjectStore, tmp_path: Path) -> None:
    path = next(CASES.glob("A3_train*"))
    dataset = ingest(home(), path.name, path, Reading(missing=["none at all"]))
    options: dict[str, Any] = {"target_transform": "yeo_johnson", "test_size": 0.3}
    command: dict[str, Any] = {
        "model_type": "ridge",
        "target_column": "y",
        "file_id": dataset.file_id,
        "model_name": "m",
    }
    train_model(home(), TrainCommand(**command, **options))
    stored = home().models.manifest("m")
    with pytest.warns(InputWarning, match="is read as"):
        here = local.train(path, "y", "ridge", missing=["none at all"], **options)
    assert here.metrics == stored.metrics
    assert here.cross_validation == stored.cross_validation.model_dump()
    here.save(tmp_path / "here.onnx")
    assert (tmp_path / "here.onnx").read_bytes() == home().models.file(stored, GRAPH)
    assert here.predict(path).tolist() == Roads(bucket, "m", tmp_path).body(path.read_bytes())


def test_a_comparison_is_that_of_the_service(bucket: ObjectStore, tmp_path: Path) -> None:
    few = tmp_path / MPG.name
    few.write_bytes(first_rows("mpg", 80))
    dataset = ingest(home(), few.name, few)
    theirs = compare_models(home(), CompareCommand(target_column="mpg", file_id=dataset.file_id))
    seen: list[tuple[str, float]] = []
    ours = local.compare(few, "mpg", on_progress=lambda stage, share: seen.append((stage, share)))
    scores = [
        [(row["model_type"], row["cross_validation"], row["metrics"]) for row in rows]
        for rows in (theirs["results"], ours.results)
    ]
    assert scores[0] == scores[1]
    assert next(iter(ours)) == theirs["best"]["model_type"] == ours.best.model_type
    assert seen[0][0] == "reading" and seen[-1] == ("storing", 1.0)
    assert [share for _, share in seen] == sorted(share for _, share in seen)
    assert "Comparison, best first" in ours._repr_html_() and "baseline" in ours._repr_html_()


def test_a_dataframe_is_the_table_that_it_is(frame: pd.DataFrame, model: local.Model) -> None:
    typed = frame.astype({"origin": "category", "cylinders": "Int64", "weight": "float32"})
    typed["name"] = typed["name"].astype(object)
    typed.index = pd.Index(range(1000, 1000 + len(typed)))
    again = local.train(typed, "mpg", "ridge")
    assert again.metrics == model.metrics
    predicted = again.predict(typed)
    assert predicted.index.equals(typed.index) and predicted.name == "prediction"
    assert predicted.tolist() == model.predict(frame).tolist() == model.predict(MPG).tolist()


@pytest.mark.filterwarnings("ignore::core.inference.frame_input.InputWarning")
def test_dtypes_and_texts_mean_what_they_are() -> None:
    rows = 60
    frame = pd.DataFrame(
        {
            "day": [datetime(2023, 1 + i % 12, 1 + i % 28, i % 24) for i in range(rows)],
            "text_day": [f"{1 + i % 28:02}/{1 + i % 12:02}/2023" for i in range(rows)],
            "flag": [i % 3 == 0 for i in range(rows)],
            "said": [("yes", "no")[i % 2] for i in range(rows)],
            "amount": [f"{1 + i % 9}.{100 + i},5 €" for i in range(rows)],
            "span": pd.to_timedelta([i % 11 for i in range(rows)], unit="h"),
            "mixed": [i % 4 if i % 2 else f"k{i % 4}" for i in range(rows)],
            "month": pd.period_range("2020-01", periods=rows, freq="M"),
            7: [i % 5 for i in range(rows)],
        }
    )
    frame["y"] = [float(i % 7 + 2 * (i % 3 == 0)) for i in range(rows)]
    model = local.train(frame, "y", "decision_tree")
    types = {column["name"]: column["type"] for column in model.schema}
    expected = {"day": "date", "text_day": "date", "flag": "boolean", "said": "boolean", "amount": "number"}
    assert types == {**expected, "span": "number", "mixed": "category", "month": "date", "7": "number"}
    shuffled = frame.sample(frac=1, random_state=0)
    np.testing.assert_allclose(model.predict(shuffled), model.predict(frame)[shuffled.index])
    assert np.abs(model.predict(frame) - frame["y"]).mean() < 1


def test_rows_are_a_dataframe_dicts_or_a_file(frame: pd.DataFrame, model: local.Model) -> None:
    rows = json.loads(frame.head(3).to_json(orient="records"))
    values = model.predict(frame.head(3))
    assert model.predict(rows).tolist() == values.tolist()
    assert model.predict(rows[0]) == values[0]
    bounds = model.predict(frame.head(3), interval=0.9)
    assert [*bounds.columns] == ["prediction", "lower", "upper"]
    assert (bounds["lower"] < values).all() and (values < bounds["upper"]).all()
    assert model.predict(rows, interval=0.9).tolist() == bounds.to_numpy().tolist()
    with pytest.raises(InvalidInputError, match=r"nothing about an interval of 0\.9999"):
        model.predict(frame, interval=0.9999)
    for level in (0.0, 1.0, 90.0):
        with pytest.raises(InvalidInputError, match="between 0 and 1"):
            model.predict(frame, interval=level)


def test_a_dataframe_of_polars_is_taken_as_well(frame: pd.DataFrame, model: local.Model) -> None:
    other = polars.from_pandas(frame)
    assert local.train(other, "mpg", "ridge").metrics == model.metrics
    assert model.predict(other).tolist() == model.predict(frame).tolist()


def test_what_is_in_doubt_is_a_warning_that_names_it(frame: pd.DataFrame, model: local.Model) -> None:
    wrong = frame.head(5).astype({"weight": object})
    wrong.loc[2, "weight"] = "heavy"
    with pytest.warns(InputWarning, match=r"'weight' has 1 value that is not .*'heavy' in row 2"):
        model.predict(wrong)
    with pytest.raises(InvalidRecordsError, match="Correct 'weight'"):
        model.predict(wrong.drop(columns=["mpg", "name"]), strict=True)
    with pytest.warns(InputWarning, match="'weight' is absent, imputed"):
        model.predict(frame.drop(columns="weight"))
    with pytest.raises(InvalidRecordsError, match="the frame has 'mpg'"):
        model.predict(frame[["mpg"]])


def test_a_saved_model_is_the_same_model(frame: pd.DataFrame, model: local.Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model.onnx")
    loaded = local.Model.load(str(tmp_path / "model.onnx"))
    for name in ("metrics", "importance", "schema", "target", "model_type", "notes", "parameters", "cross_validation"):
        assert getattr(loaded, name) == getattr(model, name), name
    assert loaded.predict(frame, interval=0.8).equals(model.predict(frame, interval=0.8))
    assert loaded._repr_html_() == model._repr_html_()
    assert repr(loaded) == "<Model ridge of 'mpg', 7 columns, R2 0.8269>"
    with pytest.raises(InvalidInputError, match="no scikit-learn pipeline"):
        loaded.save(tmp_path / "model.pkl")
    model.save(tmp_path / "model.pkl")
    pipeline = pd.read_pickle(tmp_path / "model.pkl")
    np.testing.assert_allclose(pipeline.predict(frame), model.predict(frame), rtol=1e-9)


def run(folder: Path, *arguments: str) -> str:
    """Return what another process prints, in which every warning is an error."""
    command = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(command, cwd=folder, env=STRANGER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


ALONE = """
import json, sys
from regatta import local
model = local.Model.load("model.onnx")
print(json.dumps([model.predict("rows.csv").tolist(), model.predict(json.load(open("rows.json"))).tolist()]))
assert not {"pandas", "pyarrow", "onnx", "sklearn", "scipy", "boto3", "httpx", "fastapi"} & set(sys.modules)
"""


def test_another_process_predicts_by_numpy_and_onnxruntime_alone(model: local.Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model.onnx")
    rows = pd.read_csv(MPG).head(20)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    rows.to_json(tmp_path / "rows.json", orient="records")
    done = run(tmp_path, "-c", ALONE)
    assert json.loads(done) == [model.predict(rows).tolist()] * 2


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("nope", "ridge"), {}, UnknownColumnError, "no column 'nope'. The columns are: mpg"),
        (("origin", "ridge"), {}, TargetError, "'origin' is text"),
        (("mpg", "rigde"), {}, UnknownModelTypeError, "no model type 'rigde'"),
        (("mpg", "ridge"), {"test_siz": 0.2}, InvalidInputError, "Did you mean 'test_size'?"),
        (("mpg", "ridge"), {"test_size": 2}, InvalidInputError, "test_size"),
        (("mpg", "ridge"), {"params": {"alph": 1}}, ParameterError, "no parameter 'alph'"),
        (("mpg", "ridge"), {"leave_out": ["colour"]}, UnknownColumnError, "no column 'colour'"),
        (("mpg", "ridge"), {"decimal": "x"}, InvalidInputError, "decimal"),
        (("mpg", "ridge"), {"file_id": "x"}, InvalidInputError, "no option 'file_id'"),
        (("mpg", "ridge"), {"training": "batch"}, InvalidInputError, "no option 'training'"),
    ],
)
def test_an_error_says_the_way_out(
    frame: pd.DataFrame, arguments: Any, options: dict[str, Any], error: type[RegattaError], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        local.train(frame, *arguments, **options)


def test_a_label_that_is_no_text_names_its_column() -> None:
    numbered = pd.DataFrame({0: range(40), 1: [3.0 * value for value in range(40)]})
    assert local.train(numbered, 1, "ridge", handle_missing="mean", columns={"0": "mean"}).target == "1"
    blank = numbered.rename(columns={0: " a "})
    assert local.train(blank, 1, "linear_regression").predict(blank.tail(1)).tolist() == pytest.approx([117])


def test_data_that_is_none_is_refused(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughRowsError, match="at least 20"):
        local.train(frame.head(5), "mpg", "ridge")
    with pytest.raises(InvalidInputError, match="and not list"):
        local.train([1, 2], "mpg")
    with pytest.raises(InvalidInputError, match="'mpg' twice"):
        local.train(pd.concat([frame, frame[["mpg"]]], axis=1), "mpg")
    with pytest.raises(InvalidInputError, match="'mpg' twice"):
        local.train(frame.assign(**{" mpg": 1.0}), "mpg")
    with pytest.raises(InvalidInputError, match="without a name"):
        local.train(frame.rename(columns={"weight": " "}), "mpg")
    with pytest.raises(InvalidInputError, match="'l' has lists or dicts"):
        local.train(frame.assign(l=[[1]] * len(frame)), "mpg")
    with pytest.raises(InvalidInputError, match="no ONNX model"):
        local.Model.load(MPG)
    with pytest.raises(FileNotFoundError):
        local.Model.load(tmp_path / "model.onnx")


def test_a_doubtful_file_warns(tmp_path: Path) -> None:
    lines = "".join(f"{1 + i % 12}/{1 + 5 * i % 12}/2023,{i}\n" for i in range(40))
    (tmp_path / "rows.csv").write_text(f"day,y\n{lines}")
    with pytest.warns(InputWarning, match="'day'.*to have it read so, give dates=") as found:
        local.train(tmp_path / "rows.csv", "y", "ridge")
    assert "PATCH" not in str(found[0].message)


def test_a_note_names_the_option_that_changes_it() -> None:
    counted = pd.DataFrame({"row": range(40), "size": [7 * i % 11 for i in range(40)], "y": [i % 7 for i in range(40)]})
    (note,) = local.train(counted, "y", "ridge").notes
    assert note.endswith('the option columns={"row": "median"} keeps it')


def test_the_page_runs_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its tables are the first rows of the real ones: each of the nine learns from them several times."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "library.md").read_text(encoding="utf-8"), re.DOTALL)
    page = "\n".join(blocks).replace("time_limit=5", "time_limit=0.5")
    (tmp_path / "examples").mkdir()
    for name in ("concrete", "mpg"):
        (tmp_path / f"examples/{name}.csv").write_bytes(first_rows(name, 120))
    monkeypatch.chdir(tmp_path)
    exec(compile(page, "library.md", "exec"), {})
    done = capsys.readouterr().out
    assert "<Model hist_gradient_boosting of 'strength'" in done
    assert "There is no column 'strengh'" in done
