"""Refit the members of a stored model, on the same rows or on others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.metrics import r2_score

from core.array_types import Floats
from core.automl.ensemble_selection import ENSEMBLE, make_ensemble, weighted_prediction
from core.automl.scheduler import run_trials
from core.automl.screening import subsample_split, with_finer_folds
from core.automl.training import TrainedModel, evaluate_on_holdout, evaluate_trial
from core.automl.trial import Trial, make_trial
from core.automl.trial_names import trial_names
from core.catalogue import regressor
from core.jobs.commands import MOST_SECONDS as FUNCTION_SECONDS
from core.jobs.effort import is_in_batch
from core.machine_memory import PROCESS_BYTES, training_bytes
from core.manifests import DatasetManifest
from core.model_manifest import EnsembleMember, ModelManifest, SearchRecord
from core.progress import ReportProgress, ignore_progress
from core.regressors.candidates import Candidate
from core.regressors.expected_memory import expected_bytes, rows_within
from core.regressors.expected_time import expected_seconds, matrix_width
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.metrics import cross_validation
from core.regressors.splits import Split
from core.regressors.unseen_rows import OutOfFold
from core.services.training.train import limits
from core.settings import settings
from core.storage.series_repository import TrainingForecast

# The expected time to train a challenger. The forecast is right within a factor of about three, and a worker on
# Lambda has 15 minutes in all. A container of AWS Batch may take the same share of its longer time.
MOST_SECONDS = 240.0
FEWER, FEWEST_ROWS = 0.9, 1_000


def limit_rows(manifest: ModelManifest, data: Split) -> Split:
    """Return the split with as many train rows, evenly spaced, as the model's members should fit in time.

    The holdout has at most as many rows as that of a portfolio search.
    """
    candidates = [candidate_of(member) for member in members_of(manifest)]
    width, allowed, rows = matrix_width(data.columns), limits(), len(data.train_y)
    most = MOST_SECONDS * (settings().job_seconds / FUNCTION_SECONDS if is_in_batch() else 1)
    while rows > FEWEST_ROWS and expected_seconds(candidates, rows, width, allowed) > most:
        rows = int(FEWER * rows)
    fewer = subsample_split(data, rows)
    if rows == len(data.train_y):
        return fewer
    note = f"learned from {rows:,} of the {len(data.train_y):,} rows, spread evenly: for more there was no time"
    return replace(fewer, notes=[*fewer.notes, note])


def rows_of_each(manifest: ModelManifest, datasets: Sequence[DatasetManifest]) -> int | None:
    """Return how many rows of each of these files have room in memory together; None where all rows have.

    Files with fewer rows leave their room to the others.
    """
    candidates = [candidate_of(member) for member in members_of(manifest)]
    rows, columns = sorted(one.rows for one in datasets), datasets[-1].columns
    left = rows_within(candidates, training_bytes(), columns, kept=bool(manifest.members), joined=True)
    for place, count in enumerate(rows):
        share = left // (len(rows) - place)
        if count > share:
            return max(share, FEWEST_ROWS)
        left -= count
    return None


def forecast_retraining(manifest: ModelManifest, dataset: DatasetManifest) -> TrainingForecast:
    """Return what training the model's members on all rows of a dataset takes."""
    candidates = [candidate_of(member) for member in members_of(manifest)]
    kept = bool(manifest.members)
    memory = expected_bytes(candidates, dataset.rows, dataset.columns, kept=kept) - PROCESS_BYTES
    seconds = expected_seconds(candidates, dataset.rows, matrix_width(dataset.columns), replace(limits(), threads=1))
    return TrainingForecast(memory_bytes=memory, seconds=seconds)


def members_of(manifest: ModelManifest) -> list[EnsembleMember]:
    """Return the members of an ensemble; any other model is its only member."""
    alone = EnsembleMember(
        model_type=manifest.model_type,
        parameters=manifest.parameters,
        target_transform=manifest.target_transform,
        weight=1.0,
        cross_validation=manifest.cross_validation,
    )
    return manifest.members or [alone]


def weights_of(members: Sequence[EnsembleMember]) -> Floats:
    """Return the weights of the members, float64."""
    return np.array([member.weight for member in members])


def fit_members(
    fold_cache: FoldCache,
    members: Sequence[EnsembleMember],
    fold_numbers: Sequence[int],
    allowed: TrainingLimits,
    report_progress: ReportProgress,
) -> list[Trial]:
    """Fit the members on these folds; raises the failure of one that fails now."""
    trials = [make_trial(fold_cache, candidate_of(member), allowed) for member in members]
    trials = run_trials(fold_cache, trials, fold_numbers, allowed, report_progress)
    for trial in trials:
        if trial.failure is not None:
            raise trial.failure
    return trials


