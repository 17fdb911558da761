"""The grid: the configurations that `bench.portfolio` measures, among which it finds those of the portfolio."""

import json
from typing import Any

from core.automl.preset import Preset
from core.model_manifest import TargetTransformName

# Steps of a support vector machine's solver, which are what bounds its time. On six tables it was as good after five
# steps a row as in the end, or a little better: R2 .924 and .923 on a noisy one, where the end takes 24 steps a row.
SVR_STEPS = 40_000


def grid() -> dict[str, Preset]:
    """Return the configurations by name, without gains."""
    everything = [*_leafwise_trees(), *_binned_trees(), *_other_trees(), *_kernels_and_neighbours(), *_linear_models()]
    return {name_of(preset): preset for preset in everything}


def name_of(preset: Preset) -> str:
    """Return the name of a configuration: its regressor, its target, and its parameters as JSON."""
    codes = "codes " if preset.codes else ""
    return f"{preset.model_type} {preset.target} {codes}{json.dumps(preset.params, separators=(',', ':'))}"


def _on(model_type: str, params: dict[str, Any], *targets: TargetTransformName, codes: bool = False) -> list[Preset]:
    """Return a configuration once for each of these target transforms; by default for none."""
    return [Preset(model_type, params, target=target, codes=codes) for target in targets or ("none",)]


def _leafwise(trees: int, rate: float, leaves: int, rows_a_leaf: int = 10, columns: float = 0.5) -> dict[str, Any]:
    shape = {"n_estimators": trees, "learning_rate": rate, "num_leaves": leaves}
    return {**shape, "min_child_samples": rows_a_leaf, "colsample_bytree": columns}


def _by_split(trees: int, rate: float, leaves: int, rows_a_leaf: int, columns: float) -> dict[str, Any]:
    """Return trees that draw their columns anew at each split, and not once a tree."""
    return {**_leafwise(trees, rate, leaves, rows_a_leaf, 1.0), "feature_fraction_bynode": columns}


def _leafwise_trees() -> list[Preset]:
    name = "lightgbm"
    return [
        *_on(name, _leafwise(400, 0.05, 31), "none", "trend", "yeo_johnson"),
        *_on(name, _leafwise(500, 0.03, 7, 5)),
        *_on(name, _leafwise(800, 0.03, 63)),
        *_on(name, _leafwise(500, 0.05, 4, 5)),
        *_on(name, _leafwise(600, 0.04, 127, 10, 0.7)),
        *_on(name, _leafwise(150, 0.1, 15)),
        *_on(name, _leafwise(300, 0.05, 15, 3), "none", "trend", "yeo_johnson"),
        *_on(name, _leafwise(400, 0.05, 31, 20, 1.0)),
        *_on(name, _leafwise(500, 0.03, 31, 5, 0.8)),
        *_on(name, {**_leafwise(400, 0.05, 31, 5), "extra_trees": True}),
        *_on(name, {**_leafwise(800, 0.05, 31, 3, 0.8), "extra_trees": True}),
        *_on(name, _leafwise(1000, 0.02, 31, 20, 0.3)),
        *_on(name, _leafwise(800, 0.03, 15, 5, 0.3)),
        *_on(name, _by_split(800, 0.05, 15, 5, 0.5), "none", "trend"),
        *_on(name, _by_split(200, 0.12, 31, 10, 0.5)),
        *_on(name, _by_split(200, 0.15, 15, 5, 0.5), "trend"),
        *_on(name, _by_split(400, 0.05, 31, 10, 0.5)),
        *_on(name, _by_split(400, 0.05, 31, 10, 0.3)),
        *_on(name, _by_split(500, 0.05, 7, 3, 0.4)),
        *_on(name, _by_split(800, 0.03, 15, 5, 0.3), "none", "trend"),
        *_on(name, _by_split(1200, 0.03, 15, 3, 0.4)),
    ]


def _binned(trees: int, rate: float, leaves: int, rows_a_leaf: int = 20, columns: float = 0.5) -> dict[str, Any]:
    shape = {"max_iter": trees, "learning_rate": rate, "max_leaf_nodes": leaves}
    return {**shape, "min_samples_leaf": rows_a_leaf, "max_features": columns}


def _binned_trees() -> list[Preset]:
    name = "hist_gradient_boosting"
    return [
        *_on(name, _binned(200, 0.08, 31)),
        *_on(name, _binned(300, 0.05, 15, 10), "none", "trend"),
        *_on(name, _binned(300, 0.07, 63), "none", "yeo_johnson"),
        *_on(name, _binned(600, 0.04, 63), "none", "trend"),
        *_on(name, _binned(300, 0.05, 127, 10), "none", "trend"),
        *_on(name, _binned(600, 0.03, 127, 10)),
        *_on(name, _binned(300, 0.05, 15, 10), codes=True),
        *_on(name, _binned(300, 0.05, 31, 20, 1.0), codes=True),
    ]


def _boosted(trees: int, rate: float, depth: int, subsample: float = 0.6) -> dict[str, Any]:
    shape = {"n_estimators": trees, "learning_rate": rate, "max_depth": depth}
    return {**shape, "subsample": subsample, "max_features": 0.5}


def _forest(trees: int, columns: float | None = None) -> dict[str, Any]:
    drawn = {} if columns is None else {"max_features": columns}
    return {"n_estimators": trees, **drawn, "min_samples_leaf": 1}


def _other_trees() -> list[Preset]:
    name, extra = "gradient_boosting", "extra_trees"
    return [
        *_on(name, _boosted(300, 0.05, 3, 0.7)),
        *_on(name, _boosted(800, 0.03, 3, 0.7)),
        *_on(name, _boosted(500, 0.05, 2, 0.7)),
        *_on(name, _boosted(500, 0.04, 5), "none", "trend", "yeo_johnson"),
        *_on(name, _boosted(1500, 0.02, 5), "trend"),
        *_on(name, _boosted(1000, 0.05, 5, 0.8)),
        *_on(name, _boosted(300, 0.05, 8), "none", "trend"),
        *_on(extra, _forest(200), "none", "yeo_johnson", "trend"),
        *_on(extra, _forest(100), "trend"),
        *_on(extra, _forest(100, 1.0)),
        *_on(extra, _forest(100, 0.4)),
        *_on("random_forest", _forest(100)),
    ]


def _kernel(c: float, gamma: float | str) -> dict[str, Any]:
    return {"C": c, "gamma": gamma, "max_iter": SVR_STEPS}


def _kernels_and_neighbours() -> list[Preset]:
    return [
        *_on("svr", _kernel(10.0, 0.1), "none", "yeo_johnson"),
        *_on("svr", _kernel(30.0, 0.03)),
        *_on("svr", _kernel(30.0, 0.01)),
        *_on("svr", _kernel(30.0, 0.1), "trend"),
        *_on("svr", _kernel(3.0, 0.03)),
        *_on("svr", _kernel(1.0, "scale")),
        *_on("knn", {"n_neighbors": 5, "weights": "distance", "p": 1}),
        *_on("knn", {"n_neighbors": 10, "weights": "distance", "p": 1}),
    ]


def _linear_models() -> list[Preset]:
    return [
        *_on("ridge", {"alpha": 1.0}, "none", "yeo_johnson"),
        *_on("ridge", {"alpha": 30.0}),
        *_on("elastic_net", {"alpha": 0.1, "l1_ratio": 0.9}),
    ]
