"""Links that a caller can follow: the paths of the service below its base path.

Every path at the caller's address begins with the base path: the stage of a gateway, the base path of a domain, the
prefix of a reverse proxy. ASGI calls it `root_path`. Every link is an absolute path, such as /prod/jobs/42, so that
scheme, host and port stay those of the caller's request.
"""

from contextvars import ContextVar
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.types import Json

LOCATION = b"location"
# What a path may have beside letters, digits and percent-encoding (RFC 3986).
PATH_CHARACTERS = "/:@!$&'()*+,;="

_base_path: ContextVar[str] = ContextVar("base_path", default="")


class LinksMiddleware:
    """Gives every answer the links of its caller, and serves a path with a slash at its end as the one without.

    What runs below it writes a `Location` as a path of the service. Starlette would redirect to the path without the
    slash, at the scheme and the host behind a proxy.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        base = scope.get("root_path", "")
        _base_path.set(base)
        if scope["path"].endswith("/") and scope["path"] != f"{base}/":
            # In place: the line in the log takes from the scope which route answered.
            scope["path"] = scope["path"].rstrip("/")
        if not base:
            await self.app(scope, receive, send)
            return

        async def send_with_link(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [
                    (name, _followable(value) if name == LOCATION else value) for name, value in message["headers"]
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_with_link)


def base_path() -> str:
    """Return the base path of this request; often empty."""
    return _base_path.get()


def link(path: str) -> str:
    """Return the link to a path of the service, for the caller of this request."""
    return _base_path.get() + path


def requested_path(scope: Scope) -> str:
    """Return the path of a request as a link to it: with its base path, and in percent-encoding."""
    return quote(scope["path"], safe=PATH_CHARACTERS, errors="replace")


def with_links(document: Json) -> Json:
    """Return a stored document with the paths in its `links`, and the `instance` of its error, as links."""
    if not _base_path.get():
        return document
    changed = dict(document)
    for name in ("error", "result"):
        if isinstance(document.get(name), dict):
            changed[name] = with_links(document[name])
    if isinstance(document.get("links"), dict):
        changed["links"] = {name: link(path) for name, path in document["links"].items()}
    if isinstance(document.get("instance"), str):
        changed["instance"] = link(document["instance"])
    return changed


def page_with_links(page: str) -> str:
    """Return a stored HTML page with its links; texts in it have no quotation marks that are not escaped."""
    return page.replace('href="/', f'href="{_base_path.get()}/')


def _followable(location: bytes) -> bytes:
    """Return a `Location` of the service as a link; one elsewhere, such as a presigned URL, stays."""
    is_path = location.startswith(b"/") and not location.startswith(b"//")
    return _base_path.get().encode() + location if is_path else location
