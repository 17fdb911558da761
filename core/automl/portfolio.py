"""The portfolio: which configurations a search tries on a table, and which boosted tree it begins with."""

from collections.abc import Callable, Sequence
from functools import cache
from math import inf
from typing import Any

from core.automl.preset import learned_presets
from core.catalogue import regressor
from core.errors import TrainingFailedError
from core.model_manifest import TargetTransformName
from core.regressors.candidates import Candidate

# Up to the first number of rows a table is small, up to the second it is medium.
SMALL_ROWS, MEDIUM_ROWS = 1_000, 10_000
# With a more skewed target, transformed targets are tried.
SKEWED = 0.5


# Learned from the development tables by `bench/portfolio.py`.
PORTFOLIO = learned_presets()

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
    return _opening(next(filter(is_installed, BOOSTED)), PACE_TREES, 0.1)


def _opening(name: str, trees: int, rate: float) -> Candidate:
    """Return a boosted tree of this regressor, with categories as codes."""
    entry, (number, leaves) = regressor(name), BOOSTED[name]
    codes: dict[str, Any] = {entry.codes_parameter: []} if entry.codes_parameter and not entry.fixed else {}
    return Candidate(entry, {number: trees, "learning_rate": rate, leaves: OPENING_LEAVES, **codes})


def suits(target: TargetTransformName, skewness: float) -> bool:
    """Return whether a race tries this transform of a target with this skewness."""
    return target != "yeo_johnson" or abs(skewness) > SKEWED


def select_presets(rows: int, skewness: float) -> list[tuple[Candidate, float]]:
    """Return the candidates for `rows` rows with their expected gains as priors; `skewness` is the target's.

    A regressor whose package is not installed is left out.
    """
    size = 0 if rows <= SMALL_ROWS else 1 if rows <= MEDIUM_ROWS else 2
    wanted = [preset for preset in PORTFOLIO if suits(preset.target, skewness)]
    wanted = [preset for preset in wanted if preset.gains[size] and is_installed(preset.model_type)]
    return [(preset.candidate, preset.gains[size]) for preset in wanted]


@cache
def is_installed(model_type: str) -> bool:
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
