"""The FastAPI app of an HTTP function: its factory, the caller's workspace and the base of every request body."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.telemetry import TelemetryConfig
from pydantic import BaseModel, ConfigDict
from starlette.types import ASGIApp

from core import __version__
from core.settings import settings
from core.storage.container import container
from core.storage.workspace import Workspace
from core.telemetry.facts import note
from functions.access import admit_again, caller_of
from functions.browser_origin import BrowserOriginMiddleware
from functions.content_encoding import ContentEncodingMiddleware
from functions.deadlines import DeadlineMiddleware
from functions.departures import DepartureMiddleware
from functions.endless_bodies import EndlessBodyMiddleware
from functions.head_requests import HeadMiddleware
from functions.links import LinksMiddleware
from functions.problems import answer_errors_as_problems
from functions.request_log import RequestLogMiddleware

# `core.telemetry` has the traces and figures of a request; FastAPI's own would say them again, with its query.
NO_SECOND_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False)
# The headers of an answer that a page of another origin may read, where it may call at all.
EXPOSED_HEADERS = (
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Inference-Header-Content-Length",
    "Location",
    "Preference-Applied",
    "Regatta-Stale-Seconds",
    "Regatta-Version",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)


async def caller_workspace(request: Request) -> Workspace:
    """Return the workspace of whoever calls, as the guard found it: nothing of the request itself can name another.

    By now FastAPI has read the body of most requests.
    """
    await admit_again(request.scope)
    name = caller_of(request).workspace
    note(workspace=name)
    return container().workspace(name)


CallerWorkspace = Annotated[Workspace, Depends(caller_workspace)]


class RequestBody(BaseModel):
    """Base of every JSON body. A field that the endpoint does not know is an error, so that no typo passes silently."""

    # Strict, so that 1 is no boolean and false no number. Built at once, and not on first use as `functions.fast_start`
    # has it: FastAPI makes a route of it right away.
    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=(), defer_build=False)


def create_app(router: APIRouter, **kwargs: Any) -> FastAPI:
    """Return a FastAPI app that serves `router` and answers every error as `application/problem+json`."""
    # Without a document of its own: `functions.system.documentation` serves that of all functions.
    app = FastAPI(
        title="Regatta",
        version=__version__,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=NO_SECOND_TELEMETRY,
        **kwargs,
    )
    # The routes themselves: `include_router` would look each request up twice.
    app.router.routes.extend(router.routes)
    answer_errors_as_problems(app)
    app.add_middleware(ContentEncodingMiddleware)
    app.add_middleware(EndlessBodyMiddleware)
    # Around the whole stack: `add_middleware` would leave the answer to an unexpected error without the headers.
    deadlined: ASGIApp = DeadlineMiddleware(DepartureMiddleware(app.build_middleware_stack()))
    stack = HeadMiddleware(_with_cors(LinksMiddleware(deadlined)))
    app.middleware_stack = RequestLogMiddleware(BrowserOriginMiddleware(stack, settings()))
    return app


def _with_cors(stack: ASGIApp) -> ASGIApp:
    """Return the stack that lets the pages of REGATTA_CORS_ORIGIN call; unset, the stack as it is."""
    origin = settings().cors_origin
    if origin is None:
        return stack
    # Loaded, and in every request's way, only where a page may call. The gateway passes preflight requests on.
    from starlette.middleware.cors import CORSMiddleware

    return CORSMiddleware(
        stack,
        allow_origins=[origin],
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["*"],
        expose_headers=EXPOSED_HEADERS,
    )
