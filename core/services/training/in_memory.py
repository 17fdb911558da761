"""Train on a file without a store: read it, train and publish as the service does, and keep the models in memory."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from core.jobs.commands import CompareCommand, TrainCommand
from core.manifests import DatasetManifest, Reading, Recipe
from core.model_manifest import ModelManifest, Validation
from core.progress import ReportProgress, progress_within
from core.regressors.splits import Split
from core.regressors.validation import requested_validation
from core.services.processing.describe import describe
from core.services.processing.received_table import find_table
from core.services.processing.recipe_check import check_recipe
from core.services.training.compare import compare_on_split
from core.services.training.comparison import included
from core.services.training.frame_file import received_frame
from core.services.training.publish import Publication
from core.services.training.train import model_name, requested_candidate, split_dataset, target_of, train_on_split
from core.settings import settings
from core.stored_document import new_file_id
from core.tables.csv_reader import read_table
from core.types import Json

# The share of the work that is done when the file has been read and split.
READING_SHARE = 0.1
# The name of a DataFrame where a file has its own.
FRAME = "data"


@dataclass(frozen=True)
class KeptModel:
    """A model with its files, by the names that `core.storage.artifacts` has for them."""

    manifest: ModelManifest
    files: Mapping[str, bytes]


@dataclass
class ModelsInMemory:
    """A `ModelStore` that keeps the newest model of each name. Many threads may publish at once."""

    models: dict[str, KeptModel] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def publish(self, draft: ModelManifest, files: Mapping[str, bytes], *, promote: bool = True) -> ModelManifest:
        """Keep a model as the first version of its name."""
        manifest = draft.model_copy(update={"version": 1})
        with self._lock:
            self.models[manifest.model_name] = KeptModel(manifest, dict(files))
        return manifest


@dataclass(frozen=True)
class OpenedFile:
    """A file that was read and split, with the store that gets its models."""

    dataset: DatasetManifest
    split: Split
    store: ModelsInMemory

    def publication(self, test_size: float) -> Publication:
        """Return what the models of the file have in common."""
        return Publication(self.store, self.dataset, test_size)


def train_file(
    source: Any, command: TrainCommand, reading: Reading, recipe: Recipe, report_progress: ReportProgress
) -> tuple[DatasetManifest, KeptModel]:
    """Train one model on a file, by its path, or on a DataFrame; return how that was read, and the model.

    Raises what an upload, `process` and `train_model` raise.
    """
    candidate = requested_candidate(command)
    validation = requested_validation(command.validation, command.time_column, command.group_column)
    opened = _open(source, command, validation, reading, recipe, report_progress)
    name = model_name(None, opened.dataset, candidate.regressor.name)
    rest = progress_within(report_progress, READING_SHARE, 1)
    train_on_split(opened.publication(command.test_size), opened.split, command, name, rest)
    return opened.dataset, opened.store.models[name]


def compare_file(
    source: Any, command: CompareCommand, reading: Reading, recipe: Recipe, report_progress: ReportProgress
) -> tuple[DatasetManifest, Json, dict[str, KeptModel]]:
    """Compare regressors on a file, by its path, or on a DataFrame.

    Returns how that was read, what `compare_models` returns, and the models by name. Raises what an upload, `process`
    and `compare_models` raise.
    """
    command.check_options()
    included(command)
    begun = time.monotonic()
    validation = requested_validation(command.validation, command.time_column, command.group_column)
    opened = _open(source, command, validation, reading, recipe, report_progress)
    rest = progress_within(report_progress, READING_SHARE, 1)
    answer = compare_on_split(opened.publication(command.test_size), opened.split, command, begun, rest)
    return opened.dataset, answer, opened.store.models


def _open(
    source: Any,
    command: TrainCommand | CompareCommand,
    validation: Validation,
    reading: Reading,
    recipe: Recipe,
    report_progress: ReportProgress,
) -> OpenedFile:
    """Read and split a file; raises what an upload, `process` and `open_split` raise."""
    target = target_of(recipe, command.target_column)
    recipe = recipe.model_copy(update={"target_column": target})
    with TemporaryDirectory(prefix="regatta-") as name:
        folder = Path(name)
        if isinstance(source, str | Path):
            found, filename = find_table(Path(source), folder, reading, settings().max_file_bytes), Path(source).name
        else:
            found, filename = received_frame(source, folder, reading), FRAME
        progress = progress_within(report_progress, 0, READING_SHARE)
        table = read_table(found.dialect, folder, progress, found.reading)
        described = describe(new_file_id(), filename, found, table, reading)
        check_recipe(described.manifest.columns, recipe)
        dataset = described.manifest.model_copy(update={"recipe": recipe})
        split = split_dataset(dataset, described.table, recipe, target, command.test_size, validation)
    return OpenedFile(dataset, split, ModelsInMemory())
