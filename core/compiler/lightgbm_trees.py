"""Convert LightGBM's trees, which its text form describes, to `TreeEnsemble` nodes.

The format has no specification but LightGBM's own code: `Tree::ToString` and `Tree::NumericalDecision` in
https://github.com/microsoft/LightGBM/blob/v4.6.0/src/io/tree.cpp and include/LightGBM/tree.h. Numbers are written with
17 digits, so they are read back exactly. The package itself is not needed here.
"""

from collections.abc import Sequence
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
    total = sum_of_trees(graph, matrix, read_trees(texts) or [constant_tree(0.0)])
    return exponential(graph, total) if objective in EXPONENTIAL else total


def read_trees(texts: Sequence[str]) -> list[Tree]:
    """Return trees, given their texts; raises `TrainingFailedError` where no graph can compute one.

    A search reads thousands of small trees. One call of numpy for all of them takes less time than one for each, and
    other threads wait less.
    """
    described = [_fields(text) for text in texts]
    if any(fields.get("is_linear", "0") != "0" for fields in described):
        raise TrainingFailedError("LGBMRegressor with linear trees cannot be compiled to a graph.")
    split_trees = [fields for fields in described if fields["num_leaves"] != "1"]
    trees = iter(_read_split_trees(split_trees) if split_trees else [])
    return [
        constant_tree(float(fields["leaf_value"])) if fields["num_leaves"] == "1" else next(trees)
        for fields in described
    ]


def _read_split_trees(described: list[dict[str, str]]) -> list[Tree]:
    """Return trees that have at least one split."""
    leaves = np.array([int(fields["num_leaves"]) for fields in described])
    kinds, thresholds = _integers(described, "decision_type"), _floats(described, "threshold")
    left, right = _integers(described, "left_child"), _integers(described, "right_child")
    missing = (kinds >> MISSING_SHIFT) & 3
    if (missing == ZEROS).any():
        raise TrainingFailedError("LGBMRegressor with zeros as missing values cannot be compiled to a graph.")
    is_set = kinds & CATEGORICAL != 0
    goes_left = np.where(missing == NOTHING, thresholds >= 0, kinds & DEFAULT_LEFT != 0)
    of_nodes = {
        "splits": _around_zero(np.where(is_set, 0.0, thresholds)),
        "features": _integers(described, "split_feature"),
        # A negative child is the leaf of its complement.
        "left": np.where(left < 0, ~left, left),
        "right": np.where(right < 0, ~right, right),
        "left_is_leaf": (left < 0).astype(np.int64),
        "right_is_leaf": (right < 0).astype(np.int64),
        # A missing category is in no set.
        "missing_left": (goes_left & ~is_set).astype(np.int64),
    }
    parts = {name: _parts(numbers, leaves - 1) for name, numbers in of_nodes.items()}
    leaf_values = _parts(_floats(described, "leaf_value"), leaves)
    members = _members(described, _parts(is_set, leaves - 1), _parts(thresholds, leaves - 1))
    return [
        Tree(**{name: part[place] for name, part in parts.items()}, leaves=leaf_values[place], members=members[place])
        for place in range(len(described))
    ]


def _fields(text: str) -> dict[str, str]:
    """Return the lines of the form `name=value` as a dictionary."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _floats(described: list[dict[str, str]], name: str) -> Floats:
    """Return the numbers of a field of all trees, one tree after the other."""
    return np.fromstring(" ".join(fields[name] for fields in described), np.float64, sep=" ")


def _integers(described: list[dict[str, str]], name: str) -> Ints:
    """Return the whole numbers of a field of all trees, one tree after the other."""
    return np.fromstring(" ".join(fields[name] for fields in described), np.int64, sep=" ")


def _parts(numbers: NDArray[Any], lengths: Ints) -> list[NDArray[Any]]:
    """Divide numbers into consecutive parts of these lengths."""
    ends = np.cumsum(lengths).tolist()
    if ends[-1] != len(numbers):
        raise TrainingFailedError(f"LGBMRegressor has {len(numbers)} numbers where its trees need {ends[-1]}.")
    return [numbers[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _around_zero(thresholds: Floats) -> Floats:
    """Return thresholds that divide numbers as LightGBM's do, which reads numbers around 0 as 0."""
    near = np.abs(thresholds) <= ZERO
    beyond = np.where(thresholds >= 0, ZERO, np.nextafter(-ZERO, -np.inf))
    return np.where(near, beyond, thresholds)


def _members(
    described: list[dict[str, str]], is_set: list[NDArray[Any]], thresholds: list[Floats]
) -> list[dict[int, Floats]]:
    """Return for each tree, by node, the categories that go left, from the bits that its threshold points to."""
    found: list[dict[int, Floats]] = []
    for fields, sets, places in zip(described, is_set, thresholds, strict=True):
        of_tree = {}
        if fields["num_cat"] != "0":
            bounds = _integers([fields], "cat_boundaries")
            words = _integers([fields], "cat_threshold").astype("<u4")
            for node in np.flatnonzero(sets).tolist():
                place = int(places[node])
                bits = np.unpackbits(words[bounds[place] : bounds[place + 1]].view(np.uint8), bitorder="little")
                of_tree[node] = np.flatnonzero(bits).astype(np.float64)
        found.append(of_tree)
    return found
