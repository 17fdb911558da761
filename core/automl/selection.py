"""Who wins a race: the blend if it beats the best single model out of fold, within what a model may cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.automl.ensemble_selection import BLEND, best_alone, final_weights, honest_scores
from core.automl.scheduler import Entry
from core.automl.serving_cost import Bounds, Cost
from core.errors import InvalidInputError, TrainingFailedError
from core.manifests import CrossValidation
from core.regressors.fold_cache import FoldCache
from core.regressors.metrics import cross_validation


@dataclass(frozen=True)
class Choice:
    """A winner: its entries with their weights (one of weight 1 is a single model) and its score on the folds.

    The score is that of the choice, not of what was chosen: each fold by the weights, or the single model, that the
    others would have chosen.
    """

    label: str
    members: list[tuple[Entry, float]]
    cross_validation: CrossValidation

    @property
    def entries(self) -> list[Entry]:
        """The members without their weights."""
        return [entry for entry, _ in self.members]

    @property
    def lightest(self) -> Entry:
        """The member that counts least."""
        return min(self.members, key=lambda member: member[1])[0]


def choose(
    fold_cache: FoldCache, entries: Sequence[Entry], bounds: Bounds, growth: float, tightened: float | None = 1.0
) -> tuple[Choice, Choice | None]:
    """The winner among entries that came through the same folds, and the blend that did not win, if there was one.

    `growth` is how many times the rows of a fold the final model learns from: it will cost that much more. A blend has
    to be within `tightened` times the bounds; with None there is none. Raises `InvalidInputError` naming the nearest
    where nothing is within the bounds.
    """
    if not entries:
        raise TrainingFailedError("No model of the portfolio could be trained on this table.")
    eligible = [entry for entry in entries if bounds.excess(cost_of_entries([entry], growth)) <= 1]
    if not eligible:
        raise _nothing_within(entries, bounds, growth)
    best = max(eligible, key=lambda entry: entry.mean(fold_cache))
    blend = None if tightened is None else _blend(fold_cache, eligible, bounds.tightened(tightened), growth)
    scores = cross_validation(honest_scores(fold_cache, eligible, best_alone))
    single = Choice(best.candidate.regressor.name, [(best, 1.0)], scores)
    if blend is None or blend.cross_validation.mean <= single.cross_validation.mean:
        return single, blend
    return blend, None


def _blend(fold_cache: FoldCache, entries: Sequence[Entry], bounds: Bounds, growth: float) -> Choice | None:
    """The blend of entries, without the lightest of them as long as it costs too much."""
    pool = list(entries)
    while len(pool) > 1:
        weighted = zip(pool, final_weights(fold_cache, pool).tolist(), strict=True)
        members = [(entry, weight) for entry, weight in weighted if weight > 0]
        if bounds.excess(cost_of_entries([entry for entry, _ in members], growth)) <= 1:
            if len(members) == 1:
                return None
            return Choice(BLEND, members, cross_validation(honest_scores(fold_cache, pool)))
        pool.remove(min(members, key=lambda member: member[1])[0])
    return None


def cost_of_entries(entries: Sequence[Entry], growth: float) -> Cost:
    """What a model of these entries should cost at most, learned from `growth` times the rows of a fold."""
    return sum((entry.grown_cost(growth) for entry in entries), Cost(0, 0.0, 0.0))


def _nothing_within(entries: Sequence[Entry], bounds: Bounds, growth: float) -> InvalidInputError:
    costs = {entry.label: cost_of_entries([entry], growth) for entry in entries}
    label, cost = min(costs.items(), key=lambda item: bounds.excess(item[1]))
    each = {"max_bytes": Bounds(max_bytes=bounds.max_bytes), "max_latency_us": Bounds(None, bounds.max_latency_us)}
    names = [name for name, bound in each.items() if bound.excess(cost) > 1]
    return InvalidInputError(
        f"No model of the race is within {' and '.join(names)}. The nearest is {label} with about "
        f"{cost.size_bytes:,} bytes and {cost.latency_us:g} µs a row. Allow as much, or leave the bounds out.",
        [{"field": name, "message": "nothing is within it"} for name in names],
    )