def limits_of_members(manifest: ModelManifest) -> TrainingLimits:
    """Return the training limits of its members."""
    return limits() if manifest.race is None else replace(limits(), model_bytes=manifest.race.member_bytes)


def retrain_as(manifest: ModelManifest, data: Split, report_progress: ReportProgress = ignore_progress) -> TrainedModel:
    """Train a stored model again on other rows: the same members with the same parameters and weights.

    It is cross-validated, fitted on the training part and evaluated on the holdout as in any training; raises what that
    does.
    """
    folds = len(data.folds)
    if manifest.race is not None:
        data, folds = with_finer_folds(data)
    fold_cache = FoldCache(replace(data, folds=data.folds[:folds]), kept=bool(manifest.members))
    members = members_of(manifest)
    trials = fit_members(fold_cache, members, fold_cache.fold_numbers, limits_of_members(manifest), report_progress)
    trained = (
        evaluate_trial(fold_cache, trials[0]) if not manifest.members else _add_ensemble(fold_cache, members, trials)
    )
    return replace(trained, search=_search_record(manifest, fold_cache, trained))


def refit_as(
    manifest: ModelManifest, data: Split, report_progress: ReportProgress = ignore_progress
) -> "UnstoredModel":
    """Fit a stored model again on other rows without evaluating it, to predict with it."""
    fold_cache = FoldCache(data, kept=bool(manifest.members))
    members = members_of(manifest)
    trials = fit_members(fold_cache, members, [fold_cache.holdout_fold], limits_of_members(manifest), report_progress)
    return UnstoredModel([column.name for column in data.columns], trials, weights_of(members))


class UnstoredModel:
    """A fitted model that is not stored."""

    def __init__(self, names: list[str], trials: list[Trial], weights: Floats) -> None:
        self._names = names
        self._trials = trials
        self._weights = weights

    def predict(self, frame: Any) -> Floats:
        """Predict a frame of raw columns (float64, n rows)."""
        rows = frame[self._names]
        predicted = [np.asarray(trial.fitted.predict(rows), np.float64) for trial in self._trials]
        return np.asarray(np.column_stack(predicted) @ self._weights, np.float64)


def ensemble_of(trials: Sequence[Trial], weights: Floats) -> Any:
    """Return the fitted ensemble of these fitted members."""
    labelled = [(f"{trial.label}-{place}", trial.fitted) for place, trial in enumerate(trials)]
    return make_ensemble(labelled, weights.tolist())


def _add_ensemble(fold_cache: FoldCache, members: Sequence[EnsembleMember], trials: Sequence[Trial]) -> TrainedModel:
    weights = weights_of(members)
    predicted = {
        fold_number: weighted_prediction(trials, weights, fold_number) for fold_number in fold_cache.fold_numbers
    }
    y, folds = fold_cache.data.train_y, fold_cache.data.folds
    names = trial_names([trial.candidate for trial in trials])
    notes = [f"{name}: {note}" for name, trial in zip(names, trials, strict=True) for note in trial.notes]
    return evaluate_on_holdout(
        fold_cache.data,
        ENSEMBLE,
        ensemble_of(trials, weights),
        predicted[fold_cache.holdout_fold],
        out_of_fold=OutOfFold(fold_cache.data, predicted),
        scores=[float(r2_score(y[fold.test], predicted[fold_number])) for fold_number, fold in enumerate(folds)],
        parameters={},
        target_transform="none",
        seconds=sum(trial.seconds for trial in trials),
        notes=[*fold_cache.data.notes, *notes, "a blend with the members and weights of the model before it"],
        members=[
            member.model_copy(update={"cross_validation": cross_validation(trial.scores)})
            for member, trial in zip(members, trials, strict=True)
        ],
    )


def _search_record(manifest: ModelManifest, fold_cache: FoldCache, trained: TrainedModel) -> SearchRecord | None:
    """Return the search record of the refitted model, which `reproduce` reads; None if the stored one has none."""
    if manifest.race is None:
        return None
    rows, seconds = len(fold_cache.data.train_y), round(trained.seconds, 3)
    folds = len(fold_cache.data.folds)
    done = {"rows_compared": rows, "rows_learned": rows, "learned_fold": None, "folds": folds, "repeats": 0}
    # Nothing was selected, so its cross-validation is its own.
    return manifest.race.model_copy(update={**done, "scores": [], "seconds": seconds, "cut": None})


def candidate_of(member: EnsembleMember) -> Candidate:
    """Return the candidate that a member was."""
    return Candidate(regressor(member.model_type), member.parameters, member.target_transform)
