"""Predicting into a file: POST /predict/export."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from core.services.prediction.export import ExportOrder, Kind, export_file
from functions.file_responses import file_answer
from functions.http import Workspace, create_app
from functions.idempotency import IdempotentRoute
from functions.model_choice import ModelChoice, one_source
from functions.respond_async import Asked, table_job

router = APIRouter(tags=["predict"], route_class=IdempotentRoute)


class ExportRequest(ModelChoice):
    """What to predict, and as which kind of file."""

    data: list[dict[str, Any]] | None = None
    file_id: str | None = None
    strict: bool = Field(False, description="what would be a warning about the data is an error")
    interval: float | None = Field(None, gt=0, lt=1, description="share of true values that the bounds are to hold")
    format: Kind = "csv"
    raw: bool = Field(False, description="csv: leave texts as they are that a spreadsheet would run as formulas")


@router.post("/predict/export", response_class=Response)
def export(workspace: Workspace, asked: Asked, body: ExportRequest) -> Response:
    """The rows with a column `prediction` at the end, as a CSV, an Excel workbook or a JSON array.

    A file that is larger than one answer may be comes as 303 to a URL that works for an hour. A stored file that is
    more than one request predicts becomes a job (202), whose result says where the file is.
    """
    one_source(body.data, body.file_id)
    if job := table_job(workspace, "export", body.model_dump(exclude={"data", "model_data"}), asked):
        return job
    with TemporaryDirectory(prefix="regatta-") as folder:
        order = ExportOrder.model_validate(body.model_dump())
        return file_answer(workspace, export_file(workspace, order, Path(folder)))


app = create_app(router)
