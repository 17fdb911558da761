"""The documentation: /docs, a page on which to try every call, and the OpenAPI document in both versions.

The document is the committed one, so that nothing of the other functions is loaded. The page needs no internet: the
files of Swagger UI are those of the package fastapi-swagger.
"""

import json
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from core.errors import NoSuchRouteError
from core.settings import settings
from core.types import Json
from functions.access import GuardedRoute
from functions.links import base_path
from functions.system.text_file import TextFile

# A link to docs/openapi.json, which `make openapi` writes: there is one document.
DOCUMENT = Path(__file__).with_name("openapi.json")
PAGE = Path(__file__).with_name("page")
# A service has few base paths, but where everybody is trusted as a proxy, anybody can make up more.
MOST_ADDRESSES = 8
SWAGGER_UI = "fastapi_swagger.resources"
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".png": "image/png"}
SWAGGER_FILES = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")
# Swagger UI sets styles of elements. A file that is too large for an answer comes from the bucket, which is elsewhere.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src *; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Asked for again each time, and sent again only where it has changed.
REVALIDATED = {"Cache-Control": "no-cache"}
KEPT = {"Cache-Control": "public, max-age=3600"}


def check_switched_on() -> None:
    """Raise `NoSuchRouteError` where REGATTA_DOCS is false."""
    if not settings().docs:
        raise NoSuchRouteError("The documentation is switched off here. GET / lists what answers.")


router = APIRouter(include_in_schema=False, route_class=GuardedRoute, dependencies=[Depends(check_switched_on)])


@router.get("/docs")
async def page(request: Request) -> Response:
    """Return the page of Swagger UI."""
    return _page(base_path()).answer(request, {**REVALIDATED, "Content-Security-Policy": CONTENT_SECURITY_POLICY})


@router.get("/docs/{name}")
async def page_file(request: Request, name: str) -> Response:
    """Return a file of the page."""
    if name not in (*SWAGGER_FILES, "start.js"):
        raise NoSuchRouteError(f"Nothing answers at {request.url.path}. The page is GET /docs.")
    return _page_file(name).answer(request, KEPT)


@router.get("/openapi.json")
async def document(request: Request) -> Response:
    """Return the OpenAPI document (3.1)."""
    return _document(base_path(), _as_it_is).answer(request, REVALIDATED)


@router.get("/openapi-3.0.json")
async def older_document(request: Request) -> Response:
    """Return the OpenAPI document for generators that do not read 3.1."""
    from functions.contract.openapi_3_0 import render_3_0

    return _document(base_path(), render_3_0).answer(request, REVALIDATED)


@cache
def _page_file(name: str) -> TextFile:
    place = PAGE if name == "start.js" else files(SWAGGER_UI)
    return TextFile(place.joinpath(name).read_bytes(), MEDIA_TYPES[Path(name).suffix])


@lru_cache(maxsize=MOST_ADDRESSES)
def _page(base: str) -> TextFile:
    return TextFile((PAGE / "index.html").read_text().replace("BASE", base).encode(), "text/html")


@lru_cache(maxsize=MOST_ADDRESSES)
def _document(base: str, rendered: Callable[[Json], Json]) -> TextFile:
    """Return the document for callers behind this base path."""
    found: Json = rendered(json.loads(DOCUMENT.read_bytes()))
    found["servers"][0]["url"] = base or "/"
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return TextFile(text.encode(), "application/json")


def _as_it_is(document: Json) -> Json:
    return document
