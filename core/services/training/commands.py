"""Training and comparing as orders: plain fields in, the answer of the HTTP call out, now or as a job."""

from typing import Any

from core.catalogue import DEFAULT_MODEL_TYPES, regressor
from core.manifests import DatasetManifest
from core.preprocessing.features import check_target
from core.progress import ReportProgress
from core.regressors.candidates import Candidate
from core.regressors.expected_time import expected_seconds
from core.regressors.limits import TrainingLimits
from core.regressors.validation import check_validation, requested_validation
from core.services.training.compare import CompareOrder, compare_models
from core.services.training.train import TrainingOrder, limits, model_name, target_of, train_model
from core.storage.container import storage
from core.types import Json

SHOWN = {"validation", "train_metrics", "baseline", "parameters", "target_column", "target_transform", "importance"}


def train(workspace: str, order: Json, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Train one model; raises what `train_model` raises. `return_model` is the business of `service.answer`."""
    manifest = train_model(workspace, order["file_id"], _training(order), report_progress, job_id=job_id)
    return {**manifest.result(), **manifest.model_dump(include=SHOWN), "warnings": manifest.notes}


def compare(workspace: str, order: Json, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Train every regressor; raises what `compare_models` raises."""
    return compare_models(workspace, order["file_id"], _comparison(order), report_progress, job_id=job_id)


def checked_train(workspace: str, order: Json) -> tuple[Json, float]:
    """The order with its file named, and how many seconds it should take.

    Raises at once what no training could do: `NoSuchFileError`, `NoCurrentFileError`, `UnknownModelTypeError`,
    `ParameterError`, `UnknownColumnError`, `TargetError`, `InvalidInputError`.
    """
    wanted = _training(order)
    chosen = regressor(wanted.model_type)
    candidate = Candidate(chosen, wanted.params)
    candidate.make_estimator(1, limits())
    dataset = _dataset(workspace, order)
    model_name(wanted.model_name, dataset, chosen.name)
    tuning = wanted.tuning_seconds if wanted.tune_hyperparameters else 0.0
    return _with_file(order, dataset), _expected([candidate], dataset, limits(), tuning)


def checked_compare(workspace: str, order: Json) -> tuple[Json, float]:
    """The same for a comparison; a race of the portfolio takes all the time it is given."""
    wanted = _comparison(order)
    wanted.check()
    candidates = [
        Candidate(regressor(name, "include")) for name in dict.fromkeys([*DEFAULT_MODEL_TYPES, *wanted.include])
    ]
    dataset = _dataset(workspace, order)
    tuning = wanted.tuning_seconds if wanted.tune_hyperparameters else 0.0
    seconds = _expected(candidates, dataset, limits(), tuning)
    limit = wanted.time_limit or seconds
    return _with_file(order, dataset), limit if wanted.portfolio else min(seconds, limit)


def _training(order: Json) -> TrainingOrder:
    fields = {name: value for name, value in order.items() if name not in ("file_id", "return_model")}
    return TrainingOrder(**{**fields, "params": order["params"] or {}})


def _comparison(order: Json) -> CompareOrder:
    return CompareOrder(**{name: value for name, value in order.items() if name != "file_id"})


def _dataset(workspace: str, order: Json) -> DatasetManifest:
    """The dataset that is to be learned from; raises what is wrong with it, its target, or how it is to be divided."""
    validation = requested_validation(order["validation"], order["time_column"], order["group_column"])
    dataset = storage().datasets.manifest(workspace, order["file_id"], fresh=True)
    target = target_of(dataset.recipe, order["target_column"])
    check_target(dataset.columns, target)
    check_validation(dataset.columns, target, validation)
    return dataset


def _expected(candidates: list[Candidate], dataset: DatasetManifest, limits: TrainingLimits, tuning: float) -> float:
    return expected_seconds(candidates, dataset.rows, len(dataset.columns), limits.threads, tuning)


def _with_file(order: Json, dataset: DatasetManifest) -> dict[str, Any]:
    """The file that is current now is meant, whatever is current when a job begins."""
    return {**order, "file_id": dataset.file_id}
