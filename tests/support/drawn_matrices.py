"""Drawn matrices with codes, missing values, infinities and numbers around 0, and graphs that take them."""

from collections.abc import Callable

import numpy as np

from core.array_types import Floats
from core.compiler.graph_builder import GraphBuilder
from core.compiler.lightgbm_trees import ZERO
from core.inference.session import CompiledModel
from core.manifests import Feature

TOLERANCE = 1e-9
ROWS = 160
# Around 0, where LightGBM rounds to 0, and around the largest numbers, which it clips in thresholds.
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, ZERO, -ZERO, ZERO / 2, -ZERO / 2, 2 * ZERO, -2 * ZERO, 1e300, -1e300, 5e-324]


def graph_of(matrix: Floats, add: Callable[[GraphBuilder, str], str]) -> Floats:
    """Run a graph of one node for each column: `add` gets the builder and the matrix and returns the prediction."""
    names = [f"x{position}" for position in range(matrix.shape[1])]
    graph = GraphBuilder(names)
    inputs = [graph.input(name, text=False) for name in names]
    joined = graph.node("Concat", *inputs, axis=1)
    features = [Feature(name=name, type="number", fill=0.0) for name in names]
    return CompiledModel(graph.build(add(graph, joined)), features).run(dict(zip(names, matrix.T, strict=True)))


def drawn_matrix(seed: int, sets: int, gaps: float, levels: int) -> tuple[Floats, Floats]:
    """Return rows whose first `sets` columns are codes, and a target of all columns; `gaps` is the share of NaN."""
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, levels, (ROWS, sets)).astype(np.float64)
    numbers = draw.normal(size=(ROWS, 3)) * 10.0 ** draw.integers(-36, 6, 3)
    numbers[:, 0] = np.round(draw.normal(size=ROWS), 1)
    odd = draw.random(numbers.shape) < 0.1
    numbers[odd] = draw.choice(ODD, odd.sum())
    target = draw.normal(size=levels)[codes.astype(np.int64)].sum(axis=1) + np.nan_to_num(numbers).clip(-2, 2).sum(
        axis=1
    )
    matrix = np.column_stack([codes, numbers])
    matrix[draw.random(matrix.shape) < gaps] = np.nan
    return matrix, np.exp(target / (1 + np.abs(target).max()) * 3)


def unseen_rows(matrix: Floats, sets: int, levels: int) -> Floats:
    """Return the rows, copies with odd numbers, and copies with codes that training had not."""
    copies = [matrix]
    for position in range(matrix.shape[1]):
        for value in [np.nan, levels, levels + 40, 1e6] if position < sets else ODD:
            changed = matrix[:6].copy()
            changed[:, position] = value
            copies.append(changed)
    return np.vstack(copies)
