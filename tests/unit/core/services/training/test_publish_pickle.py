"""The pickle of a model takes the very file that was uploaded, as pandas reads it, and predicts as the service does."""

import json
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from core.errors import InvalidRecordsError
from core.inference.frame_input import InputWarning
from core.jobs.commands import CompareCommand, TrainCommand
from core.manifests import DatasetManifest, Reading
from core.services.processing.ingest import ingest
from core.services.training import comparison
from core.services.training.compare import compare_models
from core.services.training.train import train_model
from core.services.training.unpickle import load_pipeline
from core.storage.artifacts import GRAPH, PICKLE
from core.storage.s3.object_store import ObjectStore
from tests.support.prediction_roads import Roads
from tests.support.storage import home
from tests.support.tables import CASES, CSVS, ROOT, first_rows

pytestmark = pytest.mark.usefixtures("two_folds")

# By the beginning of a case its target, and how its author would have pandas read it beside what the upload found.
TARGETS: dict[str, tuple[str, dict[str, Any]]] = {
    "A1_control": ("Umsatz", {}),
    "A2_series_file_2": ("y", {}),
    "A2_train": ("y", {}),
    "A3_train": ("y", {}),
    "A4_train": ("y", {}),
    "A5_gbk": ("总价", {}),
    "B1_units_GB": ("Price", {}),
    "B1_units_pingmi": ("总价", {}),
    "B2_currency_brl": ("y", {}),
    "B2_currency_inr": ("y", {}),
    "B2_currency_kr": ("y", {}),
    "B2_excel": ("y", {}),
    "B2_quoted": ("y", {}),
    "B2_sap": ("Kosten", {}),
    "B3_chinese": ("y", {}),
    "B3_timestamp": ("fare", {}),
    "B3_two_digit": ("y", {}),
    "B4_one": ("Rating", {}),
    "C1_csv_body_same_file_dollars": ("y", {}),
    "C1_csv_body_same_file_two": ("y", {}),
    "C2_rows": ("y", {}),
    "C3_sentinels": ("y", {}),
    "C4_blanks": ("column_1", {"sep": r"\s+", "header": None}),
    "C4_single": ("y", {"quotechar": "'"}),
    "C5_title": ("FM: Amount", {"header": 1, "nrows": 60}),
    "C6_ids": ("金额(元)", {"skiprows": 7}),
    "C7_missing_excel": ("y", {}),
    "C7_missing_worldbank": ("y", {}),
}
TEXTS = {"dtype": str, "keep_default_na": False}
# Scored by models of other cases, too few rows to train on, no table, or in a test of their own below.
ELSEWHERE = {"A1_german", "A2_score", "A2_series_file_3", "A2_series_file_4", "A3_score", "A4_score", "B3_year", "C8"}


def case(beginning: str) -> Path:
    (path,) = CASES.glob(f"{beginning}*")
    return path


def train(path: Path, target: str, model_type: str = "decision_tree", **reading: Any) -> tuple[DatasetManifest, Any]:
    """Train a model called m on a file; return the dataset and the unpickled pipeline."""
    dataset = ingest(home(), path.name, path, Reading(**reading))
    command = TrainCommand(model_type=model_type, target_column=target, file_id=dataset.file_id, model_name="m")
    train_model(home(), command)
    return dataset, load_pipeline(home(), "m")


def read_csv(path: Path, dataset: DatasetManifest, **options: Any) -> pd.DataFrame:
    """Read a file by pandas, with the delimiter and the encoding that its upload found."""
    found = {"sep": dataset.delimiter, "encoding": dataset.encoding.lower()}
    frame: pd.DataFrame = pd.read_csv(path, **{**found, **options}).dropna(how="all")
    return frame


