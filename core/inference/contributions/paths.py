"""The paths of trees from leaf to root, and which rows of a background satisfy the conditions on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats, Ints
from core.inference.contributions.decisions import Nodes

Bits = NDArray[np.uint64]
# Positions of conditions and nodes: of millions, half the bytes count.
Places = NDArray[np.int32]

# The most nodes on all paths together. They take about 18 bytes each, and 30 ns each for a row that is explained.
MOST_NODES = 8_000_000
# So many paths are read, and so many decisions of background rows are made, at a time.
PATHS_AT_A_TIME = 1 << 16
DECISIONS = 1 << 23


class TooManyNodesError(Exception):
    """The trees are too large to be explained exactly."""


@dataclass(frozen=True)
class Conditions:
    """The conditions on paths, in the order of the paths: the nodes of one column on a path are one condition."""

    # The nodes of all paths by condition, and whether the path takes the true side. `starts` has each first one.
    nodes: Places
    sides: NDArray[np.bool_]
    starts: Places
    # By condition: its column, its path, and the background rows that satisfy it, one a bit.
    owners: Places
    paths: Places
    satisfied: Bits
    # By path: its first condition, and the value of its leaf.
    path_starts: Places
    values: Floats

    @property
    def size_bytes(self) -> int:
        """Return how many bytes the arrays take."""
        return sum(array.nbytes for array in vars(self).values())

    @classmethod
    def joined(cls, parts: Sequence["Conditions"]) -> "Conditions":
        """Return the conditions on all paths of several parts, one after the other."""
        nodes, conditions, paths = (
            np.cumsum([0, *(len(getattr(part, name)) for part in parts)]) for name in ("nodes", "starts", "values")
        )
        firsts = {"starts": nodes, "paths": paths, "path_starts": conditions}
        return cls(
            **{
                name: np.concatenate(
                    [
                        getattr(part, name) + firsts[name][position].astype(np.int32)
                        if name in firsts
                        else getattr(part, name)
                        for position, part in enumerate(parts)
                    ]
                )
                for name in cls.__dataclass_fields__
            }
        )


def conditions_of(nodes: Nodes, owners: Ints, background: Floats) -> Conditions:
    """Return the conditions on all paths; `background` is (up to 64 rows, features), `owners` is by feature.

    Raises `TooManyNodesError`, and `ValueError` for nodes that are no trees.
    """
    above, sides = _above(nodes)
    ends = [np.flatnonzero(is_leaf) for is_leaf in nodes.is_leaf]
    # A path is named by its last node and by the side of its leaf there.
    last, on_true = np.concatenate(ends), np.repeat([True, False], [len(end) for end in ends])
    _check_length(above, last)
    leaves = np.concatenate([nodes.children[side][end] for side, end in enumerate(ends)])
    going = _going(nodes, background)
    everyone = np.uint64((1 << len(background)) - 1)
    parts = []
    for start in range(0, len(last), PATHS_AT_A_TIME):
        some = slice(start, start + PATHS_AT_A_TIME)
        path, node, side = _steps(above, sides, last[some], on_true[some])
        owner = owners[nodes.features[node]]
        order = np.argsort(path * (int(owners.max()) + 1) + owner)
        path, node, side, owner = path[order], node[order], side[order], owner[order]
        starts = np.flatnonzero((np.diff(path, prepend=-1) != 0) | (np.diff(owner, prepend=-1) != 0))
        paths = path[starts]
        parts.append(
            Conditions(
                nodes=node.astype(np.int32),
                sides=side,
                starts=starts.astype(np.int32),
                owners=owner[starts].astype(np.int32),
                paths=paths.astype(np.int32),
                satisfied=np.bitwise_and.reduceat(np.where(side, going[node], ~going[node] & everyone), starts),
                path_starts=np.flatnonzero(np.diff(paths, prepend=-1)).astype(np.int32),
                values=nodes.leaves[leaves[some]],
            )
        )
    return Conditions.joined(parts)


def _above(nodes: Nodes) -> tuple[Ints, NDArray[np.bool_]]:
    """Return by node the one above it, -1 for a root, and whether it is on the true side there."""
    above = np.full(len(nodes.modes), -1)
    sides = np.zeros(len(nodes.modes), bool)
    for side, (child, is_leaf) in enumerate(zip(nodes.children, nodes.is_leaf, strict=True)):
        inner = np.flatnonzero(~is_leaf)
        above[child[inner]] = inner
        sides[child[inner]] = side == 0
    if (above >= np.arange(len(above))).any():
        raise ValueError("a node comes before the one above it")
    return above, sides


def _check_length(above: Ints, last: Ints) -> None:
    """Raise `TooManyNodesError` where the paths with these last nodes have too many together."""
    at, total = last, 0
    while len(at):
        total += len(at)
        if total > MOST_NODES:
            raise TooManyNodesError
        at = above[at]
        at = at[at >= 0]


def _steps(
    above: Ints, sides: NDArray[np.bool_], last: Ints, on_true: NDArray[np.bool_]
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return path, node, and whether the path takes the true side there, for each step up from the leaves."""
    path, at, side = np.arange(len(last)), last, on_true
    found: list[tuple[Ints, Ints, NDArray[np.bool_]]] = []
    while len(at):
        found.append((path, at, side))
        inside = above[at] >= 0
        path, side, at = path[inside], sides[at[inside]], above[at[inside]]
    all_paths, all_nodes, all_sides = (np.concatenate(part) for part in zip(*found, strict=True))
    return all_paths, all_nodes, all_sides


def _going(nodes: Nodes, background: Floats) -> Bits:
    """Return by node the background rows that go to its true side, one a bit."""
    result = np.zeros(len(nodes.modes), np.uint64)
    some = max(1, DECISIONS // len(nodes.modes))
    for start in range(0, len(background), some):
        for offset, going in enumerate(nodes.go_true(background[start : start + some])):
            result |= going.astype(np.uint64) << np.uint64(start + offset)
    return result
