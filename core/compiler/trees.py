"""Convert scikit-learn's trees, and ensembles of them, to `TreeEnsemble` nodes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto
from sklearn._loss.link import IdentityLink, LogLink
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor

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

    Raises `TrainingFailedError` for categorical splits and for links other than the identity and the logarithm.
    """
    if estimator.is_categorical_ is not None:
        raise TrainingFailedError(
            "HistGradientBoostingRegressor with categorical splits cannot be compiled to a graph."
        )
    link = estimator._loss.link
    if type(link) not in (IdentityLink, LogLink):
        raise TrainingFailedError(
            f"HistGradientBoostingRegressor with a {type(link).__name__} cannot be compiled to a graph."
        )
    trees = [_histogram_tree(stage[0].nodes) for stage in estimator._predictors]
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


def _histogram_tree(nodes: NDArray[Any]) -> Tree:
    """Convert the nodes of a tree of HistGradientBoostingRegressor."""
    return tree_of_arrays(
        is_leaf=nodes["is_leaf"].astype(bool),
        splits=nodes["num_threshold"],
        features=nodes["feature_idx"],
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        missing_left=nodes["missing_go_to_left"],
        values=nodes["value"],
    )
