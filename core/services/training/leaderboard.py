"""The rows of a leaderboard: stored models, what only ran, and the baseline, in the order of their folds."""

from collections.abc import Iterable
from typing import Any

from core.automl.ensemble_selection import BLEND
from core.automl.scheduler import Entry
from core.manifests import Baseline, CrossValidation, Member, ModelManifest
from core.regressors.candidates import regressor_parameters
from core.regressors.fold_cache import FoldCache
from core.regressors.metrics import cross_validation

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


def in_order(rows: Iterable[Row]) -> list[Row]:
    """The best mean over the folds first; the holdout reports, it never chooses."""
    return sorted(rows, key=lambda row: -float(row["cross_validation"]["mean"]))


def model_row(model: ModelManifest, *, tuned: bool = False) -> Row:
    """A stored model, and its members with their weights if it is a blend."""
    weights = [member.model_dump(include={"model_type", "target_transform", "weight"}) for member in model.members]
    shown = {**model.result(), "tuned": tuned, "target_transform": model.target_transform}
    return {**shown, "members": weights} if weights else shown


def baseline_row(baseline: Baseline) -> Row:
    """What always predicting the mean would score."""
    return {**_NO_MODEL, **baseline.model_dump()}


def entry_row(fold_cache: FoldCache, entry: Entry) -> Row:
    """An entry that ran on folds and was not stored; its cost is that of a model of one fold."""
    return {
        **_NO_MODEL,
        "model_type": entry.candidate.regressor.name,
        "parameters": entry.candidate.params,
        "target_transform": entry.candidate.target_transform,
        "cross_validation": cross_validation(entry.scores(fold_cache)).model_dump(),
        "training_seconds": round(entry.seconds, 3),
        "latency_us": entry.cost and entry.cost.latency_us,
        "size_bytes": entry.cost and entry.cost.size_bytes,
    }


def blend_row(scores: CrossValidation, members: Iterable[tuple[Entry, float]]) -> Row:
    """A blend that was scored on the folds and not stored."""
    weights = [
        {
            "model_type": entry.candidate.regressor.name,
            "target_transform": entry.candidate.target_transform,
            "weight": weight,
        }
        for entry, weight in members
    ]
    return {**_NO_MODEL, "model_type": BLEND, "cross_validation": scores.model_dump(), "members": weights}


def member_of(fold_cache: FoldCache, entry: Entry, weight: float, final: Entry | None = None) -> Member:
    """An entry as part of a blend: its scores on the folds, and the parameters of the `final` one that it ended as."""
    return Member(
        model_type=entry.candidate.regressor.name,
        parameters=regressor_parameters((final or entry).estimator),
        target_transform=entry.candidate.target_transform,
        weight=weight,
        cross_validation=cross_validation(entry.scores(fold_cache)),
    )


def failures(entries: Iterable[Entry]) -> list[Row]:
    """What did not come out, and why."""
    return [{"model_type": entry.label, "error": entry.failure.detail} for entry in entries if entry.failure]
