"""A running service as a client sees it: its answers, or in its own words what was wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from core.types import Json

# A large table on a slow machine; the service itself answers as soon as it is done.
TIMEOUT = httpx.Timeout(600, connect=5)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class ServiceError(Exception):
    """The service refused a call, or was not reached: `status` is None then."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Service:
    """Calls below one base URL; every answer but a success raises `ServiceError`."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    @property
    def url(self) -> str:
        """Where it answers."""
        return str(self._client.base_url).rstrip("/")

    def call(self, method: str, path: str, **request: Any) -> Json:
        """The JSON of the answer."""
        answer: Json = self.send(method, path, **request).json()
        return answer

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer itself."""
        try:
            response = self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise ServiceError(
                f"{self._client.base_url} does not answer ({error}). Start it with `regatta up`, or set REGATTA_PORT."
            ) from error
        if response.is_error:
            raise ServiceError(f"{method} {path}: {_said(response)}", response.status_code)
        return response


@contextmanager
def connect(base_url: str) -> Iterator[Service]:
    """The service at `base_url`."""
    with http_client(base_url, base_url=base_url, follow_redirects=True) as client:
        yield Service(client)


def http_client(url: str, **options: Any) -> httpx.Client:
    """A client for what is at `url`; a proxy from the environment has no business with a loopback address."""
    return httpx.Client(timeout=TIMEOUT, trust_env=httpx.URL(url).host not in LOOPBACK, **options)


def explain(problem: Json) -> str:
    """What a problem document says, with the fields, rows or parts it names."""
    return "\n".join([str(problem["detail"]), *map(_line, problem.get("errors", []))])


def _line(error: Json) -> str:
    """`{"row": 3, "message": "..."}` as `row 3: ...`."""
    where = ", ".join(f"{name} {value}" for name, value in error.items() if name != "message")
    return f"  {where}: {error['message']}" if "message" in error else f"  {where}"


def _said(response: httpx.Response) -> str:
    try:
        return explain(response.json())
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code} {response.text[:200]}"
