"""Limit the size of a model and the rows it trains on, and describe each change that this takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import Any

from core.catalogue import CATALOGUE
from core.catalogue_entry import Regressor
from core.manifests import Column
from core.preprocessing.pipeline import coded_columns

# The largest figures measured on trees of california_housing, diamonds and bike_sharing: nodes of a tree, times the
# rows of a leaf, per training row; and bytes of the compiled graph per node.
NODES_PER_ROW = 1.7
BYTES_PER_NODE = 17
BYTES_PER_NUMBER = 8
# The parameters that list the columns of codes.
CODES_PARAMETERS = {entry.codes_parameter for entry in CATALOGUE.values() if entry.codes_parameter}


@dataclass(frozen=True)
class TrainingLimits:
    """The threads that a training may use, at least one, and the bytes that a compiled model may have."""

    threads: int
    model_bytes: int


def max_graph_bytes(estimator: Any, columns: Sequence[Column] = ()) -> float:
    """Return the largest size in bytes that an estimator's graph can have; inf unless its trees are bounded.

    `columns` are those of the table, which say how large sets of levels are.
    """
    params = estimator.get_params()
    trees = params.get("n_estimators", params.get("max_iter", 1))
    leaves, depth = params.get("max_leaf_nodes", params.get("num_leaves")), params.get("max_depth")
    if leaves is None and type(depth) is int:
        leaves = 2 ** min(depth, 60)
    # A caller's parameters are not validated yet; scikit-learn refuses those that are no numbers.
    if type(trees) is not int or not isinstance(leaves, int | float):
        return inf
    return trees * 2 * leaves * _bytes_per_node(params, columns)


def _bytes_per_node(params: dict[str, Any], columns: Sequence[Column]) -> float:
    """Return the bytes of a node: if categories are codes, it may list half of the levels of one, a leaf none."""
    if not any(isinstance(params.get(name), list) and params[name] for name in CODES_PARAMETERS):
        return BYTES_PER_NODE
    most_levels = max((column.distinct for column in coded_columns(columns)), default=0)
    return BYTES_PER_NODE + BYTES_PER_NUMBER * most_levels / 4


def limit_graph_bytes(estimator: Any, rows: int, max_bytes: int, columns: Sequence[Column] = ()) -> list[str]:
    """Raise the least rows of a leaf, of one tree or several, until their graph should stay below `max_bytes`.

    Returns a note for the manifest if the parameter was changed, else an empty list.
    """
    params = estimator.get_params()
    name = "min_child_samples" if "num_leaves" in params else "min_samples_leaf"
    trees, min_leaf = params.get("n_estimators", 1), params.get(name)
    # A float is a share of the rows, which limits the leaves by itself; scikit-learn refuses what is no number or below
    # 1. Histogram boosting has other parameters for the number of trees and of leaves.
    if type(trees) is not int or type(min_leaf) is not int or min_leaf < 1:
        return []
    if not {"max_leaf_nodes", "num_leaves"} & params.keys() or "max_iter" in params:
        return []
    if max_graph_bytes(estimator, columns) < max_bytes:
        return []
    needed = ceil(trees * NODES_PER_ROW * rows * _bytes_per_node(params, columns) / max_bytes)
    if min_leaf >= needed:
        return []
    estimator.set_params(**{name: needed})
    return [
        f"{name} was raised from {min_leaf} to {needed} so that {trees} trees on {rows} rows stay below "
        f"{max_bytes / (1 << 20):g} MiB"
    ]


def sample_per_tree(estimator: Any, regressor: Regressor, rows: int) -> list[str]:
    """Let every tree draw its own sample where there are more rows than the regressor's `max_rows`.

    So all rows are used, and a tree takes as long as on `max_rows`. A parameter that the caller has set stays. Returns
    a note for the manifest if the parameter was changed, else an empty list.
    """
    name, max_rows = regressor.sampling_parameter, regressor.max_rows
    if name is None or max_rows is None or rows <= max_rows or getattr(estimator, name) not in (None, 1.0):
        return []
    if getattr(estimator, "bootstrap", True) is not True:
        return []
    estimator.set_params(**{name: max_rows / rows})
    return [f"each tree learned from {max_rows:,} of the {rows:,} rows, drawn anew ({name})"]


def rows_to_fit(regressor: Regressor, estimator: Any, rows: int, width: int, max_bytes: int) -> int:
    """Return how many of `rows` rows, of `width` numbers each, the estimator is fitted on.

    A model that keeps its rows (neighbours, support vectors) has to fit them into `max_bytes`; trees that draw their
    own samples get all rows.
    """
    if regressor.max_rows is None or getattr(estimator, regressor.sampling_parameter or "", None) not in (None, 1.0):
        return rows
    kept = max_bytes // (BYTES_PER_NUMBER * (width + 2)) if regressor.growth == "n²" else rows
    return min(rows, regressor.max_rows, max(kept, 1))
