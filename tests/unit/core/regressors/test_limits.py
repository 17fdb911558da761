"""The byte budget of tree models: kept, and never silently."""

from math import inf
from typing import Any

import onnx
import pytest

from core.catalogue import regressor
from core.compiler.compile import check_parity, compile_pipeline
from core.errors import ParameterError
from core.inference.session import CompiledModel
from core.manifests import Column
from core.regressors.limits import TrainingLimits, limit_graph_bytes, max_graph_bytes
from tests.support.tables import noisy
from tests.support.training import fitted, real_split, split_text, trained


def test_a_model_within_the_budget_is_left_alone() -> None:
    tree = regressor("decision_tree").build({})
    assert limit_graph_bytes(tree, 1000, 64 << 20) == []
    assert tree.min_samples_leaf == 1


def test_a_model_over_the_budget_gets_larger_leaves_and_a_note() -> None:
    forest = regressor("random_forest").build({})
    (note,) = limit_graph_bytes(forest, 100_000, 64 << 20)
    assert forest.min_samples_leaf > 2
    assert note == (
        f"min_samples_leaf was raised from 2 to {forest.min_samples_leaf} so that 100 trees on 100000 rows "
        "stay below 64 MiB"
    )


def test_trees_of_bounded_size_are_within_it_on_any_number_of_rows() -> None:
    forest = regressor("random_forest").build({"max_depth": 5})
    assert max_graph_bytes(forest) < 200_000
    assert limit_graph_bytes(forest, 100_000_000, 200_000) == []
    assert max_graph_bytes(regressor("random_forest").build({"max_leaf_nodes": 10})) < 50_000
    assert max_graph_bytes(regressor("random_forest").build({})) == max_graph_bytes(regressor("svr").build({})) == inf


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("gradient_boosting", {"n_estimators": 100}),
        ("hist_gradient_boosting", {"max_iter": 100}),
        ("lightgbm", {"n_estimators": 60}),
    ],
)
def test_boosting_takes_no_more_than_that(name: str, params: dict[str, Any]) -> None:
    data = real_split("diamonds", 3000)
    pipeline = fitted(data, name, **params)
    graph, _ = compile_pipeline(pipeline, data.columns)
    most_bytes = max_graph_bytes(pipeline[-1], data.columns)
    assert most_bytes / 4 < len(graph) < most_bytes + 20_000


def test_sets_of_categories_count_and_larger_leaves_bound_them_too() -> None:
    columns = [Column(name="a", type="category", missing=0, distinct=40)]
    model = regressor("lightgbm").build({"num_leaves": 255})
    plain = max_graph_bytes(model, columns)
    model.set_params(categorical_column=[0])
    assert max_graph_bytes(model, columns) > 5 * plain
    (note,) = limit_graph_bytes(model, 100_000, 1 << 20, columns)
    assert note.startswith("min_child_samples was raised from 10 to ")


def test_larger_leaves_of_the_caller_are_respected() -> None:
    forest = regressor("random_forest").build({"min_samples_leaf": 500})
    assert limit_graph_bytes(forest, 100_000, 64 << 20) == []
    assert forest.min_samples_leaf == 500


def test_a_share_of_the_rows_is_a_bound_already() -> None:
    forest = regressor("random_forest").build({"min_samples_leaf": 0.01})
    assert limit_graph_bytes(forest, 10_000_000, 1 << 20) == []


@pytest.mark.parametrize("table", ["concrete", "bike_sharing", "diamonds", "taxis"])
@pytest.mark.parametrize(
    ("name", "params", "budget"),
    [
        ("decision_tree", {}, 8 << 10),
        ("random_forest", {"n_estimators": 10}, 8 << 10),
        ("random_forest", {"n_estimators": 10}, 64 << 10),
    ],
)
def test_the_trees_stay_below_the_budget(table: str, name: str, params: dict[str, int], budget: int) -> None:
    data = real_split(table, 1500)
    done = trained(data, name, params, TrainingLimits(threads=1, model_bytes=budget))
    graph, features = compile_pipeline(done.pipeline, data.columns)
    (ensemble,) = (node for node in onnx.load_from_string(graph).graph.node if node.op_type == "TreeEnsemble")
    assert budget / 4 < ensemble.ByteSize() < budget
    assert any("min_samples_leaf was raised" in note for note in done.notes)
    assert check_parity(done.pipeline, CompiledModel(graph, features), data.train_x) <= 1e-9


def test_the_parameters_tell_what_was_really_used() -> None:
    done = trained(real_split("concrete"), "decision_tree", {}, TrainingLimits(1, 4 << 10))
    assert done.parameters["min_samples_leaf"] > 1
    assert f"from 1 to {done.parameters['min_samples_leaf']}" in done.notes[0]


@pytest.mark.parametrize(
    ("model", "params"),
    [("random_forest", {"n_estimators": wrong}) for wrong in ("many", None, float("inf"), [3])]
    + [("decision_tree", {"min_samples_leaf": wrong}) for wrong in (0, -5)],
)
def test_the_budget_leaves_wrong_parameters_to_be_refused(model: str, params: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(params))):
        trained(split_text(noisy(40)), model, params)
