# Generated from regatta/_async/client.py by `make client`. Change that file.
"""The client: its resources, and how it reaches the service."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from regatta._sync.connection import Connection
from regatta._sync.data import Data
from regatta._sync.jobs import Jobs
from regatta._sync.models import Models
from regatta._sync.predict import Predict
from regatta._sync.series import SeriesResource
from regatta.address import Address
from regatta.answers import Status
from regatta.retries import Retries

# A large table on a slow machine takes minutes, and the service answers as soon as it is done.
TIMEOUT = httpx.Timeout(300, connect=5, pool=None)


class Regatta:
    """A client of one service. Use it in a `with` block, or call `close` at the end.

    `url` is the address of the service, also with the path of a stage or a proxy; without it REGATTA_URL counts, and
    else http://127.0.0.1:8000. `api_key` (or REGATTA_API_KEY) is sent as X-Api-Key, `headers` as they are.
    `timeout` is in seconds. Requests that may be repeated are, as `retries` says.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | httpx.Timeout | None = None,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Raises `ValueError` for a URL or a header that cannot be used. Nothing is sent yet."""
        address = Address.of(url, api_key, headers)
        limits = TIMEOUT if timeout is None else httpx.Timeout(timeout)
        self._connection = Connection(address, limits, retries, transport)
        self.data = Data(self._connection)
        self.models = Models(self._connection)
        self.predict = Predict(self._connection)
        self.jobs = Jobs(self._connection)
        self.series = SeriesResource(self._connection)

    @property
    def url(self) -> str:
        """Return the address of the service, without a slash at its end."""
        return self._connection.address.shown

    def status(self) -> Status:
        """Return how the service is: storage, Redis, queue and cache. Raises `StorageUnavailable` without storage."""
        return Status.of(self._connection.json("GET", "/system/status"))

    def version(self) -> str:
        """Return the version of the service."""
        return str((self._connection.json("GET", "/"))["version"])

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send any request to the service and return its answer; raises `RegattaError` where it is refused.

        `options` are `params`, `headers`, and one of `json`, `content`, `data` and `files` as httpx takes them. A
        request that changes nothing may be `pure`, one that the service takes once only `keyed`: both are sent again
        after a failure that may pass, as a GET is.
        """
        return self._connection.send(method, path, **options)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"
