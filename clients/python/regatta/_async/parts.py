"""The parts of a large file: PUT to presigned URLs, several at a time, each again after a failure that may pass."""

import base64
import hashlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx

from regatta._async.connection import AsyncConnection
from regatta._async.runtime import in_thread, run_all, sleep
from regatta.errors import UploadInterrupted
from regatta.protocol import file_host_unreachable
from regatta.retries import RETRIED_STATUSES
from regatta.sources import Source

PARTS_AT_A_TIME = 3
# S3 asks for another attempt with an internal error as well.
BUCKET_STATUSES = RETRIED_STATUSES | {500}
CHUNK_BYTES = 1 << 18

# A part of an answer of the service: `number` and `url`.
Part = Mapping[str, Any]


class AsyncPartSender:
    """Sends the parts of one source. It reports how many bytes of all were sent to `report_bytes`."""

    def __init__(
        self, connection: AsyncConnection, source: Source, part_size: int, report_bytes: Callable[[int], object]
    ) -> None:
        self._connection = connection
        self._source = source
        self._part_size = part_size
        self._report_bytes = report_bytes
        self._sent = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._failure: BaseException | None = None

    def size(self, number: int) -> int:
        """Return the bytes of a part; parts are counted from 1."""
        return min(self._part_size, self._source.size - (number - 1) * self._part_size)

    async def send(self, parts: Sequence[Part]) -> int:
        """Send these parts; return how many were taken, without those whose URL has expired.

        Raises `UploadInterrupted`, `RedirectTargetUnreachable`. After any error no other part goes on.
        """
        self._sent = self._source.size - sum(self.size(part["number"]) for part in parts)
        self._report_bytes(self._sent)
        async with self._connection.bucket(httpx.URL(parts[0]["url"])) as bucket:

            async def send_part(part: Part) -> bool:
                try:
                    return await self._send_part(bucket, part["number"], part["url"])
                except BaseException as error:
                    with self._lock:
                        self._failure = self._failure or error
                    self._stopped.set()
                    raise

            try:
                return sum(await run_all(send_part, parts, PARTS_AT_A_TIME))
            except UploadInterrupted as error:
                # Not that of a part that only stopped because another one failed.
                raise self._failure or error from None

    async def _send_part(self, bucket: httpx.AsyncClient, number: int, url: str) -> bool:
        """PUT one part; return False where its URL has expired."""
        headers = {"Content-Length": str(self.size(number)), "Content-MD5": await in_thread(self._md5, number)}
        attempt = 0
        while True:
            attempt += 1
            begun = self._Count()
            retry_after: str | None = None
            try:
                response = await bucket.put(url, content=self._body(number, begun), headers=headers)
            except httpx.TransportError as error:
                failure: Exception = file_host_unreachable(httpx.URL(url), error)
                if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                    failure = UploadInterrupted(f"Part {number} was not taken ({error}). Send the file again.")
                may_pass = True
            else:
                if response.is_success:
                    return True
                if response.status_code == httpx.codes.FORBIDDEN:
                    self._count(-begun.bytes)
                    return False
                reason = f"{response.status_code} {response.text[:200]}"
                failure = UploadInterrupted(f"Part {number} was not taken: {reason}")
                may_pass = response.status_code in BUCKET_STATUSES
                retry_after = response.headers.get("Retry-After")
            self._count(-begun.bytes)
            pause = self._connection.retries.pause(attempt, retry_after) if may_pass else None
            if pause is None:
                raise failure
            await sleep(pause)

    async def _body(self, number: int, begun: "AsyncPartSender._Count") -> AsyncIterator[bytes]:
        """Yield the bytes of a part, and count each chunk when it is sent."""
        for chunk in self._chunks(number):
            yield chunk
            begun.bytes += len(chunk)
            self._count(len(chunk))

    def _chunks(self, number: int) -> Iterator[bytes]:
        """Yield the bytes of a part; raises `UploadInterrupted` where the file is too short or another part failed."""
        left = self.size(number)
        with self._source.open() as file:
            file.seek((number - 1) * self._part_size)
            while left and not self._stopped.is_set():
                chunk = file.read(min(CHUNK_BYTES, left))
                if not chunk:
                    raise UploadInterrupted(f"{self._source.filename} became shorter while it was sent.")
                left -= len(chunk)
                yield chunk
        if left:
            raise UploadInterrupted("Another part of the file was not taken.")

    def _md5(self, number: int) -> str:
        """Return the checksum of a part in Base64. S3 compares it with that of the bytes that it received."""
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in self._chunks(number):
            digest.update(chunk)
        return base64.b64encode(digest.digest()).decode()

    def _count(self, count: int) -> None:
        """Count bytes that were sent; a negative number of those that have to be sent again."""
        with self._lock:
            self._sent += count
            self._report_bytes(self._sent)

    class _Count:
        """The bytes of one attempt."""

        bytes = 0
