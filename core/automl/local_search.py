"""Local search: variations of the configurations that did best, each with one or two parameters changed by a step."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from core.catalogue import SEED
from core.parameter_ranges import range_of
from core.regressors.candidates import Candidate

# A parameter changes by one of these factors; one that is a share of the rows or features stays one.
FACTORS = (0.5, 0.7, 1.4, 2.0)
SHARES = ("subsample", "max_features", "feature_fraction_bynode", "colsample_bytree", "l1_ratio")
# Numbers of trees change with the learning rate: half of the rate takes twice the trees. `max_iter` of other regressors
# bounds the work of a fit.
TREES = ("n_estimators", "max_iter")
# So many of the best are varied, and so often a variation is drawn until it is a new one.
BEST, DRAWS = 3, 20


def variations(best: Sequence[Candidate], tried: Sequence[Candidate]) -> Iterator[Candidate]:
    """Yield variations of the `best` candidates in turn that are none of those `tried`, the same ones each time.

    A variation has the regressor and the target transform of its origin.
    """
    origins = [candidate for candidate in best[:BEST] if _variable(candidate)]
    drawn = random.Random(f"{SEED} {len(tried)}")  # noqa: S311
    for number in range(DRAWS if origins else 0):
        candidate = _varied(origins[(number + len(tried)) % len(origins)], drawn)
        if candidate not in tried:
            yield candidate


def _variable(candidate: Candidate) -> list[str]:
    """Return the parameters that may be varied."""
    return [name for name, value in candidate.params.items() if name not in TREES and _is_positive(value)]


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _varied(candidate: Candidate, drawn: random.Random) -> Candidate:
    """Return the candidate with one or two parameters changed, within the ranges of its regressor."""
    names, params = _variable(candidate), dict(candidate.params)
    for name in drawn.sample(names, min(len(names), drawn.choice((1, 2)))):
        factor = drawn.choice(FACTORS)
        params |= _changed(candidate, name, factor)
        if name == "learning_rate":
            for trees in TREES:
                params |= _changed(candidate, trees, 1 / factor)
    return replace(candidate, params=params)


def _changed(candidate: Candidate, name: str, factor: float) -> dict[str, Any]:
    """Return the parameter with `factor` times its value; nothing where it has none or may not be so."""
    value = candidate.params.get(name)
    if value is None:
        return {}
    changed: float = min(1.0, value * factor) if name in SHARES else value * factor
    if isinstance(value, int):
        changed = max(1, round(changed))
    allowed = range_of(candidate.regressor.name, name)
    return {name: changed} if allowed is not None and allowed.holds(changed) else {}
