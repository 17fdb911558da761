"""Keeps what a model costs within bounds, in bytes and in rows learned from, and says what was done for it."""

from dataclasses import dataclass
from math import ceil, inf
from typing import Any

from core.catalogue import Regressor

# The most measured on trees of california_housing, diamonds and bike_sharing: nodes of a tree per training row and
# rows a leaf, and bytes of the compiled graph per node.
NODES_PER_ROW = 1.7
BYTES_PER_NODE = 17
BYTES_PER_NUMBER = 8


@dataclass(frozen=True)
class Limits:
    """What a training may use: threads, at least one, and bytes of the compiled model."""

    threads: int
    model_bytes: int


def most_bytes(estimator: Any) -> float:
    """What the graph of an estimator takes at most on any number of rows; inf unless its trees are bounded."""
    params = estimator.get_params()
    trees = params.get("n_estimators", params.get("max_iter", 1))
    leaves, depth = params.get("max_leaf_nodes"), params.get("max_depth")
    if leaves is None and type(depth) is int:
        leaves = 2 ** min(depth, 60)
    # Whatever a caller sent may be here; what is no number scikit-learn refuses.
    return trees * 2 * leaves * BYTES_PER_NODE if type(trees) is int and isinstance(leaves, int | float) else inf


def within_budget(estimator: Any, rows: int, max_bytes: int) -> list[str]:
    """Raise `min_samples_leaf` of a tree or of many until their graph should stay below `max_bytes`.

    Returns a note for the manifest when something was changed, else nothing.
    """
    params = estimator.get_params()
    trees, leaf = params.get("n_estimators", 1), params.get("min_samples_leaf")
    # A float leaf is a share of the rows, which bounds the leaves by itself; what is no number at all, or below 1,
    # scikit-learn refuses. Boosting over histograms counts its trees, and bounds their leaves, by other names.
    if type(trees) is not int or type(leaf) is not int or leaf < 1 or "max_leaf_nodes" not in params:
        return []
    if "max_iter" in params or most_bytes(estimator) < max_bytes:
        return []
    needed = ceil(trees * NODES_PER_ROW * rows * BYTES_PER_NODE / max_bytes)
    if leaf >= needed:
        return []
    estimator.set_params(min_samples_leaf=needed)
    return [
        f"min_samples_leaf was raised from {leaf} to {needed} so that {trees} trees on {rows} rows stay below "
        f"{max_bytes / (1 << 20):g} MiB"
    ]


def sample_for_each_tree(estimator: Any, regressor: Regressor, rows: int) -> list[str]:
    """Let every tree draw a sample of its own where there are more rows than the regressor's `most_rows`.

    So all rows are learned from, and a tree costs what it costs on `most_rows`. What a caller set stays.
    """
    name, most = regressor.sampled_by, regressor.most_rows
    if name is None or most is None or rows <= most or getattr(estimator, name) not in (None, 1.0):
        return []
    if getattr(estimator, "bootstrap", True) is not True:
        return []
    estimator.set_params(**{name: most / rows})
    return [f"each tree learned from {most:,} of the {rows:,} rows, drawn anew ({name})"]


def rows_to_fit(regressor: Regressor, estimator: Any, rows: int, width: int, max_bytes: int) -> int:
    """How many of `rows` rows of `width` numbers the estimator is fitted on.

    A model that keeps its rows (neighbours, support vectors) has to fit them into `max_bytes`; a tree that draws its
    own sample gets them all.
    """
    if regressor.most_rows is None or getattr(estimator, regressor.sampled_by or "", None) not in (None, 1.0):
        return rows
    kept = max_bytes // (BYTES_PER_NUMBER * (width + 2)) if regressor.grows == "n²" else rows
    return min(rows, regressor.most_rows, max(kept, 1))
