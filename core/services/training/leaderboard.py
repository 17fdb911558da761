"""The rows of a leaderboard: stored models, trials that were not stored, and the baseline, by cross-validated R2."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from core.automl.ensemble_selection import ENSEMBLE
from core.automl.trial import Trial
from core.model_manifest import Baseline, CrossValidation, EnsembleMember, ModelManifest
from core.progress import StoppedError
from core.regressors.candidates import regressor_parameters
from core.regressors.metrics import comparable_means, cross_validation

Row = dict[str, Any]

_NO_MODEL: Row = {
    "model_name": None,
    "version": None,
    "model_type": "baseline",
    "metrics": None,
    "training_seconds": 0.0,
    "latency_us": None,
    "size_bytes": None,
    "tuned": False,
    "target_transform": "none",
}


def ended_early(cut: StoppedError) -> str:
    """Return the warning of a leaderboard whose race was stopped for good."""
    return f"the race was ended before its time ({cut.reason}): this is the best that it had by then"


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Sort the rows by their mean over the folds, best first; the holdout never decides."""
    return sorted(rows, key=lambda row: -float(row["cross_validation"]["mean"]))


def in_order_of_race(rows: Sequence[Row], baseline: Row) -> list[Row]:
    """Sort the rows of a race, best first, each by what it scored on the folds that it shares with the others.

    The baseline has folds of its own; it stands by its mean.
    """
    means = [*comparable_means([_scores(row) for row in rows]), float(np.mean(_scores(baseline)))]
    ordered = sorted(zip(means, [*rows, baseline], strict=True), key=lambda item: -item[0])
    return [row for _, row in ordered]


def _scores(row: Row) -> list[float]:
    scores: list[float] = row["cross_validation"]["scores"]
    return scores


def model_row(model: ModelManifest, *, tuned: bool = False) -> Row:
    """Return the row of a stored model, with its weighted members if it is an ensemble."""
    weights = [member.model_dump(include={"model_type", "target_transform", "weight"}) for member in model.members]
    shown = {**model.result(), "tuned": tuned, "target_transform": model.target_transform}
    return {**shown, "members": weights} if weights else shown


def winner_row(model: ModelManifest, trials: Iterable[tuple[Trial, float]]) -> Row:
    """Return the row of the stored winner of a race; its trials have the parameters that they have in other rows."""
    members = _weights(trials)
    if model.members:
        return {**model_row(model), "members": members}
    return {**model_row(model), "parameters": members[0]["parameters"]}


def baseline_row(baseline: Baseline) -> Row:
    """Return the row of always predicting the mean."""
    return {**_NO_MODEL, **baseline.model_dump()}


def trial_row(trial: Trial) -> Row:
    """Return the row of a trial that was not stored; its cost is that of a model of one fold."""
    return {
        **_NO_MODEL,
        "model_type": trial.candidate.regressor.name,
        "parameters": trial.candidate.params,
        "target_transform": trial.candidate.target_transform,
        "cross_validation": cross_validation(trial.scores).model_dump(),
        "training_seconds": round(trial.seconds, 3),
        "latency_us": trial.cost and trial.cost.latency_us,
        "size_bytes": trial.cost and trial.cost.size_bytes,
    }


def ensemble_row(scores: CrossValidation, members: Iterable[tuple[Trial, float]]) -> Row:
    """Return the row of an ensemble that was not stored."""
    scored = {"model_type": ENSEMBLE, "cross_validation": scores.model_dump()}
    return {**_NO_MODEL, **scored, "members": _weights(members)}


def _weights(members: Iterable[tuple[Trial, float]]) -> list[Row]:
    return [
        {
            "model_type": trial.candidate.regressor.name,
            "target_transform": trial.candidate.target_transform,
            "parameters": trial.candidate.params,
            "weight": weight,
        }
        for trial, weight in members
    ]


def member_of(trial: Trial, weight: float, final: Trial | None = None) -> EnsembleMember:
    """Return a trial as a member of an ensemble: its scores on the folds, and the parameters of its `final` refit."""
    return EnsembleMember(
        model_type=trial.candidate.regressor.name,
        parameters=regressor_parameters((final or trial).estimator),
        target_transform=trial.candidate.target_transform,
        weight=weight,
        cross_validation=cross_validation(trial.scores),
    )


def failures(trials: Iterable[Trial]) -> list[Row]:
    """Return which trials failed, and why; the parameters tell those of one regressor apart."""
    return [
        {
            "model_type": trial.label,
            "parameters": trial.candidate.params,
            "target_transform": trial.candidate.target_transform,
            "error": trial.failure.detail,
        }
        for trial in trials
        if trial.failure
    ]
