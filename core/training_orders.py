"""Training and comparing as orders: plain fields in, the answer of the HTTP call out, now or as a job."""

from typing import Any

from core.jobs import Json
from core.learning.catalogue import CATALOGUE, regressor
from core.learning.cost import expected_seconds
from core.modelling import TrainingOrder, check_order, compare_models, train_model
from core.progress import Tell


def train(workspace: str, order: Json, tell: Tell, job_id: str | None) -> Json:
    """Train one model; raises what `train_model` raises. `return_model` is not its business: see `core.jobs.answer`."""
    file_id, what = _parts(order)
    manifest = train_model(workspace, file_id, TrainingOrder(**what), tell=tell, job_id=job_id)
    return {
        "model_name": manifest.model_name,
        "version": manifest.version,
        "model_type": manifest.model_type,
        "target_column": manifest.target_column,
        "metrics": manifest.metrics,
        "cross_validation": manifest.cross_validation.model_dump(),
        "parameters": manifest.parameters,
        "training_seconds": manifest.training_seconds,
        "size_bytes": manifest.graph.size_bytes,
        "warnings": manifest.notes,
    }


def compare(workspace: str, order: Json, tell: Tell, job_id: str | None) -> Json:
    """Train every regressor; raises what `compare_models` raises."""
    return compare_models(workspace, **order, tell=tell, job_id=job_id)


def checked_train(workspace: str, order: Json) -> tuple[Json, float]:
    """The order with its file named, and how many seconds it should take.

    Raises at once what no training could do: `NoSuchFileError`, `NoCurrentFileError`, `UnknownModelTypeError`,
    `ParameterError`, `UnknownColumnError`, `TargetError`, `InvalidInputError`.
    """
    file_id, what = _parts(order)
    wanted = TrainingOrder(**what)
    regressor(wanted.model_type).build(wanted.params or {})
    manifest = check_order(workspace, file_id, wanted.target_column, wanted.model_name)
    seconds = expected_seconds([wanted.model_type], manifest.rows, len(manifest.columns))
    return {**order, "file_id": manifest.file_id}, seconds


def checked_compare(workspace: str, order: Json) -> tuple[Json, float]:
    """The same for a comparison."""
    manifest = check_order(workspace, order["file_id"], order["target_column"], None)
    seconds = expected_seconds(list(CATALOGUE), manifest.rows, len(manifest.columns))
    return {**order, "file_id": manifest.file_id}, seconds


def _parts(order: Json) -> tuple[str | None, dict[str, Any]]:
    """The file that an order is about, and the fields of its `TrainingOrder`."""
    what = {name: value for name, value in order.items() if name not in ("file_id", "return_model")}
    return order["file_id"], what
