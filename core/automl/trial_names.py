"""Names of trials for sentences: the regressor, and the parameters that tell trials of one regressor apart."""

from collections.abc import Sequence
from typing import Any

from core.regressors.candidates import Candidate

# The parameters that a name shows first where trials differ in them, as in `parts/regressors.js` of the console.
TELLING = (
    "n_estimators",
    "max_iter",
    "num_leaves",
    "max_leaf_nodes",
    "max_depth",
    "learning_rate",
    "alpha",
    "C",
    "gamma",
    "n_neighbors",
)


def trial_names(candidates: Sequence[Candidate]) -> list[str]:
    """Return a name for each candidate, such as "ridge", "svr (log)" or "lightgbm (num_leaves=7, max_depth=None)".

    Candidates of one regressor and one target transform have as few parameters in their names as tell them apart.
    """
    groups: dict[tuple[str, str], list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault(_kind(candidate), []).append(candidate)
    telling = {kind: _telling(group) for kind, group in groups.items()}
    return [_name(candidate, telling[_kind(candidate)]) for candidate in candidates]


def _kind(candidate: Candidate) -> tuple[str, str]:
    return candidate.regressor.name, candidate.target_transform


def _telling(group: Sequence[Candidate]) -> list[str]:
    """Return as few parameters as tell the candidates apart, by their names."""
    present = dict.fromkeys(name for candidate in group for name in candidate.params)
    telling: list[str] = []
    for name in [*(name for name in TELLING if name in present), *(name for name in present if name not in TELLING)]:
        if _kinds(group, [*telling, name]) > _kinds(group, telling):
            telling.append(name)
    return telling


def _kinds(group: Sequence[Candidate], names: Sequence[str]) -> int:
    """Return how many candidates differ in these parameters; one that has no such parameter differs from all values."""
    return len({tuple(_value(one.params[name]) if name in one.params else "" for name in names) for one in group})


def _name(candidate: Candidate, telling: Sequence[str]) -> str:
    parts = [] if candidate.target_transform == "none" else [str(candidate.target_transform)]
    parts += [f"{name}={_value(candidate.params[name])}" for name in telling if name in candidate.params]
    return f"{candidate.regressor.name} ({', '.join(parts)})" if parts else candidate.regressor.name


def _value(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
