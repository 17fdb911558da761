"""Where the service is and what goes with every request: URL, API key, headers, from arguments or the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

DEFAULT_URL = "http://127.0.0.1:8000"
API_KEY = "X-Api-Key"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Address:
    """The base URL of a service and the headers of every request to it. Its repr shows neither headers nor password."""

    url: httpx.URL
    headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, url: str | None, api_key: str | None, headers: Mapping[str, str] | None) -> "Address":
        """Read the arguments, and REGATTA_URL and REGATTA_API_KEY for those that are None; raises `ValueError`."""
        given = (url or os.environ.get("REGATTA_URL") or DEFAULT_URL).strip()
        try:
            parsed = httpx.URL(given)
        except httpx.InvalidURL as error:
            raise ValueError(f"The url is not usable: {error}. One looks like {DEFAULT_URL}.") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError(f"The url has to begin with http:// or https:// and name a host, such as {DEFAULT_URL}.")
        sent = dict(headers or {})
        key = api_key if api_key is not None else os.environ.get("REGATTA_API_KEY")
        if key:
            sent[API_KEY] = key.strip()
        for name, value in sent.items():
            _check_header(name, value)
        return cls(parsed.copy_with(path=parsed.path.rstrip("/") + "/", query=None, fragment=None), sent)

    @property
    def shown(self) -> str:
        """Return the URL for a message: without user, password and the slash at its end."""
        return shown(self.url)

    def owns(self, url: httpx.URL) -> bool:
        """Return whether a URL is at the host and port of the service."""
        return _origin(self.url) == _origin(url)

    @property
    def is_loopback(self) -> bool:
        """Return whether the service runs on this machine."""
        return self.url.host in LOOPBACK


def shown(url: httpx.URL) -> str:
    """Return a URL for a message: without user, password, query and the slash at its end."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None)).rstrip("/")


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _check_header(name: str, value: str) -> None:
    """Raise `ValueError` for what cannot be sent, because an error of the HTTP library would show the value."""
    if not (isinstance(value, str) and value.isascii() and value.isprintable()):
        raise ValueError(f"The value of the header {name} has characters that no header may have.")
