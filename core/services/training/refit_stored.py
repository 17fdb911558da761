"""The members that a stored model was made of, fitted once more: on the same rows, or on others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.metrics import r2_score

from core.array_types import Floats
from core.automl.ensemble_selection import BLEND, blend, mixed
from core.automl.scheduler import Entry, enter, run_race
from core.automl.screening import with_finer_folds, with_rows
from core.automl.training import Trained, conclude, judged, residuals
from core.catalogue import regressor
from core.manifests import Member, ModelManifest, Raced
from core.progress import ReportProgress, ignore_progress
from core.regressors.candidates import Candidate
from core.regressors.expected_time import expected_seconds
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.metrics import cross_validation
from core.regressors.splits import Split
from core.services.training.train import limits

# What training a challenger may be expected to take. That is right within a factor of about three, and a worker on
# Lambda has 15 minutes in all.
MOST_SECONDS = 240.0
FEWER, FEWEST_ROWS = 0.9, 1_000


def in_time(manifest: ModelManifest, data: Split) -> Split:
    """The split with as many rows to learn from as the model's members should learn in `MOST_SECONDS`, spread evenly.

    The holdout is judged by as many as a race's at most.
    """
    candidates = [_candidate(member) for member in members_of(manifest)]
    width, threads, rows = len(data.columns), limits().threads, len(data.train_y)
    while rows > FEWEST_ROWS and expected_seconds(candidates, rows, width, threads) > MOST_SECONDS:
        rows = int(FEWER * rows)
    fewer = with_rows(data, rows)
    if rows == len(data.train_y):
        return fewer
    note = f"learned from {rows:,} of the {len(data.train_y):,} rows, spread evenly: for more there was no time"
    return replace(fewer, notes=[*fewer.notes, note])


def members_of(manifest: ModelManifest) -> list[Member]:
    """The members of a blend; of any other model itself, as the only one."""
    alone = Member(
        model_type=manifest.model_type,
        parameters=manifest.parameters,
        target_transform=manifest.target_transform,
        weight=1.0,
        cross_validation=manifest.cross_validation,
    )
    return manifest.members or [alone]


def weights_of(members: Sequence[Member]) -> Floats:
    """How much each counts, float64."""
    return np.array([member.weight for member in members])


def refit(
    fold_cache: FoldCache,
    members: Sequence[Member],
    parts: Sequence[int],
    allowed: TrainingLimits,
    report_progress: ReportProgress,
) -> list[Entry]:
    """The members fitted on these parts; raises the failure of one that fails now."""
    entries = [enter(fold_cache, _candidate(member), allowed) for member in members]
    run_race(fold_cache, entries, parts, allowed, report_progress)
    for entry in entries:
        if entry.failure is not None:
            raise entry.failure
    return entries


def allowed_of(manifest: ModelManifest) -> TrainingLimits:
    """What its members were allowed."""
    return limits() if manifest.race is None else replace(limits(), model_bytes=manifest.race.member_bytes)


def train_as(manifest: ModelManifest, data: Split, report_progress: ReportProgress = ignore_progress) -> Trained:
    """What a stored model would have become on other rows: the same members with the same parameters and weights.

    Cross-validated, fitted on the training part and judged on the holdout as any training; raises what that does.
    """
    folds = len(data.folds)
    if manifest.race is not None:
        data, folds = with_finer_folds(data)
    fold_cache = FoldCache(replace(data, folds=data.folds[:folds]))
    members = members_of(manifest)
    entries = refit(fold_cache, members, fold_cache.fold_numbers, allowed_of(manifest), report_progress)
    trained = conclude(fold_cache, entries[0]) if not manifest.members else _blended(fold_cache, members, entries)
    return replace(trained, raced=_raced(manifest, fold_cache, trained))


def fit_as(manifest: ModelManifest, data: Split, report_progress: ReportProgress = ignore_progress) -> "Probe":
    """The same without any judgement, for asking what such a model would say."""
    fold_cache = FoldCache(data)
    members = members_of(manifest)
    entries = refit(fold_cache, members, [fold_cache.holdout_fold], allowed_of(manifest), report_progress)
    return Probe([column.name for column in data.columns], entries, weights_of(members))


class Probe:
    """A model that is not stored."""

    def __init__(self, names: list[str], entries: list[Entry], weights: Floats) -> None:
        self._names = names
        self._entries = entries
        self._weights = weights

    def predict(self, frame: Any) -> Floats:
        """Predictions (float64, n rows) for a frame of raw columns."""
        rows = frame[self._names]
        predicted = [np.asarray(entry.fitted.predict(rows), np.float64) for entry in self._entries]
        return np.asarray(np.column_stack(predicted) @ self._weights, np.float64)


def _blended(fold_cache: FoldCache, members: Sequence[Member], entries: Sequence[Entry]) -> Trained:
    weights = weights_of(members)
    predicted = {part: mixed(entries, weights, part) for part in fold_cache.fold_numbers}
    y, folds = fold_cache.data.train_y, fold_cache.data.folds
    labelled = [(f"{entry.label}-{place}", entry.fitted) for place, entry in enumerate(entries)]
    notes = [f"{entry.label}: {note}" for entry in entries for note in entry.notes]
    return judged(
        fold_cache.data,
        BLEND,
        blend(labelled, weights.tolist()),
        predicted[fold_cache.holdout_fold],
        residuals=residuals(fold_cache, predicted),
        scores=[float(r2_score(y[fold.test], predicted[part])) for part, fold in enumerate(folds)],
        parameters={},
        target_transform="none",
        seconds=sum(entry.seconds for entry in entries),
        notes=[*fold_cache.data.notes, *notes, "a blend with the members and weights of the model before it"],
        members=[
            member.model_copy(update={"cross_validation": cross_validation(entry.scores(fold_cache))})
            for member, entry in zip(members, entries, strict=True)
        ],
    )


def _raced(manifest: ModelManifest, fold_cache: FoldCache, trained: Trained) -> Raced | None:
    """How it can be done again, as `core.services.training.reproduce` does it for the winner of a race."""
    if manifest.race is None:
        return None
    rows, seconds = len(fold_cache.data.train_y), round(trained.seconds, 3)
    done = {"rows_compared": rows, "rows_learned": rows, "folds": len(fold_cache.data.folds), "repeats": 0}
    # Nothing was chosen: its cross-validation is its own.
    return manifest.race.model_copy(update={**done, "scores": [], "seconds": seconds, "cut": None})


def _candidate(member: Member) -> Candidate:
    return Candidate(regressor(member.model_type), member.parameters, member.target_transform)
