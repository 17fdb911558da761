"""Sends the parts of a file to presigned URLs: several at a time, each again where the network hiccups."""

import base64
import hashlib
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from core.types import Json
from infra.service import http_client

PARTS_AT_A_TIME = 3
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.5
PIECE_BYTES = 1 << 18
# The bucket's ways to say "not now".
TRY_AGAIN = {408, 429, 500, 502, 503, 504}
# What it says to a URL that ran out.
FORBIDDEN = 403


class PartError(Exception):
    """The bucket refuses a part, or was not reached in many attempts."""


class PartSender:
    """The parts of one file; `advance` hears how many bytes went out, or less than none when they have to go again."""

    def __init__(self, path: Path, part_size: int, advance: Callable[[int], object]) -> None:
        self._path = path
        self._part_size = part_size
        self._advance = advance
        self._size = path.stat().st_size
        self._broken_off = threading.Event()

    def size(self, number: int) -> int:
        """Bytes of a part; they are counted from 1."""
        return min(self._part_size, self._size - (number - 1) * self._part_size)

    def send(self, parts: list[Json]) -> int:
        """PUT these parts, `number` and `url` each; returns how many were taken: a URL may have run out.

        Raises `PartError`; whatever it raises, no thread goes on sending.
        """
        with http_client(parts[0]["url"]) as bucket, ThreadPoolExecutor(PARTS_AT_A_TIME) as pool:
            try:
                return sum(pool.map(lambda part: self._send_one(bucket, part["number"], part["url"]), parts))
            except BaseException:
                self._broken_off.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _send_one(self, bucket: httpx.Client, number: int, url: str) -> bool:
        headers = {"Content-Length": str(self.size(number)), "Content-MD5": self._md5(number)}
        for attempt in range(ATTEMPTS):
            if attempt:
                pause = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
                self._broken_off.wait(random.uniform(0.5, 1.5) * pause)
            body = _Body(self._pieces(number), self._advance)
            try:
                response = bucket.put(url, content=body, headers=headers)
            except httpx.TransportError as error:
                body.take_back()
                said = str(error) or type(error).__name__
                continue
            if response.is_success:
                return True
            body.take_back()
            if response.status_code == FORBIDDEN:
                return False
            said = f"{response.status_code} {response.text[:200]}"
            if response.status_code not in TRY_AGAIN:
                break
        raise PartError(f"Part {number} was not taken: {said}")

    def _pieces(self, number: int) -> Iterator[bytes]:
        left = self.size(number)
        with self._path.open("rb") as file:
            file.seek((number - 1) * self._part_size)
            while left and not self._broken_off.is_set():
                piece = file.read(min(PIECE_BYTES, left))
                if not piece:
                    raise PartError(f"{self._path} became shorter while it was sent.")
                left -= len(piece)
                yield piece
        if left:
            raise PartError("broken off")

    def _md5(self, number: int) -> str:
        """The checksum that S3 compares with what it got."""
        digest = hashlib.md5(usedforsecurity=False)
        for piece in self._pieces(number):
            digest.update(piece)
        return base64.b64encode(digest.digest()).decode()


class _Body:
    """Pieces on their way out, counted."""

    def __init__(self, pieces: Iterator[bytes], advance: Callable[[int], object]) -> None:
        self._pieces = pieces
        self._advance = advance
        self._sent = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            yield piece
            self._sent += len(piece)
            self._advance(len(piece))

    def take_back(self) -> None:
        """They have to go again."""
        self._advance(-self._sent)
