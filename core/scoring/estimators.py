"""How each fitted estimator becomes ONNX nodes: a function from the prepared matrix to the prediction."""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto, numpy_helper

from core.scoring.graph import ML, GraphBuilder

AVERAGE = 0
BRANCH_LEQ = 0


def _linear(graph: GraphBuilder, matrix: str, estimator: Any) -> str:
    """x @ coef + intercept, in float64."""
    product = graph.node("MatMul", matrix, graph.constant(estimator.coef_.reshape(-1, 1).astype(np.float64)))
    return graph.node("Add", product, graph.constant(np.array([[estimator.intercept_]], np.float64)))


def _tree(graph: GraphBuilder, matrix: str, estimator: Any) -> str:
    return _ensemble(graph, matrix, [estimator.tree_])


def _forest(graph: GraphBuilder, matrix: str, estimator: Any) -> str:
    return _ensemble(graph, matrix, [member.tree_ for member in estimator.estimators_])


def _ensemble(graph: GraphBuilder, matrix: str, trees: list[Any]) -> str:
    """The mean over trees as one TreeEnsemble (ai.onnx.ml 5) with float64 splits and leaves.

    scikit-learn's trees compare `float32(x) <= threshold`, so x goes to float32 and back first.
    """
    narrow = graph.node("Cast", matrix, to=TensorProto.FLOAT)
    rounded = graph.node("Cast", narrow, to=TensorProto.DOUBLE)
    parts = [_flat(tree) for tree in trees]
    inner = np.cumsum([0, *(len(part["splits"]) for part in parts)])
    leaves = np.cumsum([0, *(len(part["weights"]) for part in parts)])

    def joined(name: str) -> Any:
        return np.concatenate([part[name] for part in parts])

    def child(side: str) -> list[int]:
        # Children are counted over the whole ensemble: inner nodes and leaves have an order each.
        shifted = [part[side] + np.where(part[f"{side}_leaf"], leaves[i], inner[i]) for i, part in enumerate(parts)]
        return list(np.concatenate(shifted).tolist())

    splits = joined("splits")
    return graph.node(
        "TreeEnsemble",
        rounded,
        domain=ML,
        n_targets=1,
        aggregate_function=AVERAGE,
        tree_roots=inner[:-1].tolist(),
        nodes_splits=numpy_helper.from_array(splits),
        nodes_featureids=joined("features").tolist(),
        nodes_modes=numpy_helper.from_array(np.full(len(splits), BRANCH_LEQ, np.uint8)),
        nodes_truenodeids=child("left"),
        nodes_falsenodeids=child("right"),
        nodes_trueleafs=joined("left_leaf").tolist(),
        nodes_falseleafs=joined("right_leaf").tolist(),
        leaf_targetids=[0] * int(leaves[-1]),
        leaf_weights=numpy_helper.from_array(joined("weights")),
    )


def _flat(tree: Any) -> dict[str, Any]:
    """One `tree_` as inner nodes and leaves numbered apart, each from 0. A lone leaf gets a node that leads to it."""
    weights = tree.value[:, 0, 0].astype(np.float64)
    if tree.node_count == 1:
        zero, yes = np.zeros(1, np.int64), np.ones(1, np.int64)
        sides = {"left": zero, "right": zero, "left_leaf": yes, "right_leaf": yes}
        return {"splits": np.zeros(1), "features": zero, "weights": weights, **sides}
    is_leaf = tree.children_left < 0
    number = np.where(is_leaf, np.cumsum(is_leaf), np.cumsum(~is_leaf)) - 1
    inner = ~is_leaf
    left, right = tree.children_left[inner], tree.children_right[inner]
    return {
        "splits": tree.threshold[inner].astype(np.float64),
        "features": tree.feature[inner].astype(np.int64),
        "left": number[left],
        "right": number[right],
        "left_leaf": is_leaf[left].astype(np.int64),
        "right_leaf": is_leaf[right].astype(np.int64),
        "weights": weights[is_leaf],
    }


Compiler = Callable[[GraphBuilder, str, Any], str]

ESTIMATORS: dict[str, Compiler] = {
    "LinearRegression": _linear,
    "Ridge": _linear,
    "Lasso": _linear,
    "ElasticNet": _linear,
    "DecisionTreeRegressor": _tree,
    "RandomForestRegressor": _forest,
}
