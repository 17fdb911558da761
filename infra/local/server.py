"""All HTTP functions in one FastAPI app, for servers without Lambda. Its /docs needs no internet."""

from importlib import import_module
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi_swagger import patch_fastapi

from core.settings import settings
from core.types import Json
from functions.contract.document import assemble
from functions.contract.openapi_3_0 import render_3_0
from functions.http import create_app
from infra.local.proxies import ProxyMiddleware
from infra.local.runner import running_jobs

FUNCTIONS = (
    "system",
    "upload",
    "data",
    "process",
    "train",
    "models",
    "predict",
    "inference",
    "export",
    "jobs",
    "series",
)


def merge(**options: Any) -> FastAPI:
    """Return an app with the routes of every function."""
    router = APIRouter()
    for name in FUNCTIONS:
        router.include_router(import_module(f"functions.{name}.app").router)
    return create_app(router, swagger_ui_oauth2_redirect_url=None, **options)


def openapi(*, strict: bool = False) -> Json:
    """Return the OpenAPI document of all functions; see `assemble`."""
    return assemble(merge().openapi(), strict=strict)


def build() -> FastAPI:
    """Return the merged app with its documentation: /docs, /openapi.json and the same in 3.0.3, /openapi-3.0.json."""
    merged = merge(lifespan=running_jobs)
    merged.openapi = openapi  # type: ignore[method-assign]
    merged.add_route("/openapi-3.0.json", _older_document, include_in_schema=False)
    patch_fastapi(merged, redirect_from_root_to_docs=False)
    assert merged.middleware_stack is not None
    merged.middleware_stack = ProxyMiddleware(merged.middleware_stack, settings())
    return merged


async def _older_document(request: Request) -> JSONResponse:
    return JSONResponse(render_3_0(openapi()))


app = build()
