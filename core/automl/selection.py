"""Select the winner of a search.

The ensemble if it beats the best single model out of fold, within the serving limits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.automl.ensemble_selection import ENSEMBLE, final_weights, nested_scores, single_best_weights
from core.automl.serving_cost import ServingCost, ServingLimits
from core.automl.trial import Trial
from core.automl.trial_names import trial_names
from core.errors import InvalidInputError, TrainingFailedError
from core.model_manifest import CrossValidation
from core.regressors.fold_cache import FoldCache
from core.regressors.metrics import cross_validation, error_of_more_rows


@dataclass(frozen=True)
class Selection:
    """A winner: its trials with their weights (one of weight 1 is a single model) and its scores on the folds.

    The scores are nested: each fold is tested with the weights, or the single model, that the
    other folds select.
    """

    label: str
    members: list[tuple[Trial, float]]
    cross_validation: CrossValidation

    @property
    def trials(self) -> list[Trial]:
        """Return the members without their weights."""
        return [trial for trial, _ in self.members]

    @property
    def weights(self) -> list[float]:
        """Return the weights of the members."""
        return [weight for _, weight in self.members]

    @property
    def error(self) -> float:
        """Return the share of the variance that it does not explain on the folds: 1 - R2."""
        return max(0.0, 1.0 - self.cross_validation.mean)


def select(
    fold_cache: FoldCache,
    trials: Sequence[Trial],
    limits: ServingLimits,
    growth: float,
    tightened: float | None = 1.0,
    affordable: Callable[[Sequence[Trial]], bool] = lambda _trials: True,
) -> tuple[Selection, Selection | None]:
    """Return the winner among trials that ran on the same folds, and the ensemble that did not win, if there was one.

    `growth` is the final model's train rows as a multiple of a fold's: its cost grows by that. An ensemble has
    to be within `tightened` times the limits, and `affordable`; with None there is none. Raises `InvalidInputError`
    that names the nearest model where none is within the limits.
    """
    if not trials:
        raise TrainingFailedError("No model of the portfolio could be trained on this table.")
    eligible = [trial for trial in trials if limits.excess(cost_of_trials([trial], growth)) <= 1]
    if not eligible:
        raise _nothing_within(trials, limits, growth)
    best = max(eligible, key=lambda trial: trial.mean)
    ensemble = (
        None
        if tightened is None
        else _select_ensemble(fold_cache, eligible, limits.tightened(tightened), growth, affordable)
    )
    scores = cross_validation(nested_scores(fold_cache, eligible, single_best_weights))
    single = Selection(best.candidate.regressor.name, [(best, 1.0)], scores)
    if ensemble is None or ensemble.cross_validation.mean <= single.cross_validation.mean:
        return single, ensemble
    return ensemble, None


def is_better_refitted(refitted: Selection, kept: Selection, growth: float) -> bool:
    """Return whether a selection should beat another one that is kept as a fold fitted it, if it is refitted.

    A refit has `growth` times the train rows of a fold.
    """
    return error_of_more_rows(growth) * refitted.error < kept.error


def _select_ensemble(
    fold_cache: FoldCache,
    trials: Sequence[Trial],
    limits: ServingLimits,
    growth: float,
    affordable: Callable[[Sequence[Trial]], bool],
) -> Selection | None:
    """Return the ensemble of the trials, without its members of least weight as long as it costs too much."""
    pool = list(trials)
    while len(pool) > 1:
        weighted = zip(pool, final_weights(fold_cache, pool).tolist(), strict=True)
        members = [(trial, weight) for trial, weight in weighted if weight > 0]
        chosen = [trial for trial, _ in members]
        if limits.excess(cost_of_trials(chosen, growth)) <= 1 and affordable(chosen):
            if len(members) == 1:
                return None
            return Selection(ENSEMBLE, members, cross_validation(nested_scores(fold_cache, pool)))
        pool.remove(min(members, key=lambda member: member[1])[0])
    return None


def cost_of_trials(trials: Sequence[Trial], growth: float) -> ServingCost:
    """Return the serving cost, at most, of a model of these trials with `growth` times the train rows of a fold."""
    return sum((trial.grown_cost(growth) for trial in trials), ServingCost(0, 0.0, 0.0))


def _nothing_within(trials: Sequence[Trial], limits: ServingLimits, growth: float) -> InvalidInputError:
    names = trial_names([trial.candidate for trial in trials])
    costs = {name: cost_of_trials([trial], growth) for name, trial in zip(names, trials, strict=True)}
    nearest, cost = min(costs.items(), key=lambda item: limits.excess(item[1]))
    each = {
        "max_bytes": ServingLimits(max_bytes=limits.max_bytes),
        "max_latency_us": ServingLimits(None, limits.max_latency_us),
    }
    names = [name for name, limit in each.items() if limit.excess(cost) > 1]
    return InvalidInputError(
        f"No model of the race is within {' and '.join(names)}. The nearest is {nearest} with about "
        f"{cost.size_bytes:,} bytes and {cost.latency_us:g} µs a row. Allow as much, or leave the bounds out.",
        [{"field": name, "message": "nothing is within it"} for name in names],
    )
