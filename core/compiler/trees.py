"""Convert scikit-learn's trees, and ensembles of them, to `TreeEnsemble` nodes."""

from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn._loss.link import IdentityLink, LogLink
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor

from core.array_types import Floats, Ints
from core.compiler.graph_builder import GraphBuilder
from core.compiler.same_bits import exponential
from core.compiler.tree_ensemble import Tree, as_constant, sum_of_trees, tree_of_arrays
from core.errors import TrainingFailedError


def convert_tree(graph: GraphBuilder, matrix: str, estimator: DecisionTreeRegressor) -> str:
    """Return the value of the leaf that each row reaches."""
    return sum_of_trees(graph, _narrowed(graph, matrix), [_fitted_tree(estimator.tree_)])


def convert_forest(graph: GraphBuilder, matrix: str, estimator: RandomForestRegressor | ExtraTreesRegressor) -> str:
    """Return the mean over the trees."""
    share = 1 / len(estimator.estimators_)
    return sum_of_trees(
        graph, _narrowed(graph, matrix), [_fitted_tree(member.tree_, share) for member in estimator.estimators_]
    )


def convert_gradient_boosting(graph: GraphBuilder, matrix: str, estimator: GradientBoostingRegressor) -> str:
    """Return the initial constant plus the sum of the trees times the learning rate."""
    trees = [_fitted_tree(stage[0].tree_, estimator.learning_rate) for stage in estimator.estimators_]
    start = 0.0 if estimator.init == "zero" else estimator.init_.constant_
    return graph.node("Add", sum_of_trees(graph, _narrowed(graph, matrix), trees), as_constant(graph, start))


def convert_histogram_boosting(graph: GraphBuilder, matrix: str, estimator: HistGradientBoostingRegressor) -> str:
    """Return the baseline plus the sum of the trees, whose splits are float64 and send missing values to one side.

    Raises `TrainingFailedError` for links other than the identity and the logarithm.
    """
    link = estimator._loss.link
    if type(link) not in (IdentityLink, LogLink):
        raise TrainingFailedError(
            f"HistGradientBoostingRegressor with a {type(link).__name__} cannot be compiled to a graph."
        )
    columns, levels = _histogram_columns(estimator)
    trees = [_histogram_tree(stage[0], columns, levels) for stage in estimator._predictors]
    total = graph.node("Add", sum_of_trees(graph, matrix, trees), as_constant(graph, estimator._baseline_prediction))
    return exponential(graph, total) if isinstance(link, LogLink) else total


def _narrowed(graph: GraphBuilder, matrix: str) -> str:
    """Cast to float32 and back, as scikit-learn's trees compare `float32(x) <= threshold`."""
    return graph.node("Cast", graph.node("Cast", matrix, to=TensorProto.FLOAT), to=TensorProto.DOUBLE)


def _fitted_tree(tree: Any, factor: float = 1.0) -> Tree:
    """Convert a `tree_`, with each leaf times `factor`. A prepared matrix has no missing values."""
    return tree_of_arrays(
        is_leaf=tree.children_left < 0,
        splits=tree.threshold,
        features=tree.feature,
        left=tree.children_left,
        right=tree.children_right,
        missing_left=np.zeros_like(tree.children_left),
        values=tree.value[:, 0, 0] * factor,
    )


def _histogram_columns(estimator: HistGradientBoostingRegressor) -> tuple[Ints, list[Floats]]:
    """Return the column of the matrix that each column of its trees is, and the values of each that splits by sets.

    Its trees number the columns that split by sets first, and the values of such a column by their order.
    """
    is_set = estimator.is_categorical_
    if is_set is None:
        return np.arange(estimator.n_features_in_), []
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    columns = np.concatenate([np.flatnonzero(is_set), np.flatnonzero(~is_set)])
    return columns, [values[~np.isnan(values)] for values in encoder.categories_]


def _histogram_tree(predictor: Any, columns: Ints, levels: list[Floats]) -> Tree:
    """Convert a tree of HistGradientBoostingRegressor; see `_histogram_columns`."""
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    missing_left = nodes["missing_go_to_left"].copy()
    members = {}
    for node in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~is_leaf).tolist():
        words = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]
        values = levels[nodes["feature_idx"][node]]
        goes_left = np.unpackbits(words.view(np.uint8), bitorder="little")[: len(values)].astype(bool)
        if missing_left[node]:
            # A missing or unknown value is in no set, so it goes right: the sides change places.
            left[node], right[node], missing_left[node] = right[node], left[node], 0
            goes_left = ~goes_left
        members[node] = values[goes_left]
    return tree_of_arrays(
        is_leaf=is_leaf,
        splits=np.where(nodes["is_categorical"], 0.0, nodes["num_threshold"]),
        features=columns[nodes["feature_idx"]],
        left=left,
        right=right,
        missing_left=missing_left,
        values=nodes["value"],
        members=members,
    )
