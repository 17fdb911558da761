"""What a compiled graph takes, gives and refuses; `test_parity` holds it against scikit-learn on every table."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import BayesianRidge
from sklearn.pipeline import Pipeline

from core.errors import TrainingFailedError
from core.learning.catalogue import CATALOGUE
from core.scoring.compile import check_parity, compile_pipeline, raw_columns
from tests.unit.compiling import TOLERANCE, compiled, difference, hostile, limit
from tests.unit.learning import fitted, real_split, split_text
from tests.unit.tables import noisy


@pytest.mark.parametrize("table", ["mpg", "taxis"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_catalogue_entry_compiles(name: str, table: str) -> None:
    data = real_split(table, 800)
    pipeline = fitted(data, name)
    assert check_parity(pipeline, compiled(pipeline, data), data.train_x) <= TOLERANCE


SCRIPT = """
import json, sys
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
feed = {}
for entry in session.get_inputs():
    values = json.load(open(sys.argv[2], encoding="utf-8"))[entry.name]
    feed[entry.name] = np.array(values, object if entry.type == "tensor(string)" else np.float64).reshape(-1, 1)
print(json.dumps(session.run(None, feed)[0][:, 0].tolist()))
assert not {"core", "sklearn", "pandas", "onnx"} & set(sys.modules)
"""


@pytest.mark.parametrize("name", ["ridge", "random_forest"])
def test_a_graph_runs_without_regatta(name: str, tmp_path: Path) -> None:
    data = real_split("mpg")
    pipeline = fitted(data, name)
    (tmp_path / "model.onnx").write_bytes(compile_pipeline(pipeline, data.columns)[0])
    columns = {
        column: values.tolist()
        for column, values in raw_columns(data.test_x, compiled(pipeline, data).features).items()
    }
    (tmp_path / "rows.json").write_text(json.dumps(columns), encoding="utf-8")
    command = [sys.executable, "-I", "-c", SCRIPT, str(tmp_path / "model.onnx"), str(tmp_path / "rows.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == pytest.approx(pipeline.predict(data.test_x), rel=TOLERANCE)


@pytest.mark.parametrize("name", ["decision_tree", "random_forest"])
def test_trees_of_a_single_leaf_predict_the_mean(name: str) -> None:
    data = split_text(noisy(60))
    pipeline = fitted(data, name, min_samples_leaf=48)
    model = compiled(pipeline, data)
    assert difference(pipeline, model, data.test_x) <= TOLERANCE
    assert len(set(model.run(raw_columns(data.test_x, model.features)).tolist())) == 1


@pytest.mark.parametrize(
    "header", ["prediction,prediction_,y", "年龄,城市,y", '"a/b, c","say ""x""",y', "Concat_0,MatMul,y"]
)
@pytest.mark.parametrize("name", ["ridge", "decision_tree"])
def test_awkward_column_names_are_inputs_like_any_other(name: str, header: str) -> None:
    source = noisy(60).replace("x,colour,y", header, 1)
    data = split_text(source)
    pipeline = fitted(data, name)
    assert difference(pipeline, compiled(pipeline, data), hostile(data.test_x), limit=limit(name)) <= TOLERANCE


@pytest.mark.parametrize("levels", [2, 40, 41, 300])
@pytest.mark.parametrize("name", ["ridge", "decision_tree"])
def test_any_number_of_levels_compiles(name: str, levels: int) -> None:
    source = "c,y\n" + "".join(f"level {i % levels},{(i % levels) ** 0.5 + i % 3}\n" for i in range(600))
    data = split_text(source)
    pipeline = fitted(data, name)
    model = compiled(pipeline, data)
    assert model.features[0].levels == sorted(set(data.train_x["c"]))
    assert difference(pipeline, model, data.train_x) <= TOLERANCE
    assert difference(pipeline, model, hostile(data.test_x), limit=limit(name)) <= TOLERANCE


def test_features_tell_types_fills_and_levels() -> None:
    source = "x,c,y\n" + "".join(f"{'' if i == 3 else i},{'ab'[i % 3 == 0]},{i}\n" for i in range(40))
    data = split_text(source)
    number, category = compiled(fitted(data, "ridge"), data).features
    assert (number.name, number.type, number.fill) == ("x", "number", float(data.train_x["x"].median()))
    assert (category.name, category.type, category.fill, category.levels) == ("c", "category", "a", ["a", "b"])


def test_a_model_that_predicts_something_else_is_refused() -> None:
    data = split_text(noisy(60))
    pipeline = fitted(data, "ridge")
    graph = compiled(pipeline, data)
    pipeline[-1].intercept_ += 1e-6
    with pytest.raises(TrainingFailedError, match="differs from scikit-learn"):
        check_parity(pipeline, graph, data.train_x)


def test_a_model_that_is_wrong_only_for_unseen_levels_is_refused() -> None:
    data = split_text(noisy(60))
    graph = compiled(fitted(data, "ridge"), data)
    known = data.train_x.assign(colour="red")
    pipeline = fitted(data, "ridge")
    pipeline[0].named_transformers_["categories"].named_steps["encode"].handle_unknown = "error"
    with pytest.raises(ValueError, match="unknown categories"):
        check_parity(pipeline, graph, known)


def test_a_model_that_predicts_nan_is_refused() -> None:
    data = split_text(noisy(60))
    pipeline = fitted(data, "ridge")
    pipeline[-1].coef_[0] = np.nan
    with pytest.raises(TrainingFailedError):
        check_parity(fitted(data, "ridge"), compiled(pipeline, data), data.train_x)


def test_an_estimator_without_a_compiler_is_refused_by_name() -> None:
    data = split_text(noisy(60))
    prepare = fitted(data, "ridge")[0]
    pipeline = Pipeline([("prepare", prepare), ("estimate", BayesianRidge())])
    with pytest.raises(TrainingFailedError, match="BayesianRidge"):
        compile_pipeline(pipeline, data.columns)
