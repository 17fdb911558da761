"""Operations that give a row the same float64 wherever it stands in a batch.

onnxruntime computes several numbers at a time and the last ones of a tensor one by one, and it adds the numbers of a
row in another order where the row does not begin at a multiple of 16 bytes. Both may change the last bit of a result.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.compiler.graph_builder import GraphBuilder

# A multiple of how many float64 any processor computes at a time.
LANES = 8


def row_sums(graph: GraphBuilder, matrix: str, width: int) -> str:
    """Return the sum of the last axis, which has `width` numbers and stays as an axis of 1, as a product with ones."""
    return graph.node("MatMul", matrix, graph.constant(np.ones((width, 1))))


def exponential(graph: GraphBuilder, value: str) -> str:
    """Return exp of (rows, 1) numbers: each fills a row of `LANES` equal ones, so that none is a last one."""
    repeated = graph.node("Mul", value, graph.constant(np.ones((1, LANES))))
    return graph.node("Gather", graph.node("Exp", repeated), graph.constant(np.array([0])), axis=1)


def padded(array: NDArray[Any], axis: int = 0) -> NDArray[Any]:
    """Return the array with zeros after it along an axis, up to a multiple of `LANES`."""
    missing = [(0, -array.shape[axis] % LANES) if position == axis else (0, 0) for position in range(array.ndim)]
    return np.pad(array, missing)
