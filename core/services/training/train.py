"""Train one regressor on a stored dataset, as it is or tuned, and store the model."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import PurePath

from core.automl.training import TrainedModel, train
from core.catalogue import regressor
from core.errors import TargetError
from core.jobs.commands import TrainCommand
from core.manifests import DatasetManifest, Recipe
from core.model_manifest import RANDOM, ModelManifest, Validation
from core.preprocessing.features import check_target, choose_features
from core.preprocessing.pipeline import raw_frame
from core.progress import ReportProgress, ignore_progress, stop_once
from core.regressors.all_rows import AllRows
from core.regressors.candidates import Candidate
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Split, SplitOptions, evenly_spaced, split_table
from core.regressors.validation import check_validation, requested_validation
from core.services.processing.open_table import open_table
from core.services.training.placement import RowsToRead, rows_to_read
from core.services.training.publish import Publication, publish_model
from core.settings import settings
from core.storage.model_repository import check_name
from core.storage.workspace import Workspace
from core.tables.table import Table


def train_model(
    workspace: Workspace,
    command: TrainCommand,
    report_progress: ReportProgress = ignore_progress,
    job_id: str | None = None,
) -> ModelManifest:
    """Train, compile, check and store one model; return its manifest. A job does it once, however often it runs.

    Raises what `open_split`, `train` and `publish_model` raise; then nothing is stored.
    """
    # Before anything is read.
    candidate = requested_candidate(command)
    validation = requested_validation(command.validation, command.time_column, command.group_column)
    dataset, data = open_split(
        workspace,
        command.file_id,
        command.target_column,
        command.test_size,
        validation=validation,
        rows_to_read=lambda dataset: rows_to_read(command, dataset, [candidate]),
    )
    name = model_name(command.model_name, dataset, candidate.regressor.name)
    before = workspace.models.published_by(name, job_id) if job_id is not None else None
    if before is not None:
        return before
    publication = Publication(workspace.models, dataset, command.test_size, job_id)
    return train_on_split(publication, data, command, name, report_progress)


def train_on_split(
    publication: Publication,
    data: Split,
    command: TrainCommand,
    name: str,
    report_progress: ReportProgress = ignore_progress,
) -> ModelManifest:
    """Train one model on a split of the publication's dataset and publish it; raises what `train_model` raises."""
    report_progress = stop_once(report_progress)
    trained: TrainedModel = train(
        data,
        requested_candidate(command),
        limits(),
        report_progress,
        any_target=command.target_transform == "auto",
        tuning_seconds=command.tuning_seconds if command.tune_hyperparameters else None,
    )
    report_progress("storing", 1.0)
    return publish_model(publication, name, data, trained)


def requested_candidate(command: TrainCommand) -> Candidate:
    """Return the candidate of a command; raises `UnknownModelTypeError` and `ParameterError`."""
    target_transform = "none" if command.target_transform == "auto" else command.target_transform
    candidate = Candidate(regressor(command.model_type), command.params or {}, target_transform)
    candidate.make_estimator(1, limits())
    return candidate


def open_split(
    workspace: Workspace,
    file_id: str | None,
    target_column: str | None,
    test_size: float,
    recipe: Recipe | None = None,
    validation: Validation = RANDOM,
    rows_to_read: Callable[[DatasetManifest], RowsToRead] = lambda dataset: RowsToRead(dataset.rows),
) -> tuple[DatasetManifest, Split]:
    """Open a dataset and split it, by its stored recipe unless `recipe` is given; only the needed columns are loaded.

    `rows_to_read` returns how many of its rows are, and whether the split is to know the others.

    Raises `NoSuchFileError`, `TargetError`, `UnknownColumnError`, `InvalidInputError`, `NotEnoughRowsError`.
    """
    with open_table(workspace, file_id) as (manifest, table):
        used = recipe or manifest.recipe
        target, (most, then_all) = target_of(used, target_column), rows_to_read(manifest)
        data = split_dataset(manifest, table, used, target, test_size, validation, most)
    if then_all:
        complete = [column.name for column in data.columns if used.handling(column.name) == "drop"]
        opened, read = partial(open_table, workspace, manifest.file_id), evenly_spaced(manifest.rows, most)
        data = replace(data, all_rows=AllRows(opened, manifest.rows, read, target, complete, validation))
    return manifest, data


def split_dataset(
    manifest: DatasetManifest,
    table: Table,
    recipe: Recipe,
    target: str,
    test_size: float,
    validation: Validation = RANDOM,
    most_rows: int | None = None,
) -> Split:
    """Split the table of a dataset, or `most_rows` rows of it, evenly spaced; raises what `open_split` raises."""
    check_target(manifest.columns, target)
    check_validation(manifest.columns, target, validation)
    grouped_by = validation.column if validation.kind == "group" else None
    features, notes = choose_features(manifest.columns, recipe, target, manifest.rows, table.numbers, grouped_by)
    needed = dict.fromkeys([target, *(column.name for column in features), validation.column])
    notes += _maybe_flattering(manifest, target, validation)
    rows = None
    if most_rows is not None and most_rows < manifest.rows:
        rows = evenly_spaced(manifest.rows, most_rows)
        notes.append(f"{most_rows:,} of the {manifest.rows:,} rows were read, spread evenly: memory allows no more")
    options = SplitOptions(features, recipe, target, test_size, validation)
    data = split_table(raw_frame(table, [name for name in needed if name is not None], rows), options, notes)
    return data if rows is None else replace(data, rows_read=len(rows))


def _maybe_flattering(manifest: DatasetManifest, target: str, validation: Validation) -> list[str]:
    """Return a note where rows are divided at random although the table seems to be ordered in time."""
    name = manifest.time_column
    if name is None or name == target or validation.kind != "random":
        return []
    return [
        f"{name!r} may say when each row was, and the folds are random: a row is judged by a model that knows its "
        f"neighbours in time, which may flatter. validation=time with time_column={name} says how well later rows are "
        "predicted"
    ]


def target_of(recipe: Recipe, wanted: str | None) -> str:
    """Return the target of the request or the recipe; raises `TargetError` without one."""
    target = wanted or recipe.target_column
    if target is None:
        raise TargetError(
            "No target column is set. Send target_column, or store one with POST /data/process.",
            [{"field": "target_column", "message": "is needed"}],
        )
    return target


def model_name(wanted: str | None, dataset: DatasetManifest, kind: str) -> str:
    """Return the caller's name, or one of the file and the model type, such as `housing-ridge`."""
    if wanted is None:
        stem = re.sub(r"[^\w.\-]+", "_", PurePath(dataset.filename).stem).strip("._-") or "model"
        return f"{stem[:60]}-{kind}"
    check_name(wanted, "model_name")
    return wanted


def limits() -> TrainingLimits:
    """Return the training limits of the settings."""
    return TrainingLimits(threads=settings().threads, model_bytes=settings().model_max_bytes)
