"""The nodes of tree ensembles as arrays, and which way rows go at each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats, Ints
from core.inference.contributions.graph import Node

# https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
LEQ, LT, GTE, GT, EQ, NEQ, MEMBER = range(7)
COMPARISONS = {
    LEQ: np.less_equal,
    LT: np.less,
    GTE: np.greater_equal,
    GT: np.greater,
    EQ: np.equal,
    NEQ: np.not_equal,
}


@dataclass(frozen=True)
class Nodes:
    """The n inner nodes of trees, and the values of their leaves. A child is a number among the nodes or the leaves."""

    features: Ints
    modes: NDArray[np.uint8]
    splits: Floats
    # Whether a missing value goes to the true side.
    missing_true: NDArray[np.bool_]
    # Of the true and the false side, (2, n): the child, and whether it is a leaf.
    children: Ints
    is_leaf: NDArray[np.bool_]
    leaves: Floats
    # The members of the sets that nodes of the mode MEMBER have, and the node of each, in order.
    members: Floats
    member_nodes: Ints

    @classmethod
    def read(cls, node: Node, first_feature: int, weight: float) -> "Nodes":
        """Read a TreeEnsemble whose features are numbered from `first_feature` on and whose leaves get a weight."""
        modes = _tensor(node, "nodes_modes").astype(np.uint8)
        missing = _integers(node, "nodes_missing_value_tracks_true", len(modes)).astype(bool)
        children = [_integers(node, f"nodes_{side}nodeids", len(modes)) for side in ("true", "false")]
        is_leaf = [_integers(node, f"nodes_{side}leafs", len(modes)) for side in ("true", "false")]
        members, member_nodes = _members(node, modes)
        return cls(
            features=_integers(node, "nodes_featureids", len(modes)) + first_feature,
            modes=modes,
            splits=_tensor(node, "nodes_splits").astype(np.float64),
            missing_true=missing,
            children=np.stack(children),
            is_leaf=np.stack(is_leaf).astype(bool),
            leaves=_tensor(node, "leaf_weights").astype(np.float64) * weight,
            members=members,
            member_nodes=member_nodes,
        )

    @classmethod
    def joined(cls, parts: Sequence["Nodes"]) -> "Nodes":
        """Return the trees of several ensembles as one."""
        firsts = np.cumsum([0, *(len(part.modes) for part in parts)])
        first_leaves = np.cumsum([0, *(len(part.leaves) for part in parts)])
        children = [
            part.children + np.where(part.is_leaf, first_leaf, first)
            for part, first, first_leaf in zip(parts, firsts, first_leaves, strict=False)
        ]
        return cls(
            features=np.concatenate([part.features for part in parts]),
            modes=np.concatenate([part.modes for part in parts]),
            splits=np.concatenate([part.splits for part in parts]),
            missing_true=np.concatenate([part.missing_true for part in parts]),
            children=np.concatenate(children, axis=1),
            is_leaf=np.concatenate([part.is_leaf for part in parts], axis=1),
            leaves=np.concatenate([part.leaves for part in parts]),
            members=np.concatenate([part.members for part in parts]),
            member_nodes=np.concatenate(
                [part.member_nodes + first for part, first in zip(parts, firsts, strict=False)]
            ),
        )

    def go_true(self, matrix: Floats) -> NDArray[np.bool_]:
        """Return whether rows, (n, features), go to the true side of each node, (n, nodes)."""
        values = matrix[:, self.features]
        present = np.flatnonzero(np.bincount(self.modes, minlength=MEMBER + 1))
        if len(present) == 1 and present[0] != MEMBER:
            result: NDArray[np.bool_] = COMPARISONS[int(present[0])](values, self.splits)
        else:
            result = np.zeros(values.shape, bool)
            for mode in present:
                some = self.modes == mode
                if mode != MEMBER:
                    result[:, some] = COMPARISONS[int(mode)](values[:, some], self.splits[some])
            if len(self.members):
                starts = np.flatnonzero(np.diff(self.member_nodes, prepend=-1))
                hits = values[:, self.member_nodes] == self.members
                result[:, self.member_nodes[starts]] = np.logical_or.reduceat(hits, starts, axis=1)
        if self.missing_true.any():
            result |= np.isnan(values) & self.missing_true
        return result


def _tensor(node: Node, name: str) -> NDArray[Any]:
    found = node.tensor(name)
    if found is None:
        raise ValueError(f"the trees have no {name}")
    return found


def _integers(node: Node, name: str, count: int) -> Ints:
    """Return a list of `count` numbers, zeros where it is absent."""
    found = node.integers(name)
    return np.zeros(count, np.int64) if found is None or not len(found) else found


def _members(node: Node, modes: NDArray[np.uint8]) -> tuple[Floats, Ints]:
    """Return the members of all sets, and the node of each: sets are in the order of their nodes, NaN ends each."""
    nodes, values = np.flatnonzero(modes == MEMBER), node.tensor("membership_values")
    if not len(nodes) or values is None:
        return np.empty(0), np.empty(0, np.int64)
    ends = np.isnan(values)
    place = np.cumsum(ends) - ends
    if place[~ends].max(initial=0) >= len(nodes):
        raise ValueError("the trees have more sets than nodes with one")
    return values[~ends].astype(np.float64), nodes[place[~ends]]
