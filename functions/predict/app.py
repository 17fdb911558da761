"""Predicting: POST /predict and POST /predict/batch."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from core.prediction import DEFAULT_BATCH, find_model, find_table, predict_records, predict_table
from functions.http import ModelChoice, Workspace, create_app, one_source

router = APIRouter(tags=["predict"])

BATCH_LIMIT = 200_000


class PredictRequest(ModelChoice):
    """One row of raw values, by column name."""

    data: dict[str, Any]


class BatchRequest(ModelChoice):
    """Many rows: the records themselves, or a stored file."""

    data: list[dict[str, Any]] | None = None
    file_id: str | None = None
    batch_size: Annotated[int, Field(ge=1, le=BATCH_LIMIT)] = DEFAULT_BATCH


@router.post("/predict")
async def predict(workspace: Workspace, body: PredictRequest) -> dict[str, Any]:
    """Predict one row."""
    model = find_model(workspace, body.model_name, body.version, body.model_data)
    predicted = predict_records(model, [body.data])
    return {
        "prediction": float(predicted.values[0]),
        "model_name": model.manifest.model_name,
        "version": model.manifest.version,
        "warnings": predicted.warnings,
    }


@router.post("/predict/batch")
def predict_batch(workspace: Workspace, body: BatchRequest) -> dict[str, Any]:
    """Predict many rows, in the order they came."""
    one_source(body.data, body.file_id)
    model = find_model(workspace, body.model_name, body.version, body.model_data)
    if body.file_id is not None:
        predicted = predict_table(model, find_table(workspace, body.file_id), body.batch_size)
    else:
        predicted = predict_records(model, body.data or [], body.batch_size)
    return {
        "predictions": predicted.values.tolist(),
        "count": len(predicted.values),
        "model_name": model.manifest.model_name,
        "version": model.manifest.version,
        "warnings": predicted.warnings,
    }


app = create_app(router)
