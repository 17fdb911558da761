"""Keeps tree models within a byte budget, and says what was done for it."""

from math import ceil
from typing import Any

# Measured on fully grown trees of california_housing and diamonds: nodes of a tree per training row and rows a leaf,
# and bytes of the compiled graph per node.
NODES_PER_ROW = 1.25
BYTES_PER_NODE = 17


def within_budget(estimator: Any, rows: int, max_bytes: int) -> list[str]:
    """Raise `min_samples_leaf` of a tree or forest until its graph should stay below `max_bytes`.

    Returns a note for the manifest when something was changed, else nothing.
    """
    params = estimator.get_params()
    trees, leaf = params.get("n_estimators", 1), params["min_samples_leaf"]
    # A float leaf is a share of the rows, which bounds the leaves by itself; what is no number at all, or below 1,
    # scikit-learn refuses.
    if type(trees) is not int or type(leaf) is not int or leaf < 1:
        return []
    needed = ceil(trees * NODES_PER_ROW * rows * BYTES_PER_NODE / max_bytes)
    if leaf >= needed:
        return []
    estimator.set_params(min_samples_leaf=needed)
    return [
        f"min_samples_leaf was raised from {leaf} to {needed} so that {trees} trees on {rows} rows stay below "
        f"{max_bytes / (1 << 20):g} MiB"
    ]
