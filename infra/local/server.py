"""All HTTP functions in one FastAPI app, for servers without Lambda. Its /docs needs no internet."""

from importlib import import_module

from fastapi import APIRouter, FastAPI
from fastapi_swagger import patch_fastapi

from functions.http import create_app
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


def build() -> FastAPI:
    """Return an app with the routes of every function and one OpenAPI page about all of them."""
    router = APIRouter()
    for name in FUNCTIONS:
        router.include_router(import_module(f"functions.{name}.app").router)
    merged = create_app(router, lifespan=running_jobs, swagger_ui_oauth2_redirect_url=None)
    patch_fastapi(merged, redirect_from_root_to_docs=False)
    return merged


app = build()
