"""Inputs, outputs and refusals of compiled graphs; `test_parity` compares them with scikit-learn on every table."""

import ast
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import BayesianRidge, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVR

from core.catalogue import CATALOGUE
from core.compiler.blocks import Features, RawBlock
from core.compiler.category_encoders import UNSEEN
from core.compiler.compile import check_parity, compile_pipeline, raw_columns_of_frame
from core.compiler.graph_builder import GraphBuilder
from core.compiler.spread import add_spread
from core.compiler.transformers import convert_preprocessing
from core.errors import TrainingFailedError
from core.inference.session import CompiledModel
from core.manifests import Column
from core.preprocessing.date_parts import date_parts, to_seconds
from core.regressors.spread import FinalModel, fit_spread
from tests.support.fitted_models import (
    FLOAT32_MAX,
    TOLERANCE,
    compiled,
    difference,
    fit,
    hostile_rows,
    largest_number,
    make_ensemble,
)
from tests.support.tables import noisy
from tests.support.training import fitted, real_split, split_text, trained


@pytest.mark.parametrize("table", ["mpg", "taxis"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_catalogue_entry_compiles(name: str, table: str) -> None:
    data = real_split(table, 800)
    pipeline = fitted(data, name)
    assert check_parity(pipeline, compiled(pipeline, data), data.train_x) <= TOLERANCE


EMBEDDING = (Path(__file__).parents[4] / "docs" / "embedding.md").read_text(encoding="utf-8")


def test_the_python_of_the_docs_runs_as_written_without_regatta(tmp_path: Path) -> None:
    data = real_split("mpg")
    model = trained(data, "ridge")
    spread = fit_spread(model.out_of_fold, FinalModel(data, model.holdout), seconds=1.0, clock=lambda: 0.0)
    assert spread is not None, "the program has to read the first of two outputs"
    graph, _ = compile_pipeline(model.pipeline, data.columns)
    (tmp_path / "model.onnx").write_bytes(add_spread(graph, data.columns, spread))
    code = re.findall(r"```python\n(.*?)```", EMBEDDING, re.DOTALL)[0]
    code += "import sys; assert not {'core', 'sklearn', 'pandas', 'onnx'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    (literal,) = re.findall(r"rows = (\[.*?\n\])", code, re.DOTALL)
    rows = pd.DataFrame(ast.literal_eval(literal)).astype(data.train_x.dtypes.to_dict())
    assert json.loads(done.stdout) == pytest.approx(model.pipeline.predict(rows).tolist(), rel=TOLERANCE)


SCRIPT = """
import json, sys
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
columns = json.load(open(sys.argv[2], encoding="utf-8"))
feed = {
    entry.name: np.array(columns[entry.name], object if entry.type == "tensor(string)" else np.float64).reshape(-1, 1)
    for entry in session.get_inputs()
}
print(json.dumps(session.run(None, feed)[0][:, 0].tolist()))
assert not {"core", "sklearn", "pandas", "onnx"} & set(sys.modules)
"""


@pytest.mark.parametrize("name", ["random_forest", "hist_gradient_boosting", "svr", "knn_by_distance", "ridge_log"])
def test_a_graph_runs_without_regatta_and_with_the_runtimes_own_settings(name: str, tmp_path: Path) -> None:
    data = real_split("taxis", 400)
    pipeline = fit(data, name)
    graph, features = compile_pipeline(pipeline, data.columns)
    (tmp_path / "model.onnx").write_bytes(graph)
    columns = {column: values.tolist() for column, values in raw_columns_of_frame(data.test_x, features).items()}
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
    assert len(set(model.run(raw_columns_of_frame(data.test_x, model.features)).tolist())) == 1


@pytest.mark.filterwarnings("ignore:Solver terminated early")
@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid"])
@pytest.mark.parametrize("params", [{"epsilon": 1e12}, {"max_iter": 0}])
def test_a_machine_without_support_vectors_predicts_its_intercept(kernel: str, params: dict[str, Any]) -> None:
    data = split_text(noisy(60))
    pipeline = fitted(data, "svr", kernel=kernel, **params)
    model = compiled(pipeline, data)
    assert difference(pipeline, model, data.test_x) <= TOLERANCE


@pytest.mark.parametrize(
    "header", ["prediction,prediction_,y", "年龄,城市,y", '"a/b, c","say ""x""",y', "Concat_0,MatMul,y"]
)
@pytest.mark.parametrize("name", ["ridge", "decision_tree"])
def test_awkward_column_names_are_inputs_like_any_other(name: str, header: str) -> None:
    source = noisy(60).replace("x,colour,y", header, 1)
    data = split_text(source)
    pipeline = fitted(data, name)
    assert (
        difference(pipeline, compiled(pipeline, data), hostile_rows(data.test_x), limit=largest_number(name))
        <= TOLERANCE
    )


@pytest.mark.parametrize("levels", [2, 40, 41, 300])
@pytest.mark.parametrize("name", ["ridge", "decision_tree"])
def test_any_number_of_levels_compiles(name: str, levels: int) -> None:
    source = "c,y\n" + "".join(f"level {i % levels},{(i % levels) ** 0.5 + i % 3}\n" for i in range(600))
    data = split_text(source)
    pipeline = fitted(data, name)
    model = compiled(pipeline, data)
    assert model.features[0].levels == sorted(set(data.train_x["c"]))
    assert difference(pipeline, model, data.train_x) <= TOLERANCE
    assert difference(pipeline, model, hostile_rows(data.test_x), limit=largest_number(name)) <= TOLERANCE


def test_to_compile_encodes_all_categories_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One call for each would take time quadratic in the columns, since each call checks all of them."""
    header = ",".join([*(f"c{number}" for number in range(6)), "y"])
    rows = [",".join([*(f"l{row % (2 + number)}" for number in range(6)), str(row)]) for row in range(60)]
    data = split_text("\n".join([header, *rows]))
    pipeline = fitted(data, "ridge")
    transform, calls = OneHotEncoder.transform, []
    monkeypatch.setattr(
        OneHotEncoder, "transform", lambda self, rows: calls.append(np.shape(rows)) or transform(self, rows)
    )
    model, _ = compile_pipeline(pipeline, data.columns)
    assert calls == [(7 + 2, 6)]
    assert model


def test_features_tell_types_fills_and_levels() -> None:
    source = "x,c,y\n" + "".join(f"{'' if i == 3 else i},{'ab'[i % 3 == 0]},{i}\n" for i in range(40))
    data = split_text(source)
    number, category = compiled(fitted(data, "ridge"), data).features
    assert (number.name, number.type, number.fill) == ("x", "number", float(data.train_x["x"].median()))
    assert (category.name, category.type, category.fill, category.levels) == ("c", "category", "a", ["a", "b"])


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


@pytest.mark.parametrize(
    ("estimator", "named"),
    [
        (BayesianRidge(), "BayesianRidge cannot"),
        (SVR(kernel="precomputed"), "kernel 'precomputed'"),
        (KNeighborsRegressor(metric="chebyshev"), "metric 'chebyshev'"),
        (KNeighborsRegressor(weights=lambda distances: distances), "weights"),
        (TransformedTargetRegressor(Ridge(), transformer=QuantileTransformer(n_quantiles=5)), "by QuantileTransformer"),
    ],
)
def test_what_has_no_compiler_is_refused_by_name(estimator: Any, named: str) -> None:
    data = split_text(noisy(60))
    prepare = fitted(data, "decision_tree")[0]
    matrix = prepare.transform(data.train_x)
    square = matrix @ matrix.T if "precomputed" in named else np.round(abs(matrix))
    pipeline = Pipeline([("prepare", prepare), ("estimate", estimator.fit(square, data.train_y))])
    with pytest.raises(TrainingFailedError, match=named):
        compile_pipeline(pipeline, data.columns)


class RidgeLookalike(Ridge):
    """A subclass may predict in another way than its class."""


def test_a_subclass_of_what_has_a_converter_is_refused() -> None:
    data = split_text(noisy(60))
    pipeline = fitted(data, "ridge")
    pipeline[-1].__class__ = RidgeLookalike
    with pytest.raises(TrainingFailedError, match="RidgeLookalike cannot"):
        compile_pipeline(pipeline, data.columns)


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ([RobustScaler()], "RobustScaler"),
        ([StandardScaler()], "StandardScaler"),
        ([FunctionTransformer(np.log1p)], "FunctionTransformer.*log1p"),
        ([FunctionTransformer(to_seconds), FunctionTransformer(date_parts)], "FunctionTransformer.*date_parts"),
        ([SimpleImputer(), MissingIndicator(features="all")], "MissingIndicator"),
        ([FunctionTransformer(to_seconds)], "FunctionTransformer.*to_seconds"),
    ],
)
def test_preprocessing_that_has_no_converter_is_refused_by_name(steps: list[Any], named: str) -> None:
    data = split_text("x,y\n" + "".join(f"{i % 7},{i}\n" for i in range(60)))
    prepare = ColumnTransformer([("numbers:mean", make_pipeline(*steps), ["x"])])
    matrix = prepare.fit_transform(data.train_x)
    pipeline = Pipeline([("prepare", prepare), ("estimate", Ridge().fit(matrix, data.train_y))])
    with pytest.raises(TrainingFailedError, match=f"(?s)preprocessing.*{named}.*cannot be compiled"):
        compile_pipeline(pipeline, data.columns)


def test_branches_are_converted_by_what_is_in_them_and_not_by_their_names() -> None:
    data = real_split("taxis", 300)
    pipeline = fitted(data, "ridge")
    expected = compile_pipeline(pipeline, data.columns)
    for transformer in (pipeline[0], pipeline[1]):
        transformer.transformers_ = [(f"b{i}", *rest) for i, (_, *rest) in enumerate(transformer.transformers_)]
    assert compile_pipeline(pipeline, data.columns) == expected


def test_a_disagreement_names_the_row_its_values_and_both_answers() -> None:
    data = split_text(noisy(60))
    pipeline = fitted(data, "ridge")
    graph = compiled(pipeline, data)
    pipeline[-1].intercept_ += 1e-6
    with pytest.raises(TrainingFailedError) as refused:
        check_parity(pipeline, graph, data.train_x)
    assert re.search(
        r"by 1e-06 in row \d+ of the checked rows: \S+ instead of \S+ for x=\S+, colour=", str(refused.value)
    )


def test_a_category_of_very_many_levels_compiles_into_one_node() -> None:
    levels = np.array([f"level {i}" for i in range(100_000)], object)
    encoder = TargetEncoder(target_type="continuous").fit(levels[:, np.newaxis], np.arange(100_000.0))
    graph = GraphBuilder(["c"])
    features: Features = {}
    prepare = ColumnTransformer([("levels", Pipeline([("encode", encoder)]), ["c"])])
    prepare.transformers_ = [("levels", Pipeline([("encode", encoder)]), ["c"])]
    columns = RawBlock([Column(name="c", type="category", missing=0)])
    body = graph.build(convert_preprocessing(graph, prepare, columns, features))
    assert [node.op_type for node in onnx.load_from_string(body).graph.node] == ["LabelEncoder", "Identity"]
    model = CompiledModel(body, list(features.values()))
    queried = np.array([*levels[::999], "", UNSEEN], object)
    expected = encoder.transform(np.array([*levels[::999], np.nan, UNSEEN], object)[:, np.newaxis])[:, 0]
    assert model.run({"c": queried}).tolist() == expected.tolist()


def test_members_of_an_ensemble_share_what_they_have_in_common() -> None:
    data = real_split("taxis", 500)
    members = {name: fit(data, name) for name in ("ridge", "lasso", "decision_tree")}
    alone = [onnx.load_from_string(compile_pipeline(member, data.columns)[0]) for member in members.values()]
    graph, features = compile_pipeline(make_ensemble(members, [2, 0, 1]), data.columns)
    together = onnx.load_from_string(graph)
    lookups = [sum(node.op_type == "LabelEncoder" for node in model.graph.node) for model in (*alone, together)]
    # Fitted apart, and still the same lookups.
    assert lookups == [lookups[0]] * 4
    assert [entry.name for entry in together.graph.input] == [feature.name for feature in features]
    assert len(together.graph.input) == len({entry.name for model in alone for entry in model.graph.input})
    # A member without weight is not in it.
    assert len(together.graph.node) < sum(len(model.graph.node) for model in alone[::2])


def test_a_feature_that_one_member_alone_uses_is_an_input_with_its_fill_and_levels() -> None:
    data = real_split("mpg")
    most = replace(data, columns=data.columns[:-2])
    members = {"one": fit(most, "ridge"), "all": fit(data, "decision_tree")}
    graph = compiled(model := make_ensemble(members), data)
    assert [feature.name for feature in graph.features] == [column.name for column in data.columns]
    alone = {feature.name: feature for feature in compiled(members["all"], data).features}
    assert [feature for feature in graph.features if feature != alone[feature.name]] == []
    assert difference(model, graph, hostile_rows(data.test_x, most=FLOAT32_MAX)) <= TOLERANCE


@pytest.mark.parametrize("name", ["svr", "knn", "knn_manhattan"])
@pytest.mark.parametrize("rows", [0, 1, 2, 255, 256, 257, 1000])
def test_rows_in_chunks_are_the_same_rows(name: str, rows: int) -> None:
    data = real_split("energy_efficiency", 300)
    graph = compiled(fit(data, name), data)
    frame = pd.concat([data.train_x] * 5, ignore_index=True)[:1000]
    columns = raw_columns_of_frame(frame, graph.features)
    whole = np.concatenate([graph.run({n: v[i : i + 100] for n, v in columns.items()}) for i in range(0, 1000, 100)])
    some = graph.run({name: values[:rows] for name, values in columns.items()})
    assert some.shape == (rows,)
    assert np.allclose(some, whole[:rows], rtol=1e-12, atol=0)


def test_rows_of_a_large_model_come_back_in_the_order_they_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.inference.session.SHARED_BYTES", 0)
    data = real_split("taxis", 800)
    graph = compiled(fit(data, "random_forest"), data)
    frame = data.train_x.mask(np.random.default_rng(0).random(data.train_x.shape) < 0.1)
    columns = raw_columns_of_frame(frame, graph.features)
    pieces = [graph.run({n: v[i : i + 100] for n, v in columns.items()}) for i in range(0, len(frame), 100)]
    assert graph.run(columns).tolist() == np.concatenate(pieces).tolist()
