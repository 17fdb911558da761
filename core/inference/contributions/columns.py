"""Which raw column each column of a matrix in the graph is made of."""

from collections.abc import Mapping

import numpy as np

from core.array_types import Ints
from core.inference.contributions.graph import Graph, Node

# A column of a matrix that is made of constants alone.
NONE = -1

# Operations that compute each number of their result from the numbers in the same place.
ELEMENTWISE = frozenset(
    (
        *("Abs", "Add", "And", "Cast", "Ceil", "Clip", "Cos", "Div", "Equal", "Erf", "Exp", "Floor", "Greater"),
        *("GreaterOrEqual", "Identity", "IsInf", "IsNaN", "LabelEncoder", "Less", "LessOrEqual", "Log", "Max", "Min"),
        *("Mod", "Mul", "Neg", "Not", "Or", "Pow", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sqrt"),
        *("Squeeze", "Sub", "Sum", "Tanh", "Where"),
    )
)


class NotColumnwiseError(Exception):
    """A column of a matrix depends on several raw columns, or on nobody knows what."""


class Owners:
    """The raw column of each column of the tensors of a graph, found once for each tensor."""

    def __init__(self, graph: Graph, players: Mapping[str, int]) -> None:
        """`players` has a number for each input of the graph."""
        self._graph = graph
        self._known: dict[str, Ints] = {name: np.array([number]) for name, number in players.items()}

    def of(self, tensor: str) -> Ints:
        """Return the number of the raw column, or `NONE`, for each column of a tensor.

        Raises `NotColumnwiseError`.
        """
        if tensor not in self._known:
            self._known[tensor] = self._found(tensor)
        return self._known[tensor]

    def _found(self, tensor: str) -> Ints:
        if tensor in self._graph.constants:
            shape = self._graph.shape(tensor)
            return np.full(shape[-1] if shape else 1, NONE)
        node = self._graph.makers.get(tensor)
        if node is None:
            raise NotColumnwiseError(tensor)
        if node.op in ELEMENTWISE:
            return _merged([self.of(name) for name in node.inputs if name])
        if node.op == "Concat" and node.integer("axis", 0) == 1:
            return np.concatenate([self.of(name) for name in node.inputs])
        if node.op == "Gather":
            return self._gathered(node)
        if node.op == "MatMul":
            return self._product(node)
        raise NotColumnwiseError(tensor)

    def _gathered(self, node: Node) -> Ints:
        """Return the owners of columns in another order, or of the rows of a table that one column chooses."""
        values, positions = node.inputs
        chosen = self._graph.constant(positions)
        if node.integer("axis", 0) == 1 and chosen is not None:
            reordered: Ints = self.of(values)[chosen.ravel()]
            return reordered
        if node.integer("axis", 0) == 0 and values in self._graph.constants:
            owner, shape = self.of(positions), self._graph.shape(values)
            if len(owner) == 1:
                return np.full(shape[1] if len(shape) > 1 else 1, owner[0])
        raise NotColumnwiseError(node.op)

    def _product(self, node: Node) -> Ints:
        """Return the owners of a matrix times a constant one."""
        factors = self._graph.constant(node.inputs[1])
        if factors is None or factors.ndim != 2:
            raise NotColumnwiseError(node.op)
        owners = self.of(node.inputs[0])
        none = np.array([NONE])
        return np.concatenate([_merged([none, *np.unique(owners[column != 0])[:, None]]) for column in factors.T])


def _merged(parts: list[Ints]) -> Ints:
    """Return the owner of each column where tensors are combined; raises `NotColumnwiseError` for two of them."""
    merged = np.full(max(map(len, parts)), NONE)
    for part in parts:
        if ((merged != NONE) & (part != NONE) & (merged != part)).any():
            raise NotColumnwiseError
        merged = np.where(merged == NONE, part, merged)
    return merged
