"""Divide the prediction of a graph into terms that are added: trees, linear models, and whatever else there is."""

from dataclasses import dataclass, field

import numpy as np

from core.array_types import Floats
from core.inference.contributions.columns import NotColumnwiseError, Owners
from core.inference.contributions.graph import Graph, Node

SUM, NO_TRANSFORM = 1, 0


@dataclass
class Terms:
    """The terms of a prediction. Trees and linear models take matrices of which each column has one owner."""

    offset: float = 0.0
    # A matrix, and the weight of each of its columns.
    linear: list[tuple[str, Floats]] = field(default_factory=list)
    # A TreeEnsemble, and the weight of its sum.
    trees: list[tuple[Node, float]] = field(default_factory=list)
    # A tensor, (rows, 1), and its weight.
    others: list[tuple[str, float]] = field(default_factory=list)

    @property
    def matrices(self) -> list[str]:
        """Return the matrices that trees and linear models take, each once."""
        return list(dict.fromkeys([*(name for name, _ in self.linear), *(node.inputs[0] for node, _ in self.trees)]))


def divide(graph: Graph, owners: Owners) -> Terms:
    """Return the terms of a graph's prediction."""
    terms = Terms()
    _add(graph, owners, graph.output, 1.0, terms)
    return terms


def _add(graph: Graph, owners: Owners, tensor: str, weight: float, terms: Terms) -> None:
    """Add a tensor, (rows, 1), times a weight to the terms."""
    node, number = graph.makers.get(tensor), _number(graph, tensor)
    addends = None if node is None else _addends(graph, owners, node)
    if number is not None:
        terms.offset += weight * number
    elif addends is not None:
        for name, factor in addends:
            _add(graph, owners, name, weight * factor, terms)
    elif node is None or not _is_additive(graph, owners, node):
        terms.others.append((tensor, weight))
    elif node.op == "TreeEnsemble":
        terms.trees.append((node, weight))
    else:
        terms.linear.append((node.inputs[0], weight * _factors(graph, node)))


def _addends(graph: Graph, owners: Owners, node: Node) -> list[tuple[str, float]] | None:
    """Return the tensors whose sum, each times a factor, is the result of a node; None where there are none."""
    numbers = [_number(graph, name) for name in node.inputs]
    if node.op in ("Identity", "Sum", "Add"):
        return [(name, 1.0) for name in node.inputs]
    if node.op == "Sub":
        return [(node.inputs[0], 1.0), (node.inputs[1], -1.0)]
    if node.op == "Div" and numbers[1]:
        return [(node.inputs[0], 1 / numbers[1])]
    if node.op == "Mul" and any(numbers):
        factor = numbers[1] or numbers[0] or 0.0
        return [(node.inputs[0] if numbers[1] else node.inputs[1], factor)]
    if node.op == "MatMul" and not _is_columnwise(owners, node.inputs[0]):
        joined, factors = graph.makers.get(node.inputs[0]), _factors(graph, node)
        if joined is not None and joined.op == "Concat" and len(joined.inputs) == len(factors):
            # The members of an ensemble, and their weights.
            return list(zip(joined.inputs, factors.tolist(), strict=True))
    return None


def _is_additive(graph: Graph, owners: Owners, node: Node) -> bool:
    """Return whether a node is a linear model or an ensemble of trees whose matrix has one owner a column."""
    if node.op == "MatMul":
        return len(_factors(graph, node)) > 0 and _is_columnwise(owners, node.inputs[0])
    return node.op == "TreeEnsemble" and _is_plain_sum(node) and _is_columnwise(owners, node.inputs[0])


def _factors(graph: Graph, node: Node) -> Floats:
    """Return the constant that a product multiplies a matrix with, (columns,) float64; none where it is none."""
    found = graph.constant(node.inputs[1])
    return np.empty(0) if found is None or found.ndim != 2 else found[:, 0].astype(np.float64)


def _is_columnwise(owners: Owners, tensor: str) -> bool:
    try:
        owners.of(tensor)
    except NotColumnwiseError:
        return False
    return True


def _is_plain_sum(node: Node) -> bool:
    """Return whether an ensemble adds its leaves to one number."""
    return (
        node.integer("aggregate_function", SUM) == SUM
        and node.integer("n_targets", 1) == 1
        and node.integer("post_transform", NO_TRANSFORM) == NO_TRANSFORM
    )


def _number(graph: Graph, tensor: str) -> float | None:
    """Return a constant of a single number, else None."""
    if tensor not in graph.constants or max(graph.shape(tensor), default=1) != 1:
        return None
    found = graph.constant(tensor)
    return None if found is None or not found.size else float(found.ravel()[0])
