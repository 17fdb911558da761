"""Reverse proxies: the prefix that one has taken off a path before it passed the request on.

Links are absolute paths (`functions.links`), so that `X-Forwarded-Proto`, `-Host`, `-Port` and `Forwarded` cannot
change them. `X-Forwarded-Prefix` can, and is read only where REGATTA_TRUSTED_PROXIES names the peer.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.settings import Settings

# No segment is . or .., which a browser would resolve to another place.
PREFIX = re.compile(r"(/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+")
ANYBODY = "*"


class ProxyMiddleware:
    """Gives the app the base path of the caller as `root_path`.

    That is REGATTA_BASE_PATH if it is set, else the prefix that a trusted proxy names. A proxy whose base path is set
    may pass paths on with it or without it; one that names a prefix has taken it off.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._base = None if settings.base_path is None else settings.base_path.rstrip("/")
        self._trusts_anybody = settings.trusted_proxies == ANYBODY
        named = (settings.trusted_proxies or "").split(",") if not self._trusts_anybody else []
        self._networks = [ip_network(name.strip(), strict=False) for name in named if name.strip()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and (self._base or self._networks or self._trusts_anybody):
            scope = self._with_base(scope)
        await self.app(scope, receive, send)

    def _with_base(self, scope: Scope) -> Scope:
        path = scope["path"]
        if self._base is not None:
            is_complete = path == self._base or path.startswith(f"{self._base}/")
            rest = path.removeprefix(self._base) if is_complete else path
            return {**scope, "root_path": self._base, "path": f"{self._base}{rest or '/'}"}
        prefix = self._prefix(scope)
        return {**scope, "root_path": prefix, "path": prefix + path} if prefix else scope

    def _prefix(self, scope: Scope) -> str:
        """Return the prefix that a trusted proxy has taken off; of several proxies the outermost comes first."""
        header = Headers(scope=scope).get("x-forwarded-prefix")
        if header is None or not self._is_trusted(scope.get("client")):
            return ""
        prefixes = [prefix for part in header.split(",") if (prefix := part.strip().rstrip("/"))]
        return "".join(prefixes) if all(PREFIX.fullmatch(prefix) for prefix in prefixes) else ""

    def _is_trusted(self, client: tuple[str, int] | None) -> bool:
        if self._trusts_anybody or client is None:
            return self._trusts_anybody
        try:
            address = ip_address(client[0])
        except ValueError:
            return False
        networks: list[IPv4Network | IPv6Network] = self._networks
        return any(address in network for network in networks)
