"""Training: POST /model/train and POST /model/compare."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from core.manifests import ValidationKind
from core.preprocessing.target_transforms import TargetTransformChoice
from core.services.training.commands import checked_compare, checked_train
from core.services.training.train import TUNING_SECONDS
from functions.http import RequestBody, Workspace, create_app
from functions.respond_async import Asked, carry_out

# As long as the function may run at all.
MOST_SECONDS = 900

router = APIRouter(prefix="/model", tags=["model"])


class TrainRequest(RequestBody):
    """What to train on which file. Without `target_column` it is the one that processing stored."""

    model_type: str
    target_column: str | None = None
    test_size: float = Field(0.2, gt=0, lt=1, description="share of the rows held out to judge the model")
    validation: ValidationKind = Field("random", description="how rows are divided into holdout and folds")
    time_column: str | None = Field(None, description="with validation time: a date, or a number that grows with time")
    group_column: str | None = Field(None, description="with validation group: rows of one value stay together")
    tune_hyperparameters: bool = Field(False, description="look for better parameters than the defaults")
    tuning_seconds: float = Field(TUNING_SECONDS, gt=0, le=MOST_SECONDS, description="how long to look for them")
    target_transform: TargetTransformChoice = Field(
        "none", description="what happens to the target; auto: what scores best"
    )
    return_model: bool = Field(False, description="send the signed model back as model_data")
    model_name: str | None = Field(None, description="default: made of the file and the model type")
    params: dict[str, Any] | None = Field(None, description="parameters of the scikit-learn estimator")
    file_id: str | None = Field(None, description="default: the current file")


@router.post("/train")
def train(workspace: Workspace, asked: Asked, body: TrainRequest) -> Any:
    """Train one regressor, judge it on a holdout and by cross-validation, and let it serve."""
    return carry_out(workspace, "train", body.model_dump(), asked, checked_train)


@router.post("/compare")
def compare(
    workspace: Workspace,
    asked: Asked,
    test_size: Annotated[float, Query(gt=0, lt=1)] = 0.2,
    target_column: Annotated[str | None, Query(description="default: the one that processing stored")] = None,
    file_id: Annotated[str | None, Query(description="default: the current file")] = None,
    validation: Annotated[ValidationKind, Query(description="how rows are divided into holdout and folds")] = "random",
    time_column: Annotated[str | None, Query(description="with validation time: a date, or a number")] = None,
    group_column: Annotated[str | None, Query(description="with validation group: what stays together")] = None,
    include: Annotated[str, Query(description="model types beyond the nine, separated by commas")] = "",
    target_transform: TargetTransformChoice = "none",
    tune_hyperparameters: Annotated[bool, Query(description="show each regressor tuned as well")] = False,
    tuning_seconds: Annotated[float, Query(gt=0, le=MOST_SECONDS, description="for all of them")] = 60.0,
    time_limit: Annotated[float | None, Query(gt=0, le=MOST_SECONDS, description="seconds for the race")] = None,
    ensemble: Annotated[bool, Query(description="add a blend; with time_limit: race the portfolio")] = False,
    max_bytes: Annotated[int | None, Query(gt=0, description="largest model that may win the portfolio")] = None,
    max_latency_us: Annotated[float | None, Query(gt=0, description="slowest, in microseconds for one row")] = None,
) -> Any:
    """Train every regressor on the same split; sorted by cross-validated R2."""
    order = {
        "file_id": file_id,
        "target_column": target_column,
        "test_size": test_size,
        "validation": validation,
        "time_column": time_column,
        "group_column": group_column,
        "include": [name.strip() for name in include.split(",") if name.strip()],
        "target_transform": target_transform,
        "tune_hyperparameters": tune_hyperparameters,
        "tuning_seconds": tuning_seconds,
        "time_limit": time_limit,
        "ensemble": ensemble,
        "max_bytes": max_bytes,
        "max_latency_us": max_latency_us,
    }
    return carry_out(workspace, "compare", order, asked, checked_compare)


app = create_app(router)
