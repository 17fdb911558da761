"""Convert LightGBM's trees, which its text form describes, to `TreeEnsemble` nodes.

The format has no specification but LightGBM's own code: `Tree::ToString` and `Tree::NumericalDecision` in
https://github.com/microsoft/LightGBM/blob/v4.6.0/src/io/tree.cpp and include/LightGBM/tree.h. Numbers are written with
17 digits, so they are read back exactly. The package itself is not needed here.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats, Ints
from core.compiler.graph_builder import GraphBuilder
from core.compiler.same_bits import exponential
from core.compiler.tree_ensemble import Tree, constant_tree, sum_of_trees
from core.errors import TrainingFailedError

# The objectives whose prediction is the sum of the trees, and those where it is the exponential of the sum.
IDENTITY = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
EXPONENTIAL = ("poisson", "gamma", "tweedie")
# Bits of a node's decision type: whether it splits by a set of categories, whether missing values go left, and what
# counts as missing: nothing (a NaN is read as 0), zeros, or NaN.
CATEGORICAL, DEFAULT_LEFT, MISSING_SHIFT = 1, 2, 2
NOTHING, ZEROS = 0, 1
# LightGBM reads numbers that are not farther from 0 than this, 1e-35 as float32, as 0.
ZERO = float(np.float32(1e-35))


def convert_lightgbm(graph: GraphBuilder, matrix: str, estimator: Any) -> str:
    """Return the sum of the trees of a fitted `LGBMRegressor`, or its exponential, as the objective has it.

    In `matrix`, columns that LightGBM splits by sets of categories hold whole numbers from 0 on, or NaN. Raises
    `TrainingFailedError` for other objectives, averaged or linear trees, and zeros that count as missing.
    """
    header, *texts = estimator.booster_.model_to_string().partition("\nend of trees")[0].split("\nTree=")
    objective, *options = _fields(header).get("objective", "none").split()
    if objective not in (*IDENTITY, *EXPONENTIAL) or "sqrt" in options or "average_output" in header.splitlines():
        raise TrainingFailedError(f"LGBMRegressor with the objective {objective!r} cannot be compiled to a graph.")
    # Without any tree it predicts 0.
    total = sum_of_trees(graph, matrix, [read_tree(text) for text in texts] or [constant_tree(0.0)])
    return exponential(graph, total) if objective in EXPONENTIAL else total


def read_tree(text: str) -> Tree:
    """Return a tree, given its text; raises `TrainingFailedError` where no graph can compute it."""
    fields = _fields(text)
    leaves = _floats(fields["leaf_value"])
    kinds = _integers(fields.get("decision_type", ""))
    missing = (kinds >> MISSING_SHIFT) & 3
    if fields.get("is_linear", "0") != "0" or (missing == ZEROS).any():
        raise TrainingFailedError("LGBMRegressor with linear trees, or zeros as missing values, cannot be compiled.")
    if len(leaves) == 1:
        return constant_tree(leaves[0])
    thresholds = _floats(fields["threshold"])
    left, right = _integers(fields["left_child"]), _integers(fields["right_child"])
    is_set = kinds & CATEGORICAL != 0
    goes_left = np.where(missing == NOTHING, thresholds >= 0, kinds & DEFAULT_LEFT != 0)
    return Tree(
        splits=_around_zero(np.where(is_set, 0.0, thresholds)),
        features=_integers(fields["split_feature"]),
        # A negative child is the leaf of its complement.
        left=np.where(left < 0, ~left, left),
        right=np.where(right < 0, ~right, right),
        left_is_leaf=(left < 0).astype(np.int64),
        right_is_leaf=(right < 0).astype(np.int64),
        # A missing category is in no set.
        missing_left=(goes_left & ~is_set).astype(np.int64),
        leaves=leaves,
        members=_members(fields, np.flatnonzero(is_set), thresholds),
    )


def _fields(text: str) -> dict[str, str]:
    """Return the lines of the form `name=value` as a dictionary."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _floats(value: str) -> Floats:
    return np.array(value.split(), np.float64)


def _integers(value: str) -> Ints:
    return np.array(value.split(), np.int64)


def _around_zero(thresholds: Floats) -> Floats:
    """Return thresholds that divide numbers as LightGBM's do, which reads numbers around 0 as 0."""
    near = np.abs(thresholds) <= ZERO
    beyond = np.where(thresholds >= 0, ZERO, np.nextafter(-ZERO, -np.inf))
    return np.where(near, beyond, thresholds)


def _members(fields: dict[str, str], nodes: NDArray[Any], thresholds: Floats) -> dict[int, Floats]:
    """Return by node the categories that go left, from the bits that its threshold points to."""
    if not len(nodes):
        return {}
    bounds, words = _integers(fields["cat_boundaries"]), _integers(fields["cat_threshold"]).astype("<u4")
    found = {}
    for node in nodes.tolist():
        place = int(thresholds[node])
        bits = np.unpackbits(words[bounds[place] : bounds[place + 1]].view(np.uint8), bitorder="little")
        found[node] = np.flatnonzero(bits).astype(np.float64)
    return found
