"""Predictions: POST /predict and POST /predict/batch; and the schema of a model: GET /model/schema/{model_name}."""

from email.message import Message
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic_core import to_json

from core.errors import InvalidInputError
from core.inference.signature import signature
from core.services.prediction.loaded_models import LoadedModel, stale_seconds
from core.services.prediction.predict import Predictions
from core.settings import settings
from core.storage.workspace import Workspace
from functions.access import admit_again
from functions.answer_terms import AnswerTerms, Terms
from functions.http import CallerWorkspace, caller_workspace, create_app
from functions.predict.requests import BatchRequest, CsvRequest, RowRequest, check_rows_of
from functions.prediction_threads import in_prediction_thread, in_reading_thread
from functions.query_parameters import DirectRoute, StrictRoute
from functions.request_bodies import describe_body, json_object, validate_body

router = APIRouter(route_class=StrictRoute)

CSV = "text/csv"
JSON = "application/json"
# For smaller bodies it is not worth loading the module that reads plain records.
PLAIN_BYTES = 1 << 16


async def predict(request: Request) -> Response:
    """Predict one row."""
    workspace = await caller_workspace(request)
    body = await request.body()
    await admit_again(request.scope)
    row = validate_body(json_object(body, request.headers.get("content-type", "")), RowRequest)
    # Without a thread where nothing has to be read, which is nearly always.
    loaded = row.loaded_model(workspace)
    model = await in_reading_thread(request.scope, row.model, workspace) if loaded is None else loaded
    if row.explain:
        predicted = await in_prediction_thread(_explained_row, workspace, row, model)
    else:
        predicted = row.predict(model)
    answer: dict[str, Any] = {
        "prediction": float(predicted.values[0]),
        **_model_fields(workspace, row.model_name, model, predicted),
    }
    if predicted.interval:
        lower, upper = predicted.interval.bounds(predicted.values)
        answer["interval"] = {**predicted.interval.summary, "lower": float(lower[0]), "upper": float(upper[0])}
    if explanation := predicted.explanation:
        contributions = {name: values[0] for name, values in explanation.by_column.items()}
        answer["explanation"] = {**explanation.head, "contributions": contributions}
    return Response(to_json(answer), media_type="application/json")


def _explained_row(workspace: Workspace, row: RowRequest, model: LoadedModel) -> Predictions:
    """Predict and explain one row, which may have to read the model again."""
    return row.predict(model, row.explainer(workspace, model))


router.add_api_route(
    "/predict",
    predict,
    methods=["POST"],
    tags=["predict"],
    openapi_extra=describe_body(RowRequest),
    route_class_override=DirectRoute,
)


@router.post(
    "/predict/batch",
    tags=["predict"],
    openapi_extra=describe_body(BatchRequest, other_types={CSV: {"schema": {"type": "string"}}}, query_type=CsvRequest),
)
async def predict_batch(workspace: CallerWorkspace, terms: Terms, request: Request) -> Response:
    """Predict many rows, in their order: records, columns and rows, a stored file, or a CSV as the body.

    With a CSV (Content-Type: text/csv) every other field of the request is a query parameter. A stored file that
    is more than one request predicts becomes a job (202), whose result says where the predictions are, and so do the
    objects of the bucket that a `prefix` names.
    """
    body = await request.body()
    await admit_again(request.scope)
    # In a thread, so that single rows are answered meanwhile.
    return await in_prediction_thread(_batch, workspace, terms, request, body)


def _batch(workspace: Workspace, terms: AnswerTerms, request: Request, body: bytes) -> Response:
    """Predict the rows of a body by its media type."""
    content_type = Message()
    content_type["content-type"] = request.headers.get("content-type", "")
    if content_type.get_content_type() == CSV:
        in_query = validate_body(dict(request.query_params), CsvRequest)
        name, model = in_query.model_name, in_query.model(workspace)
        charset, explainer = content_type.get_content_charset(), in_query.explainer(workspace, model)
        predicted = in_query.predict(model, body, charset, explainer)
    elif request.query_params:
        errors = [{"field": name, "message": "goes with a CSV only"} for name in request.query_params]
        raise InvalidInputError("Send these fields in the body, as JSON: only a CSV takes them in the query.", errors)
    elif found := _predict_plain(workspace, body, content_type.get_content_type()):
        model, predicted = found
        name = model.manifest.model_name
    else:
        batch = validate_body(json_object(body, request.headers.get("content-type", "")), BatchRequest)
        command = batch.table_command()
        if batch.prefix is not None:
            from core.services.prediction.parts import check_prefix  # most requests start without it

            check_prefix(workspace, batch.prefix, batch.model_name, explain=batch.explain)
        if command:
            from functions.respond_async import submit_table_job  # most requests start without it

            if job := submit_table_job(workspace, command, terms):
                return job
        name, model = batch.model_name, batch.model(workspace)
        predicted = batch.predict(workspace, model)
    answer = {
        "predictions": predicted.values.tolist(),
        "count": len(predicted.values),
        **_model_fields(workspace, name, model, predicted),
    }
    if predicted.interval:
        lower, upper = predicted.interval.bounds(predicted.values)
        answer |= {"interval": predicted.interval.summary, "lower": lower.tolist(), "upper": upper.tolist()}
    if explanation := predicted.explanation:
        answer["explanation"] = {**explanation.head, "contributions": explanation.by_column}
    return _answer_or_url(workspace, model, to_json(answer))


def _predict_plain(workspace: Workspace, body: bytes, media_type: str) -> tuple[LoadedModel, Predictions] | None:
    """Predict a large body by `predict_plain`; the module that reads it takes longer to load than a small body to read.

    Raises `TooLargeError` for a body of too many rows, of whatever form.
    """
    check_rows_of(body)
    if media_type != JSON or len(body) < PLAIN_BYTES:
        return None
    from functions.predict.fast_path import predict_plain

    return predict_plain(workspace, body)


def _model_fields(workspace: Workspace, name: str | None, model: LoadedModel, predicted: Predictions) -> dict[str, Any]:
    """Return the name and version of the model that the request names, and the warnings, for an answer."""
    fields = {
        "model_name": model.manifest.model_name,
        "version": model.manifest.version,
        "warnings": predicted.warnings,
    }
    stale = stale_seconds(workspace, name, model)
    return fields if stale is None else {**fields, "stale_seconds": stale}


def _answer_or_url(workspace: Workspace, model: LoadedModel, content: bytes) -> Response:
    """Return the JSON as an answer, or as 303 to a file of it where it is larger than an answer may be."""
    if len(content) <= settings().max_response_bytes:
        return Response(content, media_type="application/json")
    # Most answers start without these.
    from core.exporting.files import NamedFile
    from functions.file_responses import file_answer

    with TemporaryDirectory(prefix="regatta-") as folder:
        name = f"{model.manifest.model_name}-v{model.manifest.version}.json"
        file = NamedFile(Path(folder) / "predictions.json", name, "application/json")
        file.path.write_bytes(content)
        return file_answer(workspace, file)


@router.get("/model/schema/{model_name}", tags=["model"])
def schema(
    workspace: CallerWorkspace,
    model_name: str,
    version: Annotated[int | None, Query(ge=1, description="default: the version that serves")] = None,
) -> dict[str, Any]:
    """Return the columns that a model takes, its output, and a request for POST /predict that works as it stands."""
    return signature(workspace.models.manifest(model_name, version), version)


app = create_app(router)
