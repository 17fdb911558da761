"""Reproduce a stored model: train it again from its manifest and compare the figures."""

from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from core.automl.ensemble_selection import weighted_prediction
from core.automl.learn_in_parts import learn_in_parts
from core.automl.screening import subsample_split, with_finer_folds
from core.automl.trial import Trial
from core.automl.verified_graph import verify_graph
from core.errors import ConflictError
from core.manifests import DatasetManifest
from core.model_manifest import ModelManifest
from core.progress import ReportProgress, ignore_progress
from core.regressors.fold_cache import FoldCache
from core.regressors.metrics import evaluate
from core.regressors.splits import Split, fold_as_split
from core.services.training.join_files import open_joined
from core.services.training.placement import RowsToRead, rows_read_before
from core.services.training.refit_stored import (
    candidate_of,
    ensemble_of,
    fit_members,
    limits_of_members,
    members_of,
    weights_of,
)
from core.services.training.train import open_split
from core.storage.workspace import Workspace

# Sums of many numbers differ in their last digits between machines.
SAME = 1e-9

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Reproduction:
    """A model's stored metrics and the reproduced ones; `libraries` are those whose versions differ now."""

    manifest: ModelManifest
    stored: Figures
    found: Figures
    libraries: dict[str, tuple[str, str]]

    @property
    def differing(self) -> list[str]:
        """Return the names of the metrics that differ by more than rounding."""
        return [name for name, value in self.stored.items() if not _same(value, self.found[name])]


def reproduce(
    workspace: Workspace, name: str, number: int | None = None, report_progress: ReportProgress = ignore_progress
) -> Reproduction:
    """Train a version (the serving one without `number`) again from its manifest and its dataset; nothing is stored.

    A model of a part of a table, or that learned in parts, is trained on the same rows in the same way. The metrics of
    the holdout and the score of each fold are compared; of an ensemble only the former, because the weights of its
    folds came from candidates that are not stored, and of the winner of a portfolio too where that was compared on
    other rows than it was trained on. Raises `NoSuchModelError`, `NoSuchFileError`, `ConflictError` where the dataset
    or its rows are not those that it was trained on, and `TooLargeError` where there is no memory for them here.
    """
    manifest = workspace.models.manifest(name, number)
    dataset, data = _opened(workspace, manifest)
    if dataset.sha256 != manifest.dataset.sha256:
        raise ConflictError(f"The dataset {dataset.file_id} is not the one that {name!r} was trained on.")
    members, allowed = members_of(manifest), limits_of_members(manifest)
    compared, learned = _fold_caches(manifest, data)
    in_parts = manifest.dataset.in_parts
    _check_rows(manifest, manifest.dataset.rows_train if in_parts else len(learned.data.train_y), learned.data)
    trials = fit_members(learned, members, [learned.holdout_fold], allowed, report_progress)
    if in_parts:
        trials = [_on_all_rows(manifest, learned, trials[0], report_progress)]
    stored, found = dict(manifest.metrics), _metrics(manifest, learned, trials)
    if compared is not None:
        (trial,) = fit_members(compared, members, compared.fold_numbers[:-1], allowed, report_progress)
        own = manifest.race.scores if manifest.race else []
        stored |= _numbered(own or manifest.cross_validation.scores)
        found |= _numbered(trial.scores)
    return Reproduction(manifest, stored, {key: found.get(key) for key in stored}, _other_libraries(manifest))


def _metrics(manifest: ModelManifest, learned: FoldCache, trials: list[Trial]) -> Figures:
    """Return the metrics of the holdout that are nearer to the stored ones: those of the pipeline, or of its graph.

    The graph judges a model of a fold, and differs from the pipeline where neighbours are equally far. The pipeline
    judged those of earlier versions.
    """
    weights, data = weights_of(members_of(manifest)), learned.data
    predicted = [weighted_prediction(trials, weights, learned.holdout_fold)]
    if manifest.race is not None and manifest.race.learned_fold is not None:
        pipeline = ensemble_of(trials, weights) if manifest.members else trials[0].fitted
        predicted.append(verify_graph(pipeline, data).predict(data.test_x))
    metrics = [dict(evaluate(data.test_y, each)) for each in predicted]
    return min(metrics, key=lambda each: abs((each["r2"] or 0.0) - (manifest.metrics["r2"] or 0.0)))


