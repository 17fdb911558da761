"""Training: POST /model/train and POST /model/compare."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from core.modelling import TrainingOrder, compare_models, train_model
from core.settings import settings
from functions.http import RequestBody, Workspace, create_app

router = APIRouter(prefix="/model", tags=["model"])


class TrainRequest(RequestBody):
    """What to train on which file. Without `target_column` it is the one that processing stored."""

    model_type: str
    target_column: str | None = None
    test_size: float = Field(0.2, gt=0, lt=1, description="share of the rows held out to judge the model")
    return_model: bool = Field(False, description="send the signed model back as model_data")
    model_name: str | None = Field(None, description="default: made of the file and the model type")
    params: dict[str, Any] | None = Field(None, description="parameters of the scikit-learn estimator")
    file_id: str | None = Field(None, description="default: the current file")


@router.post("/train")
def train(workspace: Workspace, body: TrainRequest) -> dict[str, Any]:
    """Train one regressor, judge it on a holdout and by 5-fold cross-validation, and let it serve."""
    order = TrainingOrder(body.model_type, body.target_column, body.test_size, body.model_name, body.params)
    manifest, model_data = train_model(workspace, body.file_id, order, sealed=body.return_model)
    warnings = list(manifest.notes)
    limit = settings().max_response_bytes
    if model_data is not None and len(model_data) > limit:
        model_data = None
        warnings.append(f"model_data is over the {limit:,} bytes of an answer; predict with model_name instead")
    answer = {
        "model_name": manifest.model_name,
        "version": manifest.version,
        "model_type": manifest.model_type,
        "target_column": manifest.target_column,
        "metrics": manifest.metrics,
        "cross_validation": manifest.cross_validation.model_dump(),
        "parameters": manifest.parameters,
        "training_seconds": manifest.training_seconds,
        "size_bytes": manifest.graph.size_bytes,
        "warnings": warnings,
    }
    return {**answer, "model_data": model_data} if body.return_model else answer


@router.post("/compare")
def compare(
    workspace: Workspace,
    test_size: Annotated[float, Query(gt=0, lt=1)] = 0.2,
    target_column: Annotated[str | None, Query(description="default: the one that processing stored")] = None,
    file_id: Annotated[str | None, Query(description="default: the current file")] = None,
) -> dict[str, Any]:
    """Train every regressor on the same split; sorted by cross-validated R2."""
    return compare_models(workspace, file_id, target_column, test_size)


app = create_app(router)
