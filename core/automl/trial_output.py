"""What a trial has shown on its folds, as JSON and arrays: another machine goes on with it."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from core.array_types import Floats
from core.automl.serving_cost import ServingCost
from core.automl.trial import Trial
from core.errors import TrainingFailedError
from core.types import Json


def trial_output(trial: Trial) -> tuple[Json, dict[str, Floats]]:
    """Return the facts of a trial, and by number of the fold what it predicted, float64 (n,); no fitted estimator."""
    facts: Json = {
        "label": trial.label,
        "scores": {str(number): score for number, score in trial.fold_scores.items()},
        "seconds": trial.seconds,
        "stopped_early": trial.stopped_early,
        "cost": trial.cost and asdict(trial.cost),
        "row_seconds": trial.row_seconds,
        "failure": trial.failure and trial.failure.detail,
    }
    return facts, {str(number): predicted for number, predicted in trial.predicted.items()}


def with_output(trial: Trial, facts: Json, predicted: Mapping[str, Floats]) -> Trial:
    """Return a trial that has not begun, with what `trial_output` returned of it."""
    shown = replace(
        trial,
        predicted={int(number): values for number, values in predicted.items()},
        fold_scores={int(number): score for number, score in facts["scores"].items()},
        seconds=facts["seconds"],
        stopped_early=facts["stopped_early"],
        cost=facts["cost"] and ServingCost(**facts["cost"]),
        row_seconds=facts["row_seconds"],
    )
    return shown.with_failure(TrainingFailedError(facts["failure"])) if facts["failure"] else shown
