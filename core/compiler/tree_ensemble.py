"""Write trees of every kind as `TreeEnsemble` nodes (ai.onnx.ml 5) with float64 splits and leaves.

A row goes left at an inner node where `x <= split`, or where x is one of the node's members. Inner nodes and leaves are
numbered separately, as in ONNX.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from core.array_types import Floats, Ints
from core.compiler.graph_builder import ML, GraphBuilder

SUM = 1
BRANCH_LEQ, BRANCH_MEMBER = 0, 6
# A node of onnxruntime takes 32 bytes, so an ensemble of this size stays in the cache of a core while rows pass
# through. For 10,000 rows and a forest of a million nodes it saves 1.9 of the 35 ms that ensembles of 100,000 nodes
# take, and adds 14 us to a single row; an ensemble for each tree would save 2.5 ms and add 33 us.
ENSEMBLE_NODES = 25_000


@dataclass(frozen=True)
class Tree:
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
    # By inner node that splits by a set the values that go left, at least one. Its split has no meaning.
    members: Mapping[int, Floats] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Return how many nodes it has in onnxruntime, which makes a node of each member."""
        return len(self.splits) + len(self.leaves) + sum(len(values) - 1 for values in self.members.values())


def constant_tree(value: float) -> Tree:
    """Return a tree that gives every row the same value. ONNX needs an inner node, so it has one."""
    zero, yes = np.zeros(1, np.int64), np.ones(1, np.int64)
    return Tree(np.zeros(1), zero, zero, zero, yes, yes, zero, np.array([value], np.float64))


def tree_of_arrays(
    is_leaf: NDArray[np.bool_],
    splits: NDArray[Any],
    features: NDArray[Any],
    left: NDArray[Any],
    right: NDArray[Any],
    missing_left: NDArray[Any],
    values: NDArray[Any],
    members: Mapping[int, Floats] | None = None,
) -> Tree:
    """Return the tree, given arrays over all nodes, the root first; inner nodes and leaves are numbered separately."""
    if is_leaf[0]:
        return constant_tree(float(values[0]))
    inner = ~is_leaf
    number = np.where(is_leaf, np.cumsum(is_leaf), np.cumsum(inner)) - 1
    return Tree(
        splits=splits[inner].astype(np.float64),
        features=features[inner].astype(np.int64),
        left=number[left[inner]],
        right=number[right[inner]],
        left_is_leaf=is_leaf[left[inner]].astype(np.int64),
        right_is_leaf=is_leaf[right[inner]].astype(np.int64),
        missing_left=missing_left[inner].astype(np.int64),
        leaves=values[is_leaf].astype(np.float64),
        members={int(number[node]): values for node, values in (members or {}).items()},
    )


def sum_of_trees(graph: GraphBuilder, matrix: str, trees: Sequence[Tree]) -> str:
    """Return the sum over trees, (rows, 1) float64, as one or several ensembles."""
    sums = [_ensemble(graph, matrix, group) for group in _groups(trees)]
    return sums[0] if len(sums) == 1 else graph.node("Sum", *sums)


def as_constant(graph: GraphBuilder, value: Any) -> str:
    """Return a number as a constant tensor, (1, 1) float64."""
    return graph.constant(np.asarray(value, np.float64).reshape(1, 1))


def _groups(trees: Sequence[Tree]) -> Iterator[list[Tree]]:
    """Yield consecutive trees with at most `ENSEMBLE_NODES` nodes together; a larger tree is yielded alone."""
    group: list[Tree] = []
    size = 0
    for member in trees:
        if group and size + member.size > ENSEMBLE_NODES:
            yield group
            group, size = [], 0
        group.append(member)
        size += member.size
    yield group


def _ensemble(graph: GraphBuilder, matrix: str, trees: list[Tree]) -> str:
    """Return the sum over trees, (rows, 1), as a single `TreeEnsemble`."""
    counts = [len(tree.splits) for tree in trees]
    inner = np.cumsum([0, *counts])
    leaves = np.cumsum([0, *(len(tree.leaves) for tree in trees)])

    def joined(name: str) -> NDArray[Any]:
        """Return an array of all trees, one after the other."""
        return np.concatenate([getattr(tree, name) for tree in trees])

    def children(side: str) -> Ints:
        """Return the children on one side as positions in the whole ensemble."""
        starts = np.where(joined(f"{side}_is_leaf"), np.repeat(leaves[:-1], counts), np.repeat(inner[:-1], counts))
        return joined(side) + starts

    modes = np.full(inner[-1], BRANCH_LEQ, np.uint8)
    members = {inner[place] + node: values for place, tree in enumerate(trees) for node, values in tree.members.items()}
    missing_left = joined("missing_left")
    optional: dict[str, Any] = {"nodes_missing_value_tracks_true": missing_left} if missing_left.any() else {}
    if members:
        modes[list(members)] = BRANCH_MEMBER
        # In the order of the nodes; NaN ends the members of a node.
        values = np.concatenate([part for node in sorted(members) for part in (members[node], [np.nan])])
        optional["membership_values"] = numpy_helper.from_array(values)
    return graph.node(
        "TreeEnsemble",
        matrix,
        domain=ML,
        n_targets=1,
        aggregate_function=SUM,
        tree_roots=inner[:-1],
        nodes_splits=numpy_helper.from_array(joined("splits")),
        nodes_featureids=joined("features"),
        nodes_modes=numpy_helper.from_array(modes),
        nodes_truenodeids=children("left"),
        nodes_falsenodeids=children("right"),
        nodes_trueleafs=joined("left_is_leaf"),
        nodes_falseleafs=joined("right_is_leaf"),
        leaf_targetids=np.zeros(leaves[-1], np.int64),
        leaf_weights=numpy_helper.from_array(joined("leaves")),
        **optional,
    )
