"""LightGBM's trees on drawn tables: the graph sends every row to the same leaf, and predicts the same."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.array_types import Floats
from core.catalogue import regressor
from core.compiler.estimators import convert_estimator
from core.compiler.lightgbm_trees import read_trees
from core.compiler.tree_ensemble import Tree, sum_of_trees
from core.errors import TrainingFailedError
from tests.support.drawn_matrices import TOLERANCE, drawn_matrix, graph_of, unseen_rows

OBJECTIVES = st.sampled_from(
    ["regression", "regression_l1", "huber", "fair", "quantile", "mape", "poisson", "gamma", "tweedie"]
)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 2**32),
    sets=st.integers(0, 3),
    gaps=st.sampled_from([0.0, 0.02, 0.3]),
    levels=st.sampled_from([2, 3, 8, 60]),
    params=st.fixed_dictionaries(
        {
            "objective": OBJECTIVES,
            "num_leaves": st.sampled_from([2, 7, 31]),
            "min_child_samples": st.sampled_from([1, 5, 200]),
            "subsample": st.sampled_from([0.6, 1.0]),
            "colsample_bytree": st.sampled_from([0.5, 1.0]),
            "max_cat_threshold": st.sampled_from([1, 32, 255]),
            "min_data_per_group": st.sampled_from([1, 10]),
            "boosting_type": st.sampled_from(["gbdt", "dart"]),
            "extra_trees": st.booleans(),
        }
    ),
)
def test_a_drawn_model_is_its_graph(seed: int, sets: int, gaps: float, levels: int, params: dict[str, Any]) -> None:
    matrix, target = drawn_matrix(seed, sets, gaps, levels)
    model = regressor("lightgbm").build({**params, "n_estimators": 12, "cat_smooth": 1.0})
    model.set_params(categorical_column=list(range(sets))).fit(matrix, target)
    rows = unseen_rows(matrix, sets, levels)
    expected = model.predict(rows)
    found = graph_of(rows, lambda graph, joined: convert_estimator(graph, joined, model))
    assert np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected))) <= TOLERANCE
    leaves = model.predict(rows, pred_leaf=True).reshape(len(rows), -1)
    for tree, reached in zip(read_trees(texts_of_trees(model)), leaves.T, strict=True):
        np.testing.assert_array_equal(leaves_reached(tree, rows), reached)


def texts_of_trees(model: Any) -> list[str]:
    """Return the text of each tree of a fitted model."""
    return list(model.booster_.model_to_string().partition("\nend of trees")[0].split("\nTree=")[1:])


def leaves_reached(tree: Tree, rows: Floats) -> Floats:
    """Return the number of the leaf that each row comes to."""
    numbered = replace(tree, leaves=np.arange(len(tree.leaves), dtype=np.float64))
    return graph_of(rows, lambda graph, joined: sum_of_trees(graph, joined, [numbered]))


def test_sets_of_hundreds_of_categories_are_kept() -> None:
    draw = np.random.default_rng(0)
    codes = np.tile(np.arange(1000.0), 4)
    effect = draw.normal(size=1000)
    model = regressor("lightgbm").build(
        {"n_estimators": 3, "max_cat_threshold": 600, "min_data_per_group": 1, "cat_smooth": 0.0, "cat_l2": 0.0}
    )
    model.set_params(categorical_column=[0], min_child_samples=1, colsample_bytree=1.0)
    model.fit(codes[:, np.newaxis], effect[codes.astype(np.int64)])
    assert max(len(values) for tree in read_trees(texts_of_trees(model)) for values in tree.members.values()) >= 400
    rows = np.append(np.arange(1200.0), np.nan)[:, np.newaxis]
    found = graph_of(rows, lambda graph, joined: convert_estimator(graph, joined, model))
    np.testing.assert_allclose(found, model.predict(rows), rtol=TOLERANCE, atol=TOLERANCE)


def test_the_same_rows_give_the_same_trees_again() -> None:
    matrix, target = drawn_matrix(3, 1, 0.1, 8)
    first, second = (regressor("lightgbm").build({"n_estimators": 20}).fit(matrix, target) for _ in range(2))
    assert first.booster_.model_to_string() == second.booster_.model_to_string()


@pytest.mark.parametrize(
    "params",
    [{"linear_tree": True}, {"zero_as_missing": True}, {"reg_sqrt": True}, {"boosting_type": "rf", "subsample": 0.5}],
)
def test_what_no_graph_computes_is_refused(params: dict[str, Any]) -> None:
    matrix, target = drawn_matrix(5, 0, 0.0, 8)
    matrix = np.nan_to_num(matrix).clip(-9, 9)
    model = regressor("lightgbm").build({"n_estimators": 3}).set_params(**params).fit(matrix, target)
    with pytest.raises(TrainingFailedError, match="LGBMRegressor"):
        graph_of(matrix, lambda graph, joined: convert_estimator(graph, joined, model))


def test_a_tree_with_a_number_too_many_is_refused() -> None:
    matrix, target = drawn_matrix(5, 0, 0.0, 8)
    model = regressor("lightgbm").build({"n_estimators": 3}).fit(matrix, target)
    texts = texts_of_trees(model)
    texts[0] = texts[0].replace("\nleaf_value=", "\nleaf_value=0.5 ")
    with pytest.raises(TrainingFailedError, match="numbers where its trees need"):
        read_trees(texts)
