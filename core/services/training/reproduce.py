"""Reproduce a stored model: train it again from its manifest and compare the figures."""

from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from core.automl.ensemble_selection import weighted_prediction
from core.automl.screening import subsample_split, with_finer_folds
from core.errors import ConflictError
from core.manifests import DatasetManifest
from core.model_manifest import ModelManifest
from core.progress import ReportProgress, ignore_progress
from core.regressors.fold_cache import FoldCache
from core.regressors.metrics import evaluate
from core.regressors.splits import Split, fold_as_split
from core.services.training.join_files import open_joined
from core.services.training.refit_stored import fit_members, limits_of_members, members_of, weights_of
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

    The metrics of the holdout and the score of each fold are compared; of an ensemble only the former, because the
    weights of its folds came from candidates that are not stored, and of the winner of a portfolio too where that
    was compared on other rows than it was trained on. Raises `NoSuchModelError`, `NoSuchFileError`, and
    `ConflictError` where the dataset is not the one that it was trained on.
    """
    manifest = workspace.models.manifest(name, number)
    dataset, data = _opened(workspace, manifest)
    if dataset.sha256 != manifest.dataset.sha256:
        raise ConflictError(f"The dataset {dataset.file_id} is not the one that {name!r} was trained on.")
    members, allowed = members_of(manifest), limits_of_members(manifest)
    compared, learned = _fold_caches(manifest, data)
    trials = fit_members(learned, members, [learned.holdout_fold], allowed, report_progress)
    predicted = weighted_prediction(trials, weights_of(members), learned.holdout_fold)
    stored, found = dict(manifest.metrics), evaluate(learned.data.test_y, predicted)
    if compared is not None:
        (trial,) = fit_members(compared, members, compared.fold_numbers[:-1], allowed, report_progress)
        own = manifest.race.scores if manifest.race else []
        stored |= _numbered(own or manifest.cross_validation.scores)
        found |= _numbered(trial.scores)
    return Reproduction(manifest, stored, {key: found.get(key) for key in stored}, _other_libraries(manifest))


def _opened(workspace: Workspace, manifest: ModelManifest) -> tuple[DatasetManifest, Split]:
    """Return the split that it was trained on: of one file, or of one and earlier files of its series."""
    trained, target = manifest.dataset, manifest.target_column
    if trained.earlier is not None:
        dataset, data = open_joined(workspace, trained.file_id, trained.earlier, manifest)
        return dataset, subsample_split(data, trained.rows_train)
    recipe, validation = manifest.recipe, manifest.validation
    return open_split(workspace, trained.file_id, target, manifest.test_size, recipe, validation)


def _fold_caches(manifest: ModelManifest, data: Split) -> tuple[FoldCache | None, FoldCache]:
    """Return the folds that the model was compared on and those that it was fitted on.

    The first are None where they are not reproducible.
    """
    search = manifest.race
    if search is None:
        fold_cache = FoldCache(data)
        return (None if manifest.members else fold_cache), fold_cache
    folded, _ = with_finer_folds(subsample_split(data, search.rows_compared))
    compared = FoldCache(replace(folded, folds=folded.folds[: search.folds * (search.repeats + 1)]))
    if search.learned_fold is not None:
        return (None if manifest.members else compared), FoldCache(fold_as_split(folded, search.learned_fold))
    alike = search.rows_compared == search.rows_learned and not manifest.members
    return (compared if alike else None), FoldCache(subsample_split(data, search.rows_learned))


def _numbered(scores: list[float]) -> Figures:
    return {f"fold {number}": score for number, score in enumerate(scores, start=1)}


def _same(stored: Any, found: Any) -> bool:
    if stored is None or found is None:
        return stored is found
    return bool(np.isclose(stored, found, rtol=SAME, atol=SAME))


def _other_libraries(manifest: ModelManifest) -> dict[str, tuple[str, str]]:
    running = {name: version(name) for name in manifest.libraries if name != "python"}
    return {name: (manifest.libraries[name], now) for name, now in running.items() if manifest.libraries[name] != now}
