"""Uploads the parts of a file to presigned URLs: several at a time, each again after a failure that may pass."""

import base64
import hashlib
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from core.types import Json
from infra.client.service import http_client

PARTS_AT_A_TIME = 3
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.5
CHUNK_BYTES = 1 << 18
# Statuses with which the bucket asks for another attempt.
RETRIED_STATUSES = {408, 429, 500, 502, 503, 504}
# The bucket's status for a URL that has expired.
FORBIDDEN = 403

# Takes the bytes that were sent since the last call; a negative number for bytes that have to be sent again.
ReportBytes = Callable[[int], object]


class PartError(Exception):
    """The bucket refuses a part, or was not reached in all attempts."""


class PartUploader:
    """The parts of one file. It reports the bytes that it sends to `report_bytes`."""

    def __init__(self, path: Path, part_size: int, report_bytes: ReportBytes) -> None:
        self._path = path
        self._part_size = part_size
        self._report_bytes = report_bytes
        self._file_size = path.stat().st_size
        self._stopped = threading.Event()

    def size(self, number: int) -> int:
        """Return the bytes of a part; parts are counted from 1."""
        return min(self._part_size, self._file_size - (number - 1) * self._part_size)

    def upload(self, parts: list[Json]) -> int:
        """PUT these parts, `number` and `url` each; return how many were taken, without those whose URL has expired.

        Raises `PartError`. After any error no thread goes on sending.
        """
        with http_client(parts[0]["url"]) as bucket, ThreadPoolExecutor(PARTS_AT_A_TIME) as pool:
            try:
                return sum(pool.map(lambda part: self._upload_part(bucket, part["number"], part["url"]), parts))
            except BaseException:
                self._stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _upload_part(self, bucket: httpx.Client, number: int, url: str) -> bool:
        """PUT one part; return False where its URL has expired."""
        headers = {"Content-Length": str(self.size(number)), "Content-MD5": self._md5(number)}
        for attempt in range(ATTEMPTS):
            if attempt:
                pause = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
                self._stopped.wait(random.uniform(0.5, 1.5) * pause)
            body = _CountedBody(self._chunks(number), self._report_bytes)
            try:
                response = bucket.put(url, content=body, headers=headers)
            except httpx.TransportError as error:
                body.report_unsent()
                reason = str(error) or type(error).__name__
                continue
            if response.is_success:
                return True
            body.report_unsent()
            if response.status_code == FORBIDDEN:
                return False
            reason = f"{response.status_code} {response.text[:200]}"
            if response.status_code not in RETRIED_STATUSES:
                break
        raise PartError(f"Part {number} was not taken: {reason}")

    def _chunks(self, number: int) -> Iterator[bytes]:
        """Yield the bytes of a part; raises `PartError` where the file is too short or another part has failed."""
        left = self.size(number)
        with self._path.open("rb") as file:
            file.seek((number - 1) * self._part_size)
            while left and not self._stopped.is_set():
                chunk = file.read(min(CHUNK_BYTES, left))
                if not chunk:
                    raise PartError(f"{self._path} became shorter while it was sent.")
                left -= len(chunk)
                yield chunk
        if left:
            raise PartError("broken off")

    def _md5(self, number: int) -> str:
        """Return the checksum of a part in Base64. S3 compares it with that of the bytes that it received."""
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in self._chunks(number):
            digest.update(chunk)
        return base64.b64encode(digest.digest()).decode()


class _CountedBody:
    """The body of a request. It reports each chunk as it is sent."""

    def __init__(self, chunks: Iterator[bytes], report_bytes: ReportBytes) -> None:
        self._chunks = chunks
        self._report_bytes = report_bytes
        self._sent = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            yield chunk
            self._sent += len(chunk)
            self._report_bytes(len(chunk))

    def report_unsent(self) -> None:
        """Report that all bytes have to be sent again."""
        self._report_bytes(-self._sent)
