"""Requests to a running service. What it refuses becomes an error with the service's own explanation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from core.types import Json

# A large table on a slow machine takes minutes; the service answers as soon as it is done.
TIMEOUT = httpx.Timeout(600, connect=5)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
POLL_SECONDS = 0.3

# Takes the stage of a job and its progress from 0 to 1.
ReportProgress = Callable[[str, float], object]


class ServiceError(Exception):
    """The service refused a request, or was not reached: `status` is None then."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Service:
    """A service at one base URL. Every response that is no success raises `ServiceError`."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @property
    def url(self) -> str:
        """Return the base URL, without a slash at its end."""
        return str(self._http.base_url).rstrip("/")

    def call(self, method: str, path: str, **options: Any) -> Json:
        """Send a request and return the JSON of its response; `options` are those of `httpx.Client.request`."""
        body: Json = self.send(method, path, **options).json()
        return body

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request and return its response; `options` are those of `httpx.Client.request`."""
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise ServiceError(
                f"{self._http.base_url} does not answer ({error}). Start it with `regatta up`, or set REGATTA_PORT."
            ) from error
        if response.is_error:
            raise ServiceError(f"{method} {path}: {_explain_response(response)}", response.status_code)
        return response

    def find(self, path: str) -> Json | None:
        """Return the JSON of a GET; None where nothing is there."""
        try:
            return self.call("GET", path)
        except ServiceError as error:
            if error.status != 404:
                raise
            return None


@contextmanager
def connect(base_url: str) -> Iterator[Service]:
    """Connect to the service at `base_url`, for the length of a `with` block."""
    with http_client(base_url, base_url=base_url, follow_redirects=True) as http:
        yield Service(http)


def http_client(url: str, **options: Any) -> httpx.Client:
    """Return an HTTP client for `url`; it takes a proxy from the environment unless `url` is a loopback address."""
    return httpx.Client(timeout=TIMEOUT, trust_env=httpx.URL(url).host not in LOOPBACK, **options)


def explain(problem: Json) -> str:
    """Return the detail of a problem document, with one line for each of its errors."""
    return "\n".join([str(problem["detail"]), *map(_error_line, problem.get("errors", []))])


def _error_line(error: Json) -> str:
    """Write `{"row": 3, "message": "..."}` as `row 3: ...`."""
    place = ", ".join(f"{name} {value}" for name, value in error.items() if name != "message")
    return f"  {place}: {error['message']}" if "message" in error else f"  {place}"


def _explain_response(response: httpx.Response) -> str:
    try:
        return explain(response.json())
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code} {response.text[:200]}"
