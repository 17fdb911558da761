"""GET /console: the page at every address of a view, and its files below /console/assets."""

import os
from functools import cache, lru_cache
from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import Response

from core.errors import NoSuchRouteError
from core.settings import settings
from functions.access import GuardedRoute
from functions.links import base_path
from functions.system.console import assets
from functions.system.text_file import TextFile

# A service has few base paths, but where everybody is trusted as a proxy, anybody can make up more.
MOST_ADDRESSES = 8
ASSETS = "assets/"
# The name of a file has the digest of all files in it, so what a browser keeps is never another one.
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
REVALIDATED = {"Cache-Control": "no-cache"}

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)


@router.get("/console")
async def page(request: Request) -> Response:
    """Return the page, which shows the view that its address names."""
    return _page(base_path()).answer(request, {**REVALIDATED, **_page_headers()})


@router.get("/console/{path:path}")
async def page_or_asset(request: Request, path: str) -> Response:
    """Return the page, or one of its files."""
    if not path.startswith(ASSETS):
        return await page(request)
    digest, _, name = path.removeprefix(ASSETS).partition("/")
    file = assets.assets().get(name)
    if file is None or digest != assets.digest():
        raise NoSuchRouteError("The console has no such file, or had it in another version. GET /console is its page.")
    return file.answer(request, IMMUTABLE)


@lru_cache(maxsize=MOST_ADDRESSES)
def _page(base: str) -> TextFile:
    return assets.page(escape(base))


@cache
def _page_headers() -> dict[str, str]:
    """Return what a browser holds the page to: its own files and API, and the bucket that large files go to."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        f"connect-src 'self' {' '.join(_bucket_addresses())}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
    }


def _bucket_addresses() -> tuple[str, str]:
    """Return the bucket and what is in it, as presigned addresses begin."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    endpoint = settings().s3_endpoint or (
        f"https://s3.{region}.amazonaws.com" if region else "https://s3.amazonaws.com"
    )
    bucket = f"{endpoint.rstrip('/')}/{settings().bucket}"
    return bucket, f"{bucket}/"
