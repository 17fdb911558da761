"""Requests to a service. What it refuses becomes a typed exception, and what may be repeated is."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx

from regatta._async.runtime import sleep
from regatta.address import Address
from regatta.protocol import error_of, unreachable
from regatta.retries import RETRIED_STATUSES, Retries

REPEATED_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class AsyncConnection:
    """The connections to one service, with its address, its headers and the retries."""

    def __init__(
        self,
        address: Address,
        timeout: float | httpx.Timeout,
        retries: Retries | None,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self.address = address
        self.retries = retries or Retries()
        self._http = httpx.AsyncClient(
            base_url=address.url,
            headers=dict(address.headers),
            timeout=timeout,
            transport=transport,
            # A proxy from the environment does not reach this machine.
            trust_env=not address.is_loopback,
        )

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """Send a request and return the JSON of its answer; `options` are those of `send`."""
        return (await self.send(method, path, **options)).json()

    async def send(
        self,
        method: str,
        path: str,
        *,
        keyed: bool = False,
        pure: bool = False,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        **body: Any,
    ) -> httpx.Response:
        """Send a request and return its answer; raises `RegattaError`.

        It is sent again after a failure that may pass if its method allows it, if it is `keyed`, which is sent with an
        Idempotency-Key, or `pure`, which changes nothing. `body` is `json`, `content`, `data` or `files` of httpx.
        """
        sent = {**(headers or {}), **({"Idempotency-Key": str(uuid4())} if keyed else {})}
        given = {name: value for name, value in (params or {}).items() if value is not None}
        repeated = keyed or pure or method in REPEATED_METHODS
        attempt = 0
        while True:
            attempt += 1
            try:
                response = await self._http.request(method, path, headers=sent, params=given, **body)
            except httpx.TransportError as error:
                pause = self.retries.pause(attempt) if self._may_repeat(error, repeated) else None
                if pause is None:
                    raise unreachable(self.address, error) from error
            else:
                wrong = error_of(self.address, response)
                if wrong is None:
                    return response
                again = repeated and response.status_code in RETRIED_STATUSES
                pause = self.retries.pause(attempt, response.headers.get("Retry-After")) if again else None
                if pause is None:
                    raise wrong
            await sleep(pause)

    def _may_repeat(self, error: httpx.TransportError, repeated: bool) -> bool:
        """Return whether a request may be sent again after this error. One that was never sent always may."""
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            # Nothing listens at a port of this machine, and waiting would only delay the message.
            return not self.address.is_loopback
        return repeated

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
