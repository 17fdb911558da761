"""All HTTP functions in one FastAPI app, for servers without Lambda."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from fastapi import APIRouter, FastAPI

from core.errors import InvalidSettingError, RegattaError
from core.settings import settings
from core.storage.signing import check_keys
from core.types import Json
from functions.contract.document import assemble
from functions.contract.security import SCHEMES
from functions.http import create_app
from infra.local import metrics
from infra.local.observed import observed
from infra.local.proxies import ProxyMiddleware
from infra.local.reconciling import reconciling
from infra.local.runner import running_jobs

log = logging.getLogger("regatta")

# A request is compared with the routes in this order, so those come first that are asked most.
FUNCTIONS = (
    "predict",
    "inference",
    "system",
    "upload",
    "data",
    "process",
    "train",
    "models",
    "export",
    "jobs",
    "series",
)


def merge(**options: Any) -> FastAPI:
    """Return an app with the routes of every function."""
    router = APIRouter()
    for name in FUNCTIONS:
        router.routes.extend(import_module(f"functions.{name}.app").router.routes)
    router.routes.extend(metrics.router.routes)
    return create_app(router, **options)


def openapi(*, strict: bool = False) -> Json:
    """Return the OpenAPI document of all functions; see `assemble`."""
    return assemble(merge().openapi(), strict=strict, schemes=SCHEMES)


@asynccontextmanager
async def _in_the_background(app: FastAPI) -> AsyncIterator[None]:
    try:
        check_keys()
    except (InvalidSettingError, RegattaError) as error:
        log.critical("the server does not start: %s", error)
        raise
    async with running_jobs(app), reconciling(app):
        yield


def build() -> FastAPI:
    """Return the merged app, which carries out jobs and reconciles."""
    merged = merge(lifespan=observed(_in_the_background))
    assert merged.middleware_stack is not None
    merged.middleware_stack = ProxyMiddleware(merged.middleware_stack, settings())
    return merged


app = build()
