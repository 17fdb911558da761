"""Training a stored model once more from its manifest, to see that the same comes out."""

from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from core.automl.ensemble_selection import mixed
from core.automl.screening import with_finer_folds, with_rows
from core.errors import ConflictError
from core.manifests import DatasetManifest, ModelManifest
from core.progress import ReportProgress, ignore_progress
from core.regressors.fold_cache import FoldCache
from core.regressors.metrics import evaluate
from core.regressors.splits import Split
from core.services.training.join_files import open_joined
from core.services.training.publish import LIBRARIES
from core.services.training.refit_stored import allowed_of, members_of, refit, weights_of
from core.services.training.train import open_split
from core.storage.workspace import Workspace

# Sums of many numbers differ in their last digits from machine to machine.
SAME = 1e-9

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Reproduction:
    """A model's figures as they are stored, and as they came out again; `libraries` are those that differ by now."""

    manifest: ModelManifest
    stored: Figures
    found: Figures
    libraries: dict[str, tuple[str, str]]

    @property
    def differing(self) -> list[str]:
        """The names of the figures that are not the same, up to rounding."""
        return [name for name, value in self.stored.items() if not _same(value, self.found[name])]


def reproduce(
    workspace: Workspace, name: str, number: int | None = None, report_progress: ReportProgress = ignore_progress
) -> Reproduction:
    """Train a version (the serving one without `number`) again from its manifest and its dataset; nothing is stored.

    Compared are the metrics of the holdout and the score of each fold; of a blend only the former, because the
    weights of its folds came from candidates that it does not keep, and of the winner of a portfolio too where that
    was compared on other rows than it learned from. Raises `NoSuchModelError`, `NoSuchFileError`, and
    `ConflictError` where the dataset is not the one that it was trained on.
    """
    manifest = workspace.models.manifest(name, number)
    dataset, data = _opened(workspace, manifest)
    if dataset.sha256 != manifest.dataset.sha256:
        raise ConflictError(f"The dataset {dataset.file_id} is not the one that {name!r} was trained on.")
    members, allowed = members_of(manifest), allowed_of(manifest)
    compared, learned = _benches(manifest, data)
    entries = refit(learned, members, [learned.holdout_fold], allowed, report_progress)
    predicted = mixed(entries, weights_of(members), learned.holdout_fold)
    stored, found = dict(manifest.metrics), evaluate(learned.data.test_y, predicted)
    if compared is not None:
        (entry,) = refit(compared, members, compared.fold_numbers[:-1], allowed, report_progress)
        own = manifest.race.scores if manifest.race else []
        stored |= _numbered(own or manifest.cross_validation.scores)
        found |= _numbered(entry.scores(compared))
    return Reproduction(manifest, stored, {key: found.get(key) for key in stored}, _other_libraries(manifest))


def _opened(workspace: Workspace, manifest: ModelManifest) -> tuple[DatasetManifest, Split]:
    """The split that it learned from: of one file, or of one and the files of its series before it."""
    trained, target = manifest.dataset, manifest.target_column
    if trained.earlier is not None:
        dataset, data = open_joined(workspace, trained.file_id, trained.earlier, manifest)
        return dataset, with_rows(data, trained.rows_train)
    recipe, validation = manifest.recipe, manifest.validation
    return open_split(workspace, trained.file_id, target, manifest.test_size, recipe, validation)


def _benches(manifest: ModelManifest, data: Split) -> tuple[FoldCache | None, FoldCache]:
    """What the model was compared on (None where that cannot be done again), and what it learned from."""
    race = manifest.race
    if race is None:
        fold_cache = FoldCache(data)
        return (None if manifest.members else fold_cache), fold_cache
    learned = with_rows(data, race.rows_learned)
    folded, _ = with_finer_folds(learned)
    compared = FoldCache(replace(folded, folds=folded.folds[: race.folds * (race.repeats + 1)]))
    alike = race.rows_compared == race.rows_learned and not manifest.members
    return (compared if alike else None), FoldCache(learned)


def _numbered(scores: list[float]) -> Figures:
    return {f"fold {number}": score for number, score in enumerate(scores, start=1)}


def _same(stored: Any, found: Any) -> bool:
    if stored is None or found is None:
        return stored is found
    return bool(np.isclose(stored, found, rtol=SAME, atol=SAME))


def _other_libraries(manifest: ModelManifest) -> dict[str, tuple[str, str]]:
    running = {name: version(name) for name in LIBRARIES}
    return {name: (was, running[name]) for name, was in manifest.libraries.items() if running.get(name, was) != was}