def _opened(workspace: Workspace, manifest: ModelManifest) -> tuple[DatasetManifest, Split]:
    """Return the split that it was trained on: of one file, or of one and earlier files of its series."""
    trained, target = manifest.dataset, manifest.target_column
    if trained.earlier is not None:
        dataset, data = open_joined(workspace, trained.file_id, trained.earlier, manifest, trained.rows_read)
        return dataset, subsample_split(data, trained.rows_train)
    candidates = [candidate_of(member) for member in members_of(manifest)]

    def rows_to_read(dataset: DatasetManifest) -> RowsToRead:
        return rows_read_before(trained, dataset, candidates)

    recipe, validation = manifest.recipe, manifest.validation
    return open_split(workspace, trained.file_id, target, manifest.test_size, recipe, validation, rows_to_read)


def _on_all_rows(manifest: ModelManifest, learned: FoldCache, trial: Trial, report_progress: ReportProgress) -> Trial:
    """Return the trial, fitted on all rows in parts; raises why it cannot be."""
    trial = learn_in_parts(learned, trial, report_progress)
    if trial.failure is not None:
        raise trial.failure
    _check_rows(manifest, trial.rows_learned or len(learned.data.train_y), learned.data)
    return trial


def _check_rows(manifest: ModelManifest, rows_train: int, data: Split) -> None:
    """Raise `ConflictError` where so many train rows, or the holdout, are not as many as the model was trained on."""
    trained = manifest.dataset
    if (rows_train, len(data.test_y)) == (trained.rows_train, trained.rows_test):
        return
    raise ConflictError(
        f"{manifest.model_name!r} learned from {trained.rows_train:,} rows and was judged by {trained.rows_test:,}; "
        f"trained again it would learn from {rows_train:,} and be judged by {len(data.test_y):,}. So its figures do "
        "not compare: the version of Regatta that trained it read other rows, and did not store which. Train it again."
    )


def _fold_caches(manifest: ModelManifest, data: Split) -> tuple[FoldCache | None, FoldCache]:
    """Return the folds that the model was compared on and those that it was fitted on.

    The first are None where they are not reproducible.
    """
    search, kept = manifest.race, bool(manifest.members)
    if search is None:
        fold_cache = FoldCache(data, kept=kept)
        return (None if manifest.members else fold_cache), fold_cache
    folded, _ = with_finer_folds(subsample_split(data, search.rows_compared))
    compared = FoldCache(replace(folded, folds=folded.folds[: search.folds * (search.repeats + 1)]), kept=kept)
    if search.learned_fold is not None:
        # Its holdout may have fewer rows, where there was no time for all.
        of_fold = fold_as_split(folded, search.learned_fold)
        learned = FoldCache(subsample_split(of_fold, len(of_fold.train_y), manifest.dataset.rows_test), kept=kept)
        return (None if manifest.members else compared), learned
    alike = search.rows_compared == search.rows_learned and not manifest.members
    return (compared if alike else None), FoldCache(subsample_split(data, search.rows_learned), kept=kept)


def _numbered(scores: list[float]) -> Figures:
    return {f"fold {number}": score for number, score in enumerate(scores, start=1)}


def _same(stored: Any, found: Any) -> bool:
    if stored is None or found is None:
        return stored is found
    return bool(np.isclose(stored, found, rtol=SAME, atol=SAME))


def _other_libraries(manifest: ModelManifest) -> dict[str, tuple[str, str]]:
    running = {name: version(name) for name in manifest.libraries if name != "python"}
    return {name: (manifest.libraries[name], now) for name, now in running.items() if manifest.libraries[name] != now}
