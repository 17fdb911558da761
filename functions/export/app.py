"""Export predictions: POST /predict/export."""

from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import APIRouter
from fastapi.responses import Response

from core.errors import InvalidInputError
from core.services.prediction.export import ExportRequest, export_rows
from core.services.prediction.parts import check_prefix, refuse_fields
from core.storage.workspace import Workspace
from functions.answer_terms import Terms
from functions.file_responses import file_answer
from functions.http import CallerWorkspace, create_app
from functions.idempotency import IdempotentRoute

router = APIRouter(tags=["predict"], route_class=IdempotentRoute)


@router.post("/predict/export", response_class=Response)
def export(workspace: CallerWorkspace, terms: Terms, body: ExportRequest) -> Response:
    """Return the rows with a column `prediction` at the end, as a CSV, an Excel workbook or a JSON array.

    A file that is larger than one answer may be comes as 303 to a URL that works for an hour. A stored file that is
    more than one request predicts becomes a job (202), whose result says where the file is, and so do the objects of
    the bucket that a `prefix` names.
    """
    _check_source(workspace, body)
    body.csv_style()  # raises before anything is predicted
    if command := body.table_command():
        from functions.respond_async import submit_table_job  # most requests start without it

        if job := submit_table_job(workspace, command, terms):
            return job
    with TemporaryDirectory(prefix="regatta-") as folder:
        return file_answer(workspace, export_rows(workspace, body, Path(folder)))


def _check_source(workspace: Workspace, request: ExportRequest) -> None:
    """Raise `InvalidInputError` unless one of `data`, with at least one row, `file_id` and `prefix` is given."""
    if sum(source is not None for source in (request.data, request.file_id, request.prefix)) != 1:
        errors = [{"field": "data", "message": "exactly one of data, file_id and prefix is needed"}]
        raise InvalidInputError("Send either data, file_id or prefix.", errors)
    if request.prefix is not None:
        check_prefix(workspace, request.prefix, request.model_name, explain=request.explain, format=request.format)
    elif request.format == "parquet":
        _check_parquet(request)
    if request.data is not None and not request.data:
        raise InvalidInputError("data has no rows. Send at least one.", [{"field": "data", "message": "is empty"}])


def _check_parquet(request: ExportRequest) -> None:
    """Raise `InvalidInputError` for what does not go with Parquet, which a job writes from a stored file."""
    refuse_fields(
        {
            "data": (request.data is not None, "rows of a request are exported as csv, excel, json or jsonl"),
            "model_name": (request.model_name is None, "parquet needs a stored model"),
            "explain": (request.explain, "does not go with parquet"),
        }
    )


app = create_app(router)
