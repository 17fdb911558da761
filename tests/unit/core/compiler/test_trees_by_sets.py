"""Histogram boosting with sets of categories on drawn tables: the graph sends every row where scikit-learn does."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from core.compiler.estimators import convert_estimator
from tests.support.drawn_matrices import TOLERANCE, drawn_matrix, graph_of, unseen_rows


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take longer than these small tables."""
    with threadpool_limits(1):
        yield


@settings(max_examples=15, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 2**32),
    sets=st.sampled_from([(0,), (2,), (0, 1), (1, 4)]),
    gaps=st.sampled_from([0.0, 0.02, 0.3]),
    levels=st.sampled_from([2, 3, 8, 60]),
    leaves=st.sampled_from([2, 7, 31]),
    rows_a_leaf=st.sampled_from([1, 10]),
)
def test_a_drawn_model_is_its_graph(
    seed: int, sets: tuple[int, ...], gaps: float, levels: int, leaves: int, rows_a_leaf: int
) -> None:
    drawn, target = drawn_matrix(seed, len(sets), gaps, levels)
    rows = unseen_rows(drawn, len(sets), levels)
    # The codes are at these places among the columns.
    order = np.argsort([*sets, *(place for place in range(drawn.shape[1]) if place not in sets)])
    matrix, rows = drawn[:, order], rows[:, order]
    model = HistGradientBoostingRegressor(
        max_iter=5, max_leaf_nodes=leaves, min_samples_leaf=rows_a_leaf, categorical_features=list(sets), random_state=0
    ).fit(matrix, target)
    found = graph_of(rows, lambda graph, joined: convert_estimator(graph, joined, model))
    np.testing.assert_allclose(found, model.predict(rows), rtol=TOLERANCE, atol=TOLERANCE)
    # Each tree alone, with the number of the leaf as its value.
    model._baseline_prediction = np.zeros((1, 1))
    for (tree,) in list(model._predictors):
        tree.nodes["value"] = np.arange(len(tree.nodes))
        model._predictors = [[tree]]
        routed = graph_of(rows, lambda graph, joined: convert_estimator(graph, joined, model))
        np.testing.assert_array_equal(routed, model.predict(rows))


def test_as_many_categories_as_the_library_takes_are_kept() -> None:
    codes = np.tile(np.arange(255.0), 12)
    effect = np.random.default_rng(0).normal(size=255)
    model = HistGradientBoostingRegressor(categorical_features=[0], max_iter=3, min_samples_leaf=1, random_state=0)
    model.fit(codes[:, np.newaxis], effect[codes.astype(np.int64)])
    rows = np.array([*range(300), np.nan])[:, np.newaxis]
    found = graph_of(rows, lambda graph, joined: convert_estimator(graph, joined, model))
    np.testing.assert_allclose(found, model.predict(rows), rtol=TOLERANCE, atol=TOLERANCE)
