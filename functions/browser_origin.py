"""Pages of other origins: a browser sends what they ask for, whoever wrote them, to every server that it can reach.

CORS only keeps a page from reading the answer. So a request that a browser marks as another page's is refused before it
has an effect, and so is one that reaches this machine under a foreign name: a page can let its own name mean 127.0.0.1
(DNS rebinding), and then it is of the same origin. Programs send none of these headers, and nothing changes for them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import ForeignPageError
from core.settings import Settings
from functions.problems import respond

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ANY = "*"
FOREIGN_PAGE = (
    "A browser sent this for a page of another origin, and such pages may not call Regatta. Let REGATTA_CORS_ORIGIN "
    "name the origin whose pages may, send it from a program, or enter the address in the browser yourself."
)
FOREIGN_HOST = (
    "The request names a host that this server does not go by, as pages do that disguise themselves. Call it at "
    "127.0.0.1 or localhost, or let REGATTA_ALLOWED_HOSTS name the hosts by which a proxy or a name server leads to it."
)
# What the caller of a link on another site may open: pages that change nothing and cost little.
LINKABLE = re.compile(r"/|/(docs|console)(/.*)?|/series/[^/]+/reports/[^/]+")
# `host:port` as RFC 9110 has it in `Host`, without the user that a URL may name.
AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^][\s:@/?#\\]+)(?::[0-9]*)?")
# It answers no page at all, of whatever origin, and does not say that it is there.
NO_PAGES = "/metrics"


@dataclass(frozen=True)
class Doors:
    """Who may call: the origins of pages, and the hosts of a server that is reached at a loopback address."""

    origins: frozenset[str]
    hosts: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> "Doors":
        """Return what the settings say."""
        origins = {settings.cors_origin.lower()} if settings.cors_origin else set()
        named = {name.strip().lower() for name in (settings.allowed_hosts or "").split(",")}
        return cls(frozenset(origins), LOOPBACK | (named - {""}))

    def refusal(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> str | None:
        """Return why a browser's request is refused, with the way out; None for all others. `path` has no base path."""
        site = headers.get(b"sec-fetch-site")
        origin = headers.get(b"origin")
        if site is None and origin is None:
            return None
        if method == "OPTIONS" or path == NO_PAGES:
            return None  # a preflight request has no effect; what it asks about is refused by its own headers
        if site is None:
            # A browser that is old, or does not trust the connection.
            is_own = origin is not None and _authority(origin) == headers.get(b"host", b"").decode("latin-1").lower()
        else:
            is_own = site in (b"same-origin", b"none")
        if is_own or self.may_call(origin or headers.get(b"referer")) or _is_link(method, path, headers):
            return None
        return FOREIGN_PAGE

    def knows_host(self, host: bytes | None) -> bool:
        """Return whether a `Host` is one of ours. Browsers always send one."""
        if host is None or ANY in self.hosts:
            return True
        name = host_name(host.decode("latin-1"))
        return name in self.hosts or is_loopback(name) is True

    def may_call(self, page: bytes | None) -> bool:
        """Return whether the page of an `Origin` or a `Referer` may call."""
        if ANY in self.origins:
            return True
        return page is not None and _origin(page) in self.origins


class BrowserOriginMiddleware:
    """Refuses requests of foreign pages with a 403; on a loopback address also those under a foreign name."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._doors = Doors.of(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        reason = self._refusal(scope) if scope["type"] == "http" else None
        if reason is None:
            await self.app(scope, receive, send)
        else:
            await respond(Request(scope), ForeignPageError(reason))(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = dict(scope["headers"])
        server = scope.get("server")
        if server and is_loopback(server[0]) and not self._doors.knows_host(headers.get(b"host")):
            return FOREIGN_HOST
        return self._doors.refusal(scope["method"], scope["path"].removeprefix(scope.get("root_path", "")), headers)


@lru_cache(maxsize=256)
def host_name(authority: str) -> str:
    """Return the host of `host:port` or `[address]:port` in small letters; an empty text where it is none."""
    found = AUTHORITY.fullmatch(authority)
    return found[1].strip("[]").lower() if found else ""


@lru_cache(maxsize=64)
def is_loopback(address: str) -> bool | None:
    """Return whether an IP address is one of this machine alone; None where it is a path or a name, and no address."""
    try:
        return ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return None


def _is_link(method: str, path: str, headers: Mapping[bytes, bytes]) -> bool:
    """Return whether somebody followed a link to a page, which a window shows instead of the page with the link."""
    followed = headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"
    return followed and method == "GET" and LINKABLE.fullmatch(path) is not None


def _origin(page: bytes) -> str:
    """Return the origin of an `Origin` or a `Referer`; an empty text where it has none."""
    try:
        parts = urlsplit(page.decode("latin-1"))
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""


def _authority(origin: bytes) -> str:
    return _origin(origin).partition("://")[2]
