"""The commands that train: check one before it is stored or carried out, and answer as the HTTP call does."""

from core.catalogue import regressor
from core.errors import ParameterError
from core.jobs.commands import CompareCommand, TrainCommand
from core.jobs.effort import DOUBT, Effort
from core.manifests import DatasetManifest
from core.parameter_ranges import check_parameters
from core.preprocessing.features import check_target
from core.progress import ReportProgress
from core.regressors.candidates import Candidate
from core.regressors.expected_time import expected_seconds, matrix_width
from core.regressors.limits import TrainingLimits
from core.regressors.validation import check_validation, requested_validation
from core.services.quotas import counts_training
from core.services.training.comparison import included
from core.services.training.placement import place
from core.services.training.train import limits, model_name, target_of, train_model
from core.settings import settings
from core.storage.workspace import Workspace
from core.types import Json

SHOWN = {"validation", "train_metrics", "baseline", "parameters", "target_column", "target_transform", "importance"}


@counts_training
def train(workspace: Workspace, command: TrainCommand, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Train one model and return what POST /model/train answers; raises what `train_model` raises.

    The model itself, which `return_model` asks for, is added by `core.jobs.service.complete_result`.
    """
    manifest = train_model(workspace, command, report_progress, job_id)
    return {**manifest.result(), **manifest.model_dump(include=SHOWN), "warnings": manifest.notes}


def check_train(workspace: Workspace, command: TrainCommand) -> tuple[TrainCommand, Effort]:
    """Return the command with its file named, and what it should take where it is carried out.

    Raises at once what no training could do: `NoSuchFileError`, `NoCurrentFileError`, `UnknownModelTypeError`,
    `ParameterError`, `UnknownColumnError`, `TargetError`, `InvalidInputError`, `TooLargeError`.
    """
    chosen = regressor(command.model_type)
    check_parameters(chosen.name, command.params or {})
    candidate = Candidate(chosen, command.params or {})
    candidate.make_estimator(1, limits())
    dataset = _check_dataset(workspace, command)
    model_name(command.model_name, dataset, chosen.name)
    tuning = command.tuning_seconds if command.tune_hyperparameters else 0.0
    named = command.model_copy(update={"file_id": dataset.file_id})
    seconds = _expected([candidate], dataset, limits(), tuning)
    _check_cost(workspace, candidate, dataset, seconds)
    return named, place(workspace, command, dataset, [candidate], seconds)


def check_compare(workspace: Workspace, command: CompareCommand) -> tuple[CompareCommand, Effort]:
    """Return the command with its file named, and what it should take; raises as `check_train` does.

    A search of the portfolio takes all the time that it is given.
    """
    command.check_options()
    candidates = [Candidate(one) for one in included(command)]
    dataset = _check_dataset(workspace, command)
    tuning = command.tuning_seconds if command.tune_hyperparameters else 0.0
    seconds = _expected(candidates, dataset, limits(), tuning)
    limit = command.time_limit or seconds
    named = command.model_copy(update={"file_id": dataset.file_id})
    expected = limit if command.searches_portfolio else min(seconds, limit)
    return named, place(workspace, command, dataset, candidates, expected)


def _check_dataset(workspace: Workspace, command: TrainCommand | CompareCommand) -> DatasetManifest:
    """Return the dataset to train on: the one that is current now, whatever is current when a job begins.

    Raises what is wrong with it, its target, or how it is to be divided.
    """
    validation = requested_validation(command.validation, command.time_column, command.group_column)
    dataset = workspace.datasets.manifest(command.file_id, fresh=True)
    target = target_of(dataset.recipe, command.target_column)
    check_target(dataset.columns, target)
    check_validation(dataset.columns, target, validation)
    return dataset


def _check_cost(workspace: Workspace, candidate: Candidate, dataset: DatasetManifest, seconds: float) -> None:
    """Raise `ParameterError` where the parameters make a training surely take longer than a job may."""
    most = max(settings().job_seconds, workspace.batch.seconds if workspace.batch else 0)
    usual = _expected([Candidate(candidate.regressor)], dataset, limits(), 0.0)
    if seconds > max(DOUBT * most, usual):
        errors = [{"field": f"params.{name}", "message": "makes it take too long"} for name in candidate.params]
        raise ParameterError(
            f"With these parameters the training would take about {seconds:,.0f} s on this table, and {usual:,.0f} s "
            f"with the defaults; a job may take {most:,} s. Choose smaller numbers, such as fewer trees.",
            errors,
        )


def _expected(candidates: list[Candidate], dataset: DatasetManifest, limits: TrainingLimits, tuning: float) -> float:
    return expected_seconds(candidates, dataset.rows, matrix_width(dataset.columns), limits, tuning)
