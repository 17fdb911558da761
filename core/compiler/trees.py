"""Convert trees of every kind to `TreeEnsemble` nodes (ai.onnx.ml 5) with float64 splits and leaves.

A row goes left at an inner node where `x <= split`. Inner nodes and leaves are numbered separately, as in ONNX.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from sklearn._loss.link import IdentityLink, LogLink
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor

from core.array_types import Floats, Ints
from core.compiler.graph_builder import ML, GraphBuilder
from core.compiler.same_bits import exponential
from core.errors import TrainingFailedError

SUM = 1
BRANCH_LEQ = 0
# A node of onnxruntime takes 32 bytes, so an ensemble of this size stays in the cache of a core while rows pass
# through. For 10,000 rows and a forest of a million nodes it saves 1.9 of the 35 ms that ensembles of 100,000 nodes
# take, and adds 14 us to a single row; an ensemble for each tree would save 2.5 ms and add 33 us.
ENSEMBLE_NODES = 25_000


@dataclass(frozen=True)
class _Tree:
    """The n inner nodes and n + 1 leaves of a tree. A child is a position among the inner nodes or the leaves."""

    splits: Floats
    features: Ints
    left: Ints
    right: Ints
    left_is_leaf: Ints
    right_is_leaf: Ints
    # 1 where a missing value goes left.
    missing_left: Ints
    leaves: Floats


def convert_tree(graph: GraphBuilder, matrix: str, estimator: DecisionTreeRegressor) -> str:
    """Return the value of the leaf that each row reaches."""
    return _sum(graph, _narrowed(graph, matrix), [_fitted_tree(estimator.tree_)])


def convert_forest(graph: GraphBuilder, matrix: str, estimator: RandomForestRegressor | ExtraTreesRegressor) -> str:
    """Return the mean over the trees."""
    share = 1 / len(estimator.estimators_)
    return _sum(
        graph, _narrowed(graph, matrix), [_fitted_tree(member.tree_, share) for member in estimator.estimators_]
    )


def convert_gradient_boosting(graph: GraphBuilder, matrix: str, estimator: GradientBoostingRegressor) -> str:
    """Return the initial constant plus the sum of the trees times the learning rate."""
    trees = [_fitted_tree(stage[0].tree_, estimator.learning_rate) for stage in estimator.estimators_]
    start = 0.0 if estimator.init == "zero" else estimator.init_.constant_
    return graph.node("Add", _sum(graph, _narrowed(graph, matrix), trees), _number(graph, start))


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
    total = graph.node("Add", _sum(graph, matrix, trees), _number(graph, estimator._baseline_prediction))
    return exponential(graph, total) if isinstance(link, LogLink) else total


def _number(graph: GraphBuilder, value: Any) -> str:
    """Return a number as a constant tensor, (1, 1) float64."""
    return graph.constant(np.asarray(value, np.float64).reshape(1, 1))


def _narrowed(graph: GraphBuilder, matrix: str) -> str:
    """Cast to float32 and back, as scikit-learn's trees compare `float32(x) <= threshold`."""
    return graph.node("Cast", graph.node("Cast", matrix, to=TensorProto.FLOAT), to=TensorProto.DOUBLE)


def _fitted_tree(tree: Any, factor: float = 1.0) -> _Tree:
    """Convert a `tree_`, with each leaf times `factor`. A prepared matrix has no missing values."""
    return _tree_of_arrays(
        is_leaf=tree.children_left < 0,
        splits=tree.threshold,
        features=tree.feature,
        left=tree.children_left,
        right=tree.children_right,
        missing_left=np.zeros_like(tree.children_left),
        values=tree.value[:, 0, 0] * factor,
    )


def _histogram_tree(nodes: NDArray[Any]) -> _Tree:
    """Convert the nodes of a tree of HistGradientBoostingRegressor."""
    return _tree_of_arrays(
        is_leaf=nodes["is_leaf"].astype(bool),
        splits=nodes["num_threshold"],
        features=nodes["feature_idx"],
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        missing_left=nodes["missing_go_to_left"],
        values=nodes["value"],
    )


