"""Training: POST /model/train and POST /model/compare."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from core.training_orders import checked_compare, checked_train
from functions.deferring import Asked, carry_out
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
def train(workspace: Workspace, asked: Asked, body: TrainRequest) -> Any:
    """Train one regressor, judge it on a holdout and by 5-fold cross-validation, and let it serve."""
    return carry_out(workspace, "train", body.model_dump(), asked, checked_train)


@router.post("/compare")
def compare(
    workspace: Workspace,
    asked: Asked,
    test_size: Annotated[float, Query(gt=0, lt=1)] = 0.2,
    target_column: Annotated[str | None, Query(description="default: the one that processing stored")] = None,
    file_id: Annotated[str | None, Query(description="default: the current file")] = None,
) -> Any:
    """Train every regressor on the same split; sorted by cross-validated R2."""
    order = {"test_size": test_size, "target_column": target_column, "file_id": file_id}
    return carry_out(workspace, "compare", order, asked, checked_compare)


app = create_app(router)
