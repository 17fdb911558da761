# Generated from regatta/_async/connection.py by `make client`. Change that file.
"""Requests to a service. What it refuses becomes a typed exception, and what may be repeated is."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from errno import EISDIR, ENOENT
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from regatta._sync.runtime import sleep
from regatta.address import LOOPBACK, Address
from regatta.errors import IdempotencyKeyInUse, ProblemError
from regatta.protocol import (
    error_of,
    file_host_unreachable,
    file_refused,
    json_object,
    redirect_target,
    unreachable,
    unreadable,
)
from regatta.retries import RETRIED_STATUSES, Retries

REPEATED_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
CHUNK_BYTES = 1 << 18

Out = TypeVar("Out")


class Connection:
    """The connections to one service, with its address, its headers and the retries."""

    def __init__(
        self,
        address: Address,
        timeout: httpx.Timeout,
        retries: Retries | None,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self.address = address
        self.timeout = timeout
        self.retries = retries or Retries()
        self._transport = transport
        self._http = self._client(address.url.host, base_url=address.url, headers=dict(address.headers))

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Send a request and return the JSON object of its answer; `options` are those of `send`."""
        return self.read(self.send(method, path, **options))

    def items(
        self, path: str, name: str, limit: int | None, page: int, **params: Any
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the items `name` of a list, and the answer that had the last of them.

        Pages of up to `page` items are asked for until there are `limit` of them, or all where that is None.
        """
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            most = page if limit is None else min(page, max(limit - len(found), 1))
            answer = self.json("GET", path, params={**params, "limit": most, "cursor": cursor})
            found += answer.get(name, ())
            cursor = answer.get("next")
            if cursor is None or (limit is not None and len(found) >= limit):
                return found[:limit], answer

    def read(self, response: httpx.Response) -> dict[str, Any]:
        """Return the JSON object of an answer of `send`; raises `NotRegattaError` where it is none."""
        return json_object(self.address, response)

    def send(
        self, method: str, path: str, *, keyed: bool = False, pure: bool = False, **options: Any
    ) -> httpx.Response:
        """Send a request and return its answer, or the file that the answer points at; raises `RegattaError`.

        `options` are `params`, `headers`, `timeout`, and one of `json`, `content`, `data` and `files` as httpx takes
        them. The request is sent again after a failure that may pass if its method allows it, if it is `keyed`, which
        is sent with an Idempotency-Key, or `pure`, which changes nothing.
        """

        def once() -> httpx.Response:
            with self._exchange(method, path, **options) as response:
                response.read()
                return response

        options["headers"] = _with_key(options.get("headers"), keyed)
        return self._repeat(once, keyed or pure or method in REPEATED_METHODS)

    def download(self, method: str, path: str, target: Path, *, keyed: bool = False, **options: Any) -> httpx.Response:
        """Send a request, and write the file that it answers with to `target`; return the answer, whose body is gone.

        The file has its name once it is complete. A 202 is returned with its body, and nothing is written. Raises
        `FileNotFoundError` and `IsADirectoryError`, before anything is sent, for a path that cannot be a file.
        """

        def once() -> httpx.Response:
            with self._exchange(method, path, **options) as response:
                if response.status_code == httpx.codes.ACCEPTED:
                    response.read()
                else:
                    _write(response, target)
                return response

        if not target.parent.is_dir():
            raise FileNotFoundError(ENOENT, "No such folder", str(target.parent))
        if target.is_dir():
            raise IsADirectoryError(EISDIR, "Is a folder, and not the name of a file", str(target))
        options["headers"] = _with_key(options.get("headers"), keyed)
        return self._repeat(once, keyed or method in REPEATED_METHODS)

    def fetch(self, url: str, target: Path) -> None:
        """Write the file at a URL that the service has named to `target`, as `download` does."""

        def once() -> None:
            with self._file(self.address.url.join(url)) as response:
                _write(response, target)

        self._repeat(once, repeated=True)

    def fetch_json(self, url: str) -> dict[str, Any]:
        """Return the JSON object at a URL that the service has named."""

        def once() -> httpx.Response:
            with self._file(self.address.url.join(url)) as response:
                response.read()
                return response

        return self.read(self._repeat(once, repeated=True))

    def fetch_parts(self, url: str, target: Path) -> None:
        """Make a folder `target` of the files that the manifest at a URL names, which has its name once it is complete.

        The manifest is `_manifest.json` in it, which readers of such folders pass over. A file `target` is replaced.
        """
        folder = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
        folder.mkdir()
        try:
            manifest = folder / "_manifest.json"
            self.fetch(url, manifest)
            for part in json.loads(manifest.read_bytes())["parts"]:
                self.fetch(part["url"], folder / Path(part["filename"]).name)
            target.unlink(missing_ok=True)
            folder.rename(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def bucket(self, url: httpx.URL) -> Iterator[httpx.Client]:
        """Connect to the host of a presigned URL, which gets neither the key nor the headers."""
        client = self._client(url.host)
        try:
            yield client
        finally:
            # Closing a client closes its transport.
            if self._transport is None:
                client.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _repeat(self, once: Callable[[], Out], repeated: bool) -> Out:
        """Return what `once` returns; where it fails by what may pass, and may be `repeated`, call it again."""
        attempt = busy = 0
        while True:
            attempt += 1
            try:
                return once()
            except httpx.TransportError as error:
                pause = self.retries.pause(attempt) if self._may_repeat(error, repeated) else None
                if pause is None:
                    raise unreachable(self.address, error) from None
            except httpx.DecodingError as error:
                raise unreadable(self.address, str(error)) from None
            except IdempotencyKeyInUse:
                # An attempt whose answer was lost is still being worked on.
                attempt, busy = attempt - 1, busy + 1
                pause = self.retries.busy_pause(busy)
                if pause is None:
                    raise
            except ProblemError as error:
                passes = repeated and error.status in RETRIED_STATUSES
                pause = self.retries.pause(attempt, error.retry_after) if passes else None
                if pause is None:
                    raise
            sleep(pause)

    def _may_repeat(self, error: httpx.TransportError, repeated: bool) -> bool:
        """Return whether a request may be sent again after this error. One that was never sent always may."""
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            # Nothing listens at a port of this machine, and waiting would only delay the message.
            return not self.address.is_loopback
        return repeated and not isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError)

    @contextmanager
    def _exchange(self, method: str, path: str, *, hops: int = 0, **options: Any) -> Iterator[httpx.Response]:
        """Send a request once; within the block the body of its answer, or of the file it points at, can be read."""
        url = httpx.URL(path)
        if url.is_absolute_url and not self.address.owns(url):
            # The key and the headers go to the service alone.
            raise ValueError(f"{url.host} is not the service. A path of the service is meant, such as /model/trained.")
        if options.get("params"):
            options["params"] = {name: value for name, value in options["params"].items() if value is not None}
        with self._http.stream(method, path, **options) as response:
            if response.is_error:
                response.read()
            wrong = error_of(self.address, response)
            if wrong is not None:
                raise wrong
            if response.status_code != httpx.codes.SEE_OTHER:
                yield response
                return
            target = redirect_target(self.address, response, hops)
        with self._file(target, hops + 1) as file:
            yield file

    @contextmanager
    def _file(self, url: httpx.URL, hops: int = 0) -> Iterator[httpx.Response]:
        """Get a file that the service has named. Its key and headers go to its own host alone."""
        if self.address.owns(url):
            with self._exchange("GET", str(url), hops=hops) as response:
                yield response
            return
        with self.bucket(url) as bucket:
            try:
                with bucket.stream("GET", url) as response:
                    if response.is_error:
                        response.read()
                        raise file_refused(response)
                    yield response
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise file_host_unreachable(url, error) from None

    def _client(self, host: str, **options: Any) -> httpx.Client:
        """Return a client for one host. A proxy from the environment does not reach this machine."""
        trusts = host not in LOOPBACK
        return httpx.Client(timeout=self.timeout, transport=self._transport, trust_env=trusts, **options)


def _write(response: httpx.Response, target: Path) -> None:
    """Write the body of an answer to a file, which has its name once it is complete."""
    partial = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
    try:
        with partial.open("wb") as file:
            for chunk in response.iter_bytes(CHUNK_BYTES):
                file.write(chunk)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _with_key(headers: Mapping[str, str] | None, keyed: bool) -> dict[str, str]:
    """Return the headers of a request, all attempts of which have the same key."""
    return {**({"Idempotency-Key": str(uuid4())} if keyed else {}), **(headers or {})}
