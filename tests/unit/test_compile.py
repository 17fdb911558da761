"""The compiled graph gives what the pipeline gives, on raw rows of every kind."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.pipeline import Pipeline

from core.errors import TrainingFailedError
from core.learning.catalogue import CATALOGUE
from core.learning.training import Split
from core.scoring.compile import UNSEEN, check_parity, compile_pipeline
from core.scoring.compiled import CompiledModel
from tests.unit.learning import fitted, real_split, split_text
from tests.unit.tables import CSVS, noisy

TOLERANCE = 1e-9


def compiled(pipeline: Pipeline, data: Split) -> CompiledModel:
    return CompiledModel(*compile_pipeline(pipeline, data.columns))


def raw(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """The frame as a graph takes it."""
    return {
        name: values.fillna("").to_numpy(object) if values.dtype == object else values.to_numpy(np.float64)
        for name, values in frame.items()
    }


def difference(pipeline: Pipeline, model: CompiledModel, frame: pd.DataFrame) -> float:
    """The largest difference relative to max(1, |y|)."""
    expected, found = pipeline.predict(frame), model.run(raw(frame))
    assert found.shape == expected.shape
    assert found.dtype == np.float64
    return float(np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected))))


def hostile(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame's first rows, and copies with a gap, an extreme, a near miss or a stranger in one column each."""
    head = frame.head(12).reset_index(drop=True)
    copies = [head]
    for name in head:
        number = head[name].dtype != object
        values = [np.nan, 0.0, -0.0, 1e30, -1e30, 1e-300, 16777217.0] if number else [np.nan, UNSEEN, "Zürich", "东京"]
        for value in values:
            copies.append(head.assign(**{name: pd.Series([value] * len(head), dtype=head[name].dtype)}))
        if number:
            # Within one float32 of real values: where trees that split in float64 would turn the other way.
            copies += [head.assign(**{name: head[name] * (1 + step)}) for step in (1e-9, -1e-9, 3e-8, -3e-8)]
    nothing = {name: pd.Series([np.nan], dtype=head[name].dtype) for name in head}
    return pd.concat([*copies, pd.DataFrame(nothing)], ignore_index=True)


@pytest.mark.parametrize("table", CSVS)
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_graph_is_the_pipeline(name: str, table: str) -> None:
    data = real_split(table, 800)
    pipeline = fitted(data, name)
    model = compiled(pipeline, data)
    assert [feature.name for feature in model.features] != []
    assert difference(pipeline, model, data.train_x) <= TOLERANCE
    assert difference(pipeline, model, data.test_x) <= TOLERANCE
    assert difference(pipeline, model, hostile(data.test_x)) <= TOLERANCE
    assert check_parity(pipeline, model, data.train_x) <= TOLERANCE


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
    columns = {column: values.tolist() for column, values in raw(data.test_x).items()}
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
    assert len(set(model.run(raw(data.test_x)).tolist())) == 1


@pytest.mark.parametrize(
    "header", ["prediction,prediction_,y", "年龄,城市,y", '"a/b, c","say ""x""",y', "Concat_0,MatMul,y"]
)
@pytest.mark.parametrize("name", ["ridge", "decision_tree"])
def test_awkward_column_names_are_inputs_like_any_other(name: str, header: str) -> None:
    source = noisy(60).replace("x,colour,y", header, 1)
    data = split_text(source)
    pipeline = fitted(data, name)
    assert difference(pipeline, compiled(pipeline, data), hostile(data.test_x)) <= TOLERANCE


@pytest.mark.parametrize("levels", [2, 40, 41, 300])
@pytest.mark.parametrize("name", ["ridge", "decision_tree"])
def test_any_number_of_levels_compiles(name: str, levels: int) -> None:
    source = "c,y\n" + "".join(f"level {i % levels},{(i % levels) ** 0.5 + i % 3}\n" for i in range(600))
    data = split_text(source)
    pipeline = fitted(data, name)
    model = compiled(pipeline, data)
    assert model.features[0].levels == sorted(set(data.train_x["c"]))
    assert difference(pipeline, model, data.train_x) <= TOLERANCE
    assert difference(pipeline, model, hostile(data.test_x)) <= TOLERANCE


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
    pipeline = Pipeline([("prepare", prepare), ("estimate", DummyRegressor().fit([[0]], [1.0]))])
    with pytest.raises(TrainingFailedError, match="DummyRegressor"):
        compile_pipeline(pipeline, data.columns)
