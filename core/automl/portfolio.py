"""The portfolio: fixed configurations that are strong without any search, as data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Any

from core.catalogue import regressor
from core.errors import TrainingFailedError
from core.model_manifest import TargetTransformName
from core.regressors.candidates import Candidate

# Up to the first number of rows a table is small, up to the second it is medium.
SMALL_ROWS, MEDIUM_ROWS = 1_000, 10_000
# Steps of a support vector machine's solver, which are what bounds its time. On six tables it was as good after five
# steps a row as in the end, or a little better: R2 .924 and .923 on a noisy one, where the end takes 24 steps a row.
SVR_STEPS = 40_000
# With a more skewed target, transformed targets are tried.
SKEWED = 0.5


@dataclass(frozen=True)
class Preset:
    """One configuration; `prior` is its usual weight in ensembles on small, medium and large tables.

    0 leaves it out there. Only their order matters.
    """

    model_type: str
    params: dict[str, Any]
    prior: tuple[float, float, float]
    target: TargetTransformName = "none"
    # Whether a regressor that can split by sets of levels gets categories as codes; `lightgbm` always does.
    codes: bool = False

    @property
    def candidate(self) -> Candidate:
        """Return the preset as a candidate."""
        entry = regressor(self.model_type)
        positions: dict[str, Any] = {entry.codes_parameter: []} if self.codes and entry.codes_parameter else {}
        return Candidate(entry, {**self.params, **positions}, self.target)


def _boosted(trees: int, rate: float, depth: int, subsample: float = 0.6) -> dict[str, Any]:
    shape = {"n_estimators": trees, "learning_rate": rate, "max_depth": depth}
    return {**shape, "subsample": subsample, "max_features": 0.5}


def _kernel(c: float, gamma: float | str) -> dict[str, Any]:
    return {"C": c, "gamma": gamma, "max_iter": SVR_STEPS}


def _binned(trees: int, rate: float, leaves: int, rows_a_leaf: int = 20) -> dict[str, Any]:
    shape = {"max_iter": trees, "learning_rate": rate, "max_leaf_nodes": leaves}
    return {**shape, "min_samples_leaf": rows_a_leaf, "max_features": 0.5}


def _leafwise(trees: int, rate: float, leaves: int, rows_a_leaf: int = 10, columns: float = 0.5) -> dict[str, Any]:
    shape = {"n_estimators": trees, "learning_rate": rate, "num_leaves": leaves}
    return {**shape, "min_child_samples": rows_a_leaf, "colsample_bytree": columns}


def _by_split(trees: int, rate: float, leaves: int, rows_a_leaf: int, columns: float) -> dict[str, Any]:
    """Return trees that draw their columns anew at each split, and not once a tree."""
    return {**_leafwise(trees, rate, leaves, rows_a_leaf, 1.0), "feature_fraction_bynode": columns}


PORTFOLIO: tuple[Preset, ...] = (
    Preset("lightgbm", _leafwise(400, 0.05, 31), (5, 12, 14)),
    Preset("lightgbm", _leafwise(500, 0.03, 7, 5), (8, 8, 2)),
    Preset("lightgbm", _leafwise(400, 0.05, 31), (4, 8, 10), "trend"),
    Preset("lightgbm", _leafwise(800, 0.03, 63), (0, 8, 14)),
    Preset("lightgbm", _leafwise(500, 0.05, 4, 5), (5, 1, 0)),
    Preset("lightgbm", _by_split(800, 0.05, 15, 5, 0.5), (6, 10, 4)),
    Preset("lightgbm", _by_split(800, 0.05, 15, 5, 0.5), (5, 9, 3), "trend"),
    Preset("lightgbm", _by_split(200, 0.12, 31, 10, 0.5), (6, 12, 14)),
    Preset("lightgbm", _by_split(200, 0.15, 15, 5, 0.5), (6, 10, 10), "trend"),
    Preset("lightgbm", _leafwise(400, 0.05, 31), (2, 4, 6), "yeo_johnson"),
    Preset("lightgbm", _leafwise(600, 0.04, 127, 10, 0.7), (0, 4, 12)),
    Preset("ridge", {"alpha": 1.0}, (1, 1, 1)),
    Preset("ridge", {"alpha": 30.0}, (1, 0, 0)),
    Preset("ridge", {"alpha": 1.0}, (1, 1, 0), "yeo_johnson"),
    Preset("elastic_net", {"alpha": 0.1, "l1_ratio": 0.9}, (1, 0, 0)),
    Preset("svr", _kernel(10.0, 0.1), (4, 3, 1)),
    Preset("svr", _kernel(30.0, 0.03), (4, 3, 1)),
    Preset("svr", _kernel(30.0, 0.01), (4, 2, 0)),
    Preset("svr", _kernel(1.0, "scale"), (2, 0, 0)),
    Preset("svr", _kernel(10.0, 0.1), (2, 2, 0), "yeo_johnson"),
    Preset("svr", _kernel(30.0, 0.1), (4, 1, 0), "trend"),
    Preset("knn", {"n_neighbors": 5, "weights": "distance", "p": 1}, (1, 1, 0)),
    Preset("gradient_boosting", _boosted(300, 0.05, 3, 0.7), (5, 2, 0)),
    Preset("gradient_boosting", _boosted(800, 0.03, 3, 0.7), (3, 2, 0)),
    Preset("gradient_boosting", _boosted(500, 0.05, 2, 0.7), (2, 1, 0)),
    Preset("gradient_boosting", _boosted(500, 0.04, 5), (4, 6, 1)),
    Preset("gradient_boosting", _boosted(500, 0.04, 5), (8, 9, 1), "trend"),
    Preset("gradient_boosting", _boosted(500, 0.04, 5), (2, 3, 1), "yeo_johnson"),
    Preset("gradient_boosting", _boosted(1500, 0.02, 5), (6, 3, 0), "trend"),
    Preset("gradient_boosting", _boosted(1000, 0.05, 5, 0.8), (4, 0, 0)),
    Preset("gradient_boosting", _boosted(300, 0.05, 8), (3, 9, 14)),
    Preset("gradient_boosting", _boosted(300, 0.05, 8), (2, 6, 6), "trend"),
    Preset("extra_trees", {"n_estimators": 200, "min_samples_leaf": 1}, (4, 8, 0)),
    Preset("extra_trees", {"n_estimators": 200, "min_samples_leaf": 1}, (2, 3, 0), "yeo_johnson"),
    Preset("extra_trees", {"n_estimators": 200, "min_samples_leaf": 1}, (4, 6, 0), "trend"),
    Preset("extra_trees", {"n_estimators": 100, "min_samples_leaf": 1}, (0, 0, 8), "trend"),
    Preset("random_forest", {"n_estimators": 100, "min_samples_leaf": 1}, (1, 3, 3)),
    Preset("hist_gradient_boosting", _binned(200, 0.08, 31), (0, 2, 3)),
    Preset("hist_gradient_boosting", _binned(300, 0.05, 15, 10), (1, 2, 0)),
    Preset("hist_gradient_boosting", _binned(300, 0.05, 15, 10), (4, 8, 0), "trend"),
    Preset("hist_gradient_boosting", _binned(300, 0.07, 63), (0, 3, 10)),
    Preset("hist_gradient_boosting", _binned(300, 0.07, 63), (0, 3, 6), "yeo_johnson"),
    Preset("hist_gradient_boosting", _binned(600, 0.04, 63), (0, 4, 12)),
    Preset("hist_gradient_boosting", _binned(600, 0.04, 63), (0, 4, 10), "trend"),
    Preset("hist_gradient_boosting", _binned(300, 0.05, 127, 10), (0, 0, 8)),
    Preset("hist_gradient_boosting", _binned(300, 0.05, 127, 10), (0, 0, 10), "trend"),
    Preset("hist_gradient_boosting", _binned(600, 0.03, 127, 10), (0, 0, 6)),
)

# Boosted trees on binned features, the fastest first: the parameters of their number of trees and of leaves.
BOOSTED = {
    "lightgbm": ("n_estimators", "num_leaves"),
    "hist_gradient_boosting": ("max_iter", "max_leaf_nodes"),
}
# The first trial of a search: as many trees, with this rate, as there is time for.
OPENING = ((300, 0.06), (200, 0.08), (100, 0.12), (50, 0.2), (25, 0.3), (12, 0.5))
OPENING_LEAVES = 31

# The trees by which the pace of a machine is measured.
PACE_TREES = 5


def is_boosted(candidate: Candidate) -> bool:
    """Return whether a candidate is a boosted tree on binned features."""
    return candidate.regressor.name in BOOSTED


def opening_candidate(
    presets: Sequence[tuple[Candidate, float]], expected_seconds: Callable[[Candidate], float], seconds: float
) -> list[tuple[Candidate, float]]:
    """Return the boosted tree to begin with, as large as fits into `seconds`, with an infinite prior.

    It is the smallest one where none fits, and there is none where no preset is a boosted tree.
    """
    names = {preset.regressor.name for preset, _ in presets}
    name = next((name for name in BOOSTED if name in names), None)
    if name is None:
        return []
    sizes = [_opening(name, trees, rate) for trees, rate in OPENING]
    fitting = [candidate for candidate in sizes if expected_seconds(candidate) <= seconds]
    return [((fitting or sizes[-1:])[0], inf)]


def yardstick() -> Candidate:
    """Return the candidate by which the pace of a machine is measured: a few trees, as a search begins with."""
    return _opening(next(filter(_is_installed, BOOSTED)), PACE_TREES, 0.1)


def _opening(name: str, trees: int, rate: float) -> Candidate:
    """Return a boosted tree of this regressor, with categories as codes."""
    entry, (number, leaves) = regressor(name), BOOSTED[name]
    codes: dict[str, Any] = {entry.codes_parameter: []} if entry.codes_parameter and not entry.fixed else {}
    return Candidate(entry, {number: trees, "learning_rate": rate, leaves: OPENING_LEAVES, **codes})


def select_presets(rows: int, skewness: float) -> list[tuple[Candidate, float]]:
    """Return the candidates for `rows` rows with their priors; `skewness` is the target's.

    A regressor whose package is not installed is left out.
    """
    size = 0 if rows <= SMALL_ROWS else 1 if rows <= MEDIUM_ROWS else 2
    wanted = [preset for preset in PORTFOLIO if preset.target != "yeo_johnson" or abs(skewness) > SKEWED]
    wanted = [preset for preset in wanted if preset.prior[size] and _is_installed(preset.model_type)]
    return [(preset.candidate, preset.prior[size]) for preset in wanted]


@cache
def _is_installed(model_type: str) -> bool:
    """Return whether the package of a regressor can be loaded."""
    try:
        regressor(model_type).build({})
    except TrainingFailedError:
        return False
    return True


def labels(candidates: Sequence[Candidate]) -> list[str]:
    """Return a label for each candidate: its model type, numbered from the second of a type on."""
    seen: dict[str, int] = {}
    named = []
    for candidate in candidates:
        name = candidate.regressor.name
        seen[name] = seen.get(name, 0) + 1
        named.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return named
