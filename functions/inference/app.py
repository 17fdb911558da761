"""The Open Inference Protocol (KServe, Triton, MLServer): GET and POST below /v2, for the same models."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from core import __version__
from core.errors import BadRequestError
from core.services.prediction.loaded_models import find_model, stale_seconds
from core.services.prediction.predict import predict_batches
from core.storage.container import container
from core.storage.workspace import Workspace
from functions.access import admit_again
from functions.http import CallerWorkspace, create_app
from functions.inference.tensors import InferRequest, batch_from_tensors, declare_inputs, encode_outputs
from functions.prediction_threads import in_prediction_thread
from functions.query_parameters import StrictRoute
from functions.request_bodies import describe_body, json_object, validate_body

router = APIRouter(prefix="/v2", tags=["open inference protocol"], route_class=StrictRoute)

# The length of the JSON where binary data follows it.
HEADER_LENGTH = "Inference-Header-Content-Length"

VERSIONS_SHOWN = 1_000

Version = Annotated[int, Path(ge=1)]
# JSON alone, or followed by the bytes of the tensors.
BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
LENGTH_PARAMETER = {
    "name": HEADER_LENGTH.lower(),
    "in": "header",
    "required": False,
    "description": "the bytes of JSON, where the bytes of tensors follow it",
    "schema": {"type": "integer", "minimum": 0},
}
INFER = describe_body(InferRequest, other_types=BYTES, parameters=[LENGTH_PARAMETER])


class PredictParameters(BaseModel):
    """The parameters of a request that choose how to predict. Others are ignored, since they are for other servers."""

    model_config = ConfigDict(extra="ignore")

    strict: bool = False
    interval: Annotated[float | None, Field(gt=0, lt=1)] = None
    explain: bool = False


@router.get("")
async def server() -> dict[str, Any]:
    """Return the server's name and version, and the extensions of the protocol that it supports."""
    return {"name": "regatta", "version": __version__, "extensions": ["binary_tensor_data"]}


@router.get("/health/live")
async def live() -> dict[str, bool]:
    """Return that the server is alive."""
    return {"live": True}


@router.get("/health/ready")
def ready() -> dict[str, bool]:
    """Return whether models can be loaded: 503 while storage does not answer."""
    container().objects.ping()
    return {"ready": True}


@router.get("/models/{model_name}")
@router.get("/models/{model_name}/versions/{version}")
def metadata(workspace: CallerWorkspace, model_name: str, version: Version | None = None) -> dict[str, Any]:
    """Return the inputs and outputs of a model, and its versions."""
    manifest = workspace.models.manifest(model_name, version)
    stored = workspace.models.page(VERSIONS_SHOWN, name=manifest.model_name).models
    return {
        "name": manifest.model_name,
        "versions": [str(version_manifest.version) for version_manifest, _ in stored],
        "platform": "onnxruntime_onnx",
        "inputs": declare_inputs(manifest.features),
        "outputs": [{"name": "prediction", "datatype": "FP64", "shape": [-1, 1]}],
    }


@router.get("/models/{model_name}/ready")
@router.get("/models/{model_name}/versions/{version}/ready")
def model_ready(workspace: CallerWorkspace, model_name: str, version: Version | None = None) -> dict[str, Any]:
    """Load a model, unless it is loaded, and return that it can predict."""
    found = find_model(workspace, model_name, version).manifest
    return {"name": found.model_name, "ready": True}


@router.post("/models/{model_name}/infer", openapi_extra=INFER)
@router.post("/models/{model_name}/versions/{version}/infer", openapi_extra=INFER)
async def infer(
    workspace: CallerWorkspace, request: Request, model_name: str, version: Version | None = None
) -> Response:
    """Predict rows given as tensors in JSON or in binary; the request chooses the form of the answer."""
    body = await request.body()
    await admit_again(request.scope)
    # In a thread, so that single rows are answered meanwhile.
    header = request.headers.get(HEADER_LENGTH)
    return await in_prediction_thread(_infer, workspace, body, header, model_name, version)


def _infer(workspace: Workspace, body: bytes, header: str | None, name: str, version: int | None) -> Response:
    """Predict the tensors of a body; the header has the length of its JSON."""
    length = _header_length(header, len(body))
    request = validate_body(json_object(body[:length]), InferRequest)
    options = validate_body(request.parameters, PredictParameters)
    model = find_model(workspace, name, version)
    batch = batch_from_tensors(request.inputs, body[length:], model.manifest.features)
    explainer = None
    if options.explain:
        from core.services.prediction.explanations import find_explainer  # most requests start without it

        explainer = find_explainer(workspace, model)
    predicted = predict_batches(model, [batch], strict=options.strict, interval=options.interval, explainer=explainer)
    values = {"prediction": predicted.values}
    if predicted.interval:
        values["lower"], values["upper"] = predicted.interval.bounds(predicted.values)
    if predicted.explanation:
        values["contributions"] = predicted.explanation.contributions
    outputs, binary = encode_outputs(values, request)
    answer: dict[str, Any] = {
        "model_name": model.manifest.model_name,
        "model_version": str(model.manifest.version),
        "outputs": outputs,
    }
    if request.id is not None:
        answer["id"] = request.id
    # A parameter is a text, a number or a boolean.
    parameters: dict[str, Any] = {"warnings": "; ".join(predicted.warnings)} if predicted.warnings else {}
    if predicted.interval:
        parameters["interval_method"] = predicted.interval.method
    if (stale := stale_seconds(workspace, name, model)) is not None:
        parameters["stale_seconds"] = stale
    if predicted.explanation:
        parameters |= {name: value for name, value in predicted.explanation.head.items() if value is not None}
        parameters["columns"] = to_json(predicted.explanation.columns).decode()
    if parameters:
        answer["parameters"] = parameters
    head = to_json(answer)
    if not binary:
        return Response(head, media_type="application/json")
    return Response(head + binary, media_type="application/octet-stream", headers={HEADER_LENGTH: str(len(head))})


def _header_length(header: str | None, size: int) -> int:
    """Return the length of the JSON in a body of `size` bytes; raises `BadRequestError` for an invalid header."""
    if header is None:
        return size
    if not header.isascii() or not header.isdigit() or int(header[:20]) > size:
        raise BadRequestError(f"{HEADER_LENGTH} must be the number of bytes of the JSON, which is part of the body.")
    return int(header)


app = create_app(router)
