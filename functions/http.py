"""What every HTTP function shares: app factory, problem details, the caller's workspace, the Lambda handler."""

import json
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from core.errors import (
    BadRequestError,
    InvalidInputError,
    MethodNotAllowedError,
    NoSuchRouteError,
    RegattaError,
    TooLargeError,
)
from core.settings import settings
from functions.log import log, set_up_log
from functions.snapshot import load_for_snapshot

# FastAPI is loaded now; what its routes take has to be built as it is declared.
BaseModel.model_config.pop("defer_build", None)
# Of whatever a route takes, FastAPI asks whether it is of pydantic.v1, and loads all of that to know: none of ours is.
# A failed import is a no as well, as on a Python that pydantic.v1 does not support. `create_app` ends this.
MODULES: dict[str, Any] = sys.modules
MODULES.setdefault("pydantic.v1", None)

VERSION = "0.1.0"
DEFAULT_WORKSPACE = "default"
PROBLEM_JSON = "application/problem+json"
# The headers of answers that a page of another origin may read, where it may call at all.
PAGES_SEE = (
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Inference-Header-Content-Length",
    "Location",
    "Preference-Applied",
)

LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


async def workspace() -> str:
    """The caller's workspace. Without an authorizer there is just one, and no request can name another."""
    return DEFAULT_WORKSPACE


Workspace = Annotated[str, Depends(workspace)]


class RequestBody(BaseModel):
    """Base of every JSON body: a field that no endpoint knows is an error, so that a typo never passes silently."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class ModelChoice(RequestBody):
    """Which model predicts: one that is stored here, or one the caller brings along."""

    model_name: str | None = Field(None, max_length=200, description="a stored model")
    version: int | None = Field(None, ge=1, description="default: the version that serves")
    model_data: str | None = Field(None, description="what training returned with return_model=true")
    model_info: dict[str, Any] | None = Field(
        None, description="model_name, version, model_type, target_column that the model must have"
    )


def one_source(data: list[Any] | None, file_id: str | None) -> None:
    """Raise `InvalidInputError` unless exactly one of `data`, with at least one row, and `file_id` is given."""
    if (data is None) == (file_id is None):
        errors = [{"field": "data", "message": "exactly one of data and file_id is needed"}]
        raise InvalidInputError("Send either data or file_id.", errors)
    if data is not None and not data:
        raise InvalidInputError("data has no rows. Send at least one.", [{"field": "data", "message": "is empty"}])


def create_app(router: APIRouter, **kwargs: Any) -> FastAPI:
    """A FastAPI app that serves `router` and answers every error as `application/problem+json`."""
    app = FastAPI(title="Regatta", version=VERSION, docs_url=None, redoc_url=None, **kwargs)
    app.include_router(router)
    if MODULES.get("pydantic.v1", app) is None:
        del MODULES["pydantic.v1"]
    app.add_exception_handler(RegattaError, _known_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(Exception, _unexpected_error)
    if origin := settings().cors_origin:
        # Loaded and passed through only where a page may call; the gateway hands the browser's question on to the app.
        from starlette.middleware.cors import CORSMiddleware

        # Around everything: `add_middleware` leaves out the answer to a fault of ours, and a page could not read it.
        app.middleware_stack = CORSMiddleware(
            app.build_middleware_stack(),
            allow_origins=[origin],
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["*"],
            expose_headers=PAGES_SEE,
        )
    return app


def lambda_handler(app: FastAPI) -> LambdaHandler:
    """The function's entry point: API Gateway proxy event in, proxy response out, one log line per call."""
    # What is not text leaves as Base64, a third longer.
    adapter = Mangum(app, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, PROBLEM_JSON])
    set_up_log()
    load_for_snapshot()

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        start = time.perf_counter()
        response: dict[str, Any] = adapter(event, context)
        log.info(
            json.dumps(
                {
                    "method": event.get("httpMethod"),
                    "path": event.get("path"),
                    "status": response["statusCode"],
                    "ms": round(1000 * (time.perf_counter() - start), 1),
                    "request_id": getattr(context, "aws_request_id", None),
                }
            )
        )
        return response

    return handler


def _respond(request: Request, error: RegattaError) -> JSONResponse:
    body = error.problem(request.url.path)
    if request.url.path.startswith("/v2"):
        # Where clients of the Open Inference Protocol look.
        body["error"] = error.detail
    return JSONResponse(body, status_code=error.status, media_type=PROBLEM_JSON)


async def _known_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RegattaError)
    if error.status >= 500:
        log.error("%s %s: %s", request.method, request.url.path, error.detail)
    return _respond(request, error)


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    findings = error.errors()
    if findings and findings[0]["type"] == "json_invalid":
        reason = findings[0].get("ctx", {}).get("error", "not JSON")
        return _respond(request, BadRequestError(f"The body is not valid JSON: {reason}. Send one JSON object."))
    if any(e["loc"] == ("body",) for e in findings) and "json" not in request.headers.get("content-type", ""):
        detail = "The body is not read as JSON. Send one JSON object, with Content-Type: application/json."
        return _respond(request, BadRequestError(detail))
    errors = [{"field": _field(e["loc"]), "message": str(e["msg"])} for e in findings]
    named = ", ".join(dict.fromkeys(e["field"] for e in errors))
    return _respond(request, InvalidInputError(f"Correct these fields and send again: {named}.", errors))


def _field(location: tuple[Any, ...]) -> str:
    """`("body", "data", 3, "age")` as `data[3].age`; where the value came from is dropped."""
    name = ""
    for part in location[1:] or location:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else str(part)
    return name


async def _framework_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        return _respond(request, NoSuchRouteError(f"Nothing answers at {path}. GET / lists what does."))
    if error.status_code == 405:
        return _respond(request, MethodNotAllowedError(f"{path} does not take {request.method}. See GET /."))
    if error.status_code == 413:
        return _respond(request, TooLargeError(str(error.detail)))
    return _respond(request, BadRequestError(str(error.detail)))


async def _unexpected_error(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _respond(request, RegattaError("This is a fault of ours. It has been logged; trying again may help."))