def _tree_of_arrays(
    is_leaf: NDArray[np.bool_],
    splits: NDArray[Any],
    features: NDArray[Any],
    left: NDArray[Any],
    right: NDArray[Any],
    missing_left: NDArray[Any],
    values: NDArray[Any],
) -> _Tree:
    """Return the tree, given arrays over all nodes, the root first; inner nodes and leaves are numbered separately.

    ONNX needs an inner node, so a tree of a single leaf gets one above it.
    """
    if is_leaf[0]:
        zero, yes = np.zeros(1, np.int64), np.ones(1, np.int64)
        return _Tree(np.zeros(1), zero, zero, zero, yes, yes, zero, values[:1].astype(np.float64))
    inner = ~is_leaf
    number = np.where(is_leaf, np.cumsum(is_leaf), np.cumsum(inner)) - 1
    return _Tree(
        splits=splits[inner].astype(np.float64),
        features=features[inner].astype(np.int64),
        left=number[left[inner]],
        right=number[right[inner]],
        left_is_leaf=is_leaf[left[inner]].astype(np.int64),
        right_is_leaf=is_leaf[right[inner]].astype(np.int64),
        missing_left=missing_left[inner].astype(np.int64),
        leaves=values[is_leaf].astype(np.float64),
    )


def _sum(graph: GraphBuilder, matrix: str, trees: Sequence[_Tree]) -> str:
    """Return the sum over trees, (rows, 1), as one or several ensembles."""
    sums = [_ensemble(graph, matrix, group) for group in _groups(trees)]
    return sums[0] if len(sums) == 1 else graph.node("Sum", *sums)


def _groups(trees: Sequence[_Tree]) -> Iterator[list[_Tree]]:
    """Yield consecutive trees with at most `ENSEMBLE_NODES` nodes together; a larger tree is yielded alone."""
    group: list[_Tree] = []
    size = 0
    for member in trees:
        nodes = len(member.splits) + len(member.leaves)
        if group and size + nodes > ENSEMBLE_NODES:
            yield group
            group, size = [], 0
        group.append(member)
        size += nodes
    yield group


def _ensemble(graph: GraphBuilder, matrix: str, trees: list[_Tree]) -> str:
    """Return the sum over trees, (rows, 1), as a single `TreeEnsemble`."""
    inner = np.cumsum([0, *(len(tree.splits) for tree in trees)])
    leaves = np.cumsum([0, *(len(tree.leaves) for tree in trees)])

    def joined(name: str) -> NDArray[Any]:
        """Return an array of all trees, one after the other."""
        return np.concatenate([getattr(tree, name) for tree in trees])

    def children(side: str) -> Ints:
        """Return the children on one side as positions in the whole ensemble."""
        starts = [
            np.where(getattr(tree, f"{side}_is_leaf"), leaves[position], inner[position])
            for position, tree in enumerate(trees)
        ]
        return np.concatenate([getattr(tree, side) + start for tree, start in zip(trees, starts, strict=True)])

    missing_left = joined("missing_left")
    optional: dict[str, Any] = {"nodes_missing_value_tracks_true": missing_left} if missing_left.any() else {}
    return graph.node(
        "TreeEnsemble",
        matrix,
        domain=ML,
        n_targets=1,
        aggregate_function=SUM,
        tree_roots=inner[:-1],
        nodes_splits=numpy_helper.from_array(joined("splits")),
        nodes_featureids=joined("features"),
        nodes_modes=numpy_helper.from_array(np.full(inner[-1], BRANCH_LEQ, np.uint8)),
        nodes_truenodeids=children("left"),
        nodes_falsenodeids=children("right"),
        nodes_trueleafs=joined("left_is_leaf"),
        nodes_falseleafs=joined("right_is_leaf"),
        leaf_targetids=np.zeros(leaves[-1], np.int64),
        leaf_weights=numpy_helper.from_array(joined("leaves")),
        **optional,
    )