def check(bucket: ObjectStore, folder: Path, path: Path, target: str, **options: Any) -> None:
    """Check that the pipeline predicts a file, read by pandas in several ways, as the service predicts its bytes."""
    dataset, pipeline = train(path, target)
    expected = Roads(bucket, "m", folder).body(path.read_bytes())
    plain = read_csv(path, dataset, **options)
    frames = [plain, plain[plain.columns[::-1]] if options.get("header", 0) is not None else plain]
    frames.append(read_csv(path, dataset, **options, **TEXTS).replace("", np.nan).dropna(how="all").fillna(""))
    frames += [read_csv(path, dataset, **options, dtype_backend=name) for name in ("pyarrow", "numpy_nullable")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        for frame in frames:
            np.testing.assert_allclose(pipeline.predict(frame), expected, rtol=1e-9, atol=1e-9)


def test_every_case_is_here() -> None:
    known = (*TARGETS, *ELSEWHERE)
    assert [path.name for path in CASES.iterdir() if not path.name.startswith(known)] == []


@pytest.mark.parametrize("beginning", TARGETS)
def test_the_pickle_takes_the_file_of_a_case(bucket: ObjectStore, tmp_path: Path, beginning: str) -> None:
    target, options = TARGETS[beginning]
    check(bucket, tmp_path, case(beginning), target, **options)


@pytest.mark.parametrize("name", CSVS)
def test_the_pickle_takes_a_real_file(bucket: ObjectStore, tmp_path: Path, name: str) -> None:
    path, target = CSVS[name]
    (tmp_path / path.name).write_bytes(first_rows(name, 300))
    check(bucket, tmp_path, tmp_path / path.name, target)


BOOLEANS = [("yes", "no"), ("ja", "nein"), ("是", "否"), ("Y", "N"), ("1", "0"), ("TRUE", "FALSE"), ("oui", "non")]


def test_booleans_are_read_as_they_are_spelled(bucket: ObjectStore, tmp_path: Path) -> None:
    lines = [
        ",".join(
            [*(words[i % (n + 3) == 0] for n, words in enumerate(BOOLEANS)), f"{i % 7},{10 * (i % 3 == 0) + i % 7}"]
        )
        for i in range(60)
    ]
    path = tmp_path / "booleans.csv"
    names = ",".join(f"flag{n}" for n in range(len(BOOLEANS)))
    path.write_text("\n".join([f"{names},k,y", *lines, "," * len(BOOLEANS) + "3,13"]), encoding="utf-8")
    check(bucket, tmp_path, path, "y")


def test_a_european_file_is_read_as_written(bucket: ObjectStore, tmp_path: Path) -> None:
    lines = [
        f"0{i % 9 + 1}067;{i % 28 + 1:02}/{i % 12 + 1:02}/2023 {i % 24:02}:30;1.{100 + i},{i % 10}5 €;"
        f"{i % 90},5 %;{('None', 'Holz', 'Stein')[i % 3]};{-999 if i % 8 == 0 else i};{i % 28 * 3},{i % 10}"
        for i in range(80)
    ]
    path = tmp_path / "europe.csv"
    path.write_text("\n".join(["plz;tag;preis;anteil;art;alter;y", *lines]), encoding="cp1252")
    dataset, pipeline = train(path, "y", missing=["-999"], keep=["None"], types={"plz": "category"})
    expected = Roads(bucket, "m", tmp_path).body(path.read_bytes())
    with pytest.warns(InputWarning, match="'art' has 27 missing values, read as 'None'"):
        assert pipeline.predict(read_csv(path, dataset)).tolist() == expected
    assert pipeline.predict(read_csv(path, dataset, **TEXTS)).tolist() == expected


def test_what_pandas_has_lost_is_an_error_with_a_way_out(bucket: ObjectStore, tmp_path: Path) -> None:
    path = case("A1_german")
    dataset, pipeline = train(path, "Umsatz")
    with pytest.raises(InvalidRecordsError, match=r"52\.75 in column 'Einwohner'.*dtype=str") as refused:
        pipeline.predict(read_csv(path, dataset))
    assert refused.value.errors[0]["field"] == "Einwohner"
    expected = Roads(bucket, "m", tmp_path).body(path.read_bytes())
    with pytest.warns(InputWarning, match=r"'52\.750' is read as 52750, as in the file of the model"):
        assert pipeline.predict(read_csv(path, dataset, **TEXTS)).tolist() == expected
    assert pipeline.predict(read_csv(path, dataset, decimal=",", thousands=".")).tolist() == expected


def test_months_that_pandas_has_made_one_of_are_named(bucket: ObjectStore, tmp_path: Path) -> None:
    path = case("B3_year")
    dataset, pipeline = train(path, "y")
    with pytest.warns(InputWarning, match="'dotted' has 10 values that are not a date.*2018.1 in row 0"):
        pipeline.predict(read_csv(path, dataset))
    expected = Roads(bucket, "m", tmp_path).body(path.read_bytes())
    assert pipeline.predict(read_csv(path, dataset, **TEXTS)).tolist() == expected


def test_a_cell_that_cannot_be_read_is_named_as_in_a_file(bucket: ObjectStore, tmp_path: Path) -> None:
    path = case("A2_train")
    dataset, pipeline = train(path, "y")
    frame = read_csv(path, dataset).head(10)
    frame.loc[3, "day"] = "soon"
    with pytest.warns(InputWarning, match="'day' has 1 value that is not a date .*'soon' in row 3"):
        predicted = pipeline.predict(frame)
    expected = Roads(bucket, "m", tmp_path).body(frame.to_csv(index=False).encode())
    assert predicted.tolist() == expected
    with pytest.raises(InvalidRecordsError, match="Correct 'day'"):
        pipeline.set_params(read__strict=True).predict(frame.drop(columns="y"))
    frame["day"] = "soon"
    with pytest.raises(InvalidRecordsError, match=r"Column 'day' .* cannot mean"):
        pipeline.set_params(read__strict=False).predict(frame)


def test_an_ensemble_takes_the_file_as_well(
    bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, target = CSVS["mpg"]
    monkeypatch.setattr(comparison, "DEFAULT_MODEL_TYPES", ("svr", "knn", "linear_regression"))
    dataset = ingest(home(), path.name, path)
    command = CompareCommand(target_column=target, file_id=dataset.file_id, ensemble=True)
    result = compare_models(home(), command)
    names = [row["model_name"] for row in result["results"] if row["model_type"] in ("blend", "svr")]
    assert len(names) == 2
    for name in names:
        pipeline = load_pipeline(home(), name)
        expected = Roads(bucket, name, tmp_path).body(path.read_bytes())
        np.testing.assert_allclose(pipeline.predict(read_csv(path, dataset)), expected, rtol=1e-9, atol=1e-9)


EMBEDDING = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
OTHERS = """
import sys
assert not {"boto3", "fastapi", "onnx", "onnxruntime", "redis"} & set(sys.modules)
"""


def test_the_example_of_the_docs_needs_regatta_and_scikit_learn_alone(bucket: ObjectStore, tmp_path: Path) -> None:
    path = case("A2_train")
    train(path, "y")
    (tmp_path / "model.pkl").write_bytes(home().models.file(home().models.manifest("m"), PICKLE))
    (tmp_path / "rows.csv").write_bytes(path.read_bytes())
    (code,) = re.findall(r"```python\n(import pickle.*?)```", EMBEDDING, re.DOTALL)
    command = [sys.executable, "-W", "error", "-c", code + OTHERS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == Roads(bucket, "m", tmp_path).body(path.read_bytes())


def test_the_lines_of_the_docs_read_a_file_for_the_graph(bucket: ObjectStore, tmp_path: Path) -> None:
    lines = [
        f"{'yes' if i % 3 else 'no'};{i % 28 + 1:02}/{i % 12 + 1:02}/2023;1.{100 + i},{i % 10}5;{i % 9},5 kg;"
        f"{('None', 'Holz', '')[i % 3]};{i % 28 * 3},{i % 10}"
        for i in range(80)
    ]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["flag;tag;preis;gewicht;art;y", *lines]), encoding="utf-8")
    train(path, "y", keep=["None"])
    (tmp_path / "model.onnx").write_bytes(home().models.file(home().models.manifest("m"), GRAPH))
    (code,) = re.findall(r"```python\n(import csv.*?)```", EMBEDDING, re.DOTALL)
    code += "import sys; assert not {'core', 'sklearn', 'pandas', 'onnx'} & set(sys.modules)"
    command = [sys.executable, "-I", "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == Roads(bucket, "m", tmp_path).body(path.read_bytes())


def test_the_pipeline_can_be_cloned_and_fitted_on_a_file(bucket: ObjectStore, tmp_path: Path) -> None:
    path = case("A2_train")
    dataset, pipeline = train(path, "y")
    frame = read_csv(path, dataset)
    again: Callable[..., Pipeline] = clone(pipeline).fit
    fitted = again(frame, frame["y"])
    assert fitted.predict(frame).shape == (len(frame),)
    assert {*pipeline.feature_names_in_} == {"day", "k"}
    assert pickle.loads(pickle.dumps(fitted)).predict(frame).tolist() == fitted.predict(frame).tolist()
