"""Answer every error of an HTTP function as a problem document (RFC 9457)."""

from math import ceil
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from core.departures import DepartedError
from core.errors import (
    MOST_ERRORS,
    BadRequestError,
    ForbiddenError,
    InvalidInputError,
    MethodNotAllowedError,
    NoSuchRouteError,
    RegattaError,
    TooLargeError,
    UnauthorizedError,
)
from core.machine_limits import machine_error
from core.telemetry.causes import cause_of, frames_of
from core.telemetry.facts import note
from core.telemetry.request_id import request_id
from functions.links import link, requested_path
from functions.request_log import GONE

PROBLEM_JSON = "application/problem+json"
CHALLENGE = 'Bearer realm="regatta"'
HALF_OF_A_CHARACTER = (
    "A text of the request has half of a character, such as \\ud83d without the other half of an emoji. Correct it or "
    "leave it out, and send again."
)


def answer_errors_as_problems(app: FastAPI) -> None:
    """Let the app answer every error as `application/problem+json`; an unexpected one is logged and becomes a 500."""
    app.add_exception_handler(RegattaError, _known_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _framework_error)
    for kind in (OSError, MemoryError, RuntimeError):  # a machine at its limits raises these
        app.add_exception_handler(kind, _unexpected_error)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(DepartedError, _gone)
    app.add_exception_handler(Exception, _unexpected_error)


def respond(request: Request, error: RegattaError) -> JSONResponse:
    """Return the answer for an error."""
    note(problem=error.slug)
    body = error.problem(requested_path(request.scope))
    if request.url.path.startswith(link("/v2")):
        # Clients of the Open Inference Protocol read this field.
        body["error"] = body["detail"]
    headers = retry_headers(error) | challenge_headers(error)
    return JSONResponse(body, status_code=error.status, headers=headers, media_type=PROBLEM_JSON)


def retry_headers(error: RegattaError) -> dict[str, str]:
    """Return `Retry-After` in whole seconds for an error after which the same request may succeed."""
    return {} if error.retry_after is None else {"Retry-After": str(max(1, ceil(error.retry_after)))}


def challenge_headers(error: RegattaError) -> dict[str, str]:
    """Return `WWW-Authenticate` (RFC 6750) for a caller who has to say who they are, or may not do this."""
    if isinstance(error, UnauthorizedError):
        return {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"' if error.was_sent else CHALLENGE}
    if isinstance(error, ForbiddenError):
        scope = f', scope="{error.scope}"' if error.scope else ""
        return {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope"{scope}'}
    return {}


async def _known_error(request: Request, error: Exception) -> JSONResponse:
    """Answer an error of `core.errors`; faults of the service are logged."""
    assert isinstance(error, RegattaError)
    if error.status >= 500:
        note(error=cause_of(error))
    return respond(request, error)


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Answer a request that FastAPI could not validate; the answer names its fields."""
    assert isinstance(error, RequestValidationError)
    findings = error.errors()
    if any(finding["loc"] == ("body",) for finding in findings) and "json" not in request.headers.get(
        "content-type", ""
    ):
        detail = "The body is not read as JSON. Send one JSON object, with Content-Type: application/json."
        return respond(request, BadRequestError(detail))
    errors = [{"field": _field(finding["loc"]), "message": str(finding["msg"])} for finding in findings]
    named = ", ".join(list(dict.fromkeys(finding["field"] for finding in errors))[:MOST_ERRORS])
    return respond(request, InvalidInputError(f"Correct these fields and send again: {named}.", errors))


def _field(location: tuple[Any, ...]) -> str:
    """Return `("body", "data", 3, "age")` as `data[3].age`: the first item names only where the value came from."""
    name = ""
    for item in location[1:] or location:
        name += f"[{item}]" if isinstance(item, int) else f".{item}" if name else str(item)
    return name


async def _framework_error(request: Request, error: Exception) -> JSONResponse:
    """Answer an error that Starlette raised."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return respond(request, _no_route(request))
    if error.status_code == 405:
        return _method_not_allowed(request)
    if error.status_code == 413:
        return respond(request, TooLargeError(str(error.detail)))
    return respond(request, BadRequestError(str(error.detail)))


def _no_route(request: Request) -> NoSuchRouteError:
    """Return the error of a path without an endpoint; a name with a slash makes one of every path."""
    sent = (request.scope.get("raw_path") or b"").decode("latin-1")
    names = [unquote(segment) for segment in sent.split("/") if "%2f" in segment.lower()]
    if names:
        detail = f"{names[0]!r:.120} has a slash, and no name of a model or a series does. Send it without."
        return NoSuchRouteError(detail, [{"field": "name", "message": "has a slash"}])
    return NoSuchRouteError(f"Nothing answers at {request.url.path}. GET / lists what does.")


def _method_not_allowed(request: Request) -> JSONResponse:
    """Answer a method that the path does not take; `Allow` has those that it does, of all its routes."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    routes = [route for route in iter_route_contexts(request.app.routes) if route.path_regex.match(path)]
    methods = {method for route in routes for method in route.methods or ()}
    allowed = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    detail = f"{request.url.path} does not take {request.method}. It takes {allowed}; GET / lists more."
    answer = respond(request, MethodNotAllowedError(detail))
    answer.headers["Allow"] = allowed
    return answer


async def _gone(request: Request, error: Exception) -> Response:
    """Answer a caller who went away while it sent: nobody reads it, but the log has its status and no fault of ours."""
    return Response(status_code=GONE)


async def _unexpected_error(request: Request, error: Exception) -> JSONResponse:
    """Log a bug, and answer with 500, or with 503 where the machine is at a limit.

    A text of the caller that no file can hold is their error.
    """
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        return respond(request, InvalidInputError(HALF_OF_A_CHARACTER))
    if limit := machine_error(error):
        note(error=cause_of(error))
        return respond(request, limit)
    note(error=cause_of(error), trace=frames_of(error))
    return respond(
        request, RegattaError(f"This is a fault of ours. It has been logged as {request_id()}; trying again may help.")
    )
