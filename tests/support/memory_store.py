"""A bucket in this process, for so many objects that an emulator would take minutes to store them."""

import hashlib
import time
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from threading import Lock

from core.storage.s3.object_metadata import ObjectHead, ObjectSummary
from core.storage.s3.object_store import LIST_KEYS, MissingObjectError, ObjectStore


class MemoryStore(ObjectStore):
    """An object store without S3; `requests` counts what S3 would have been asked for, by kind."""

    def __init__(self, objects: Mapping[str, bytes] | None = None) -> None:
        super().__init__("memory", None)
        self._objects = {key: (body, _etag(body), time.time()) for key, body in (objects or {}).items()}
        self._keys = sorted(self._objects)
        self._lock = Lock()
        self.requests: Counter[str] = Counter()

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        self._ask("get")
        try:
            body, etag, _ = self._objects[key]
        except KeyError:
            raise MissingObjectError(f"There is no object {key}.") from None
        return body, etag

    def get(self, key: str) -> bytes:
        return self.get_with_etag(key)[0]

    def head(self, key: str) -> ObjectHead:
        body, etag = self.get_with_etag(key)
        return ObjectHead(etag, len(body), datetime.now(UTC), {})

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        self._ask("put")
        with self._lock:
            return self._write(key, body)

    def create(self, key: str, body: bytes) -> str | None:
        self._ask("put")
        with self._lock:
            return None if key in self._objects else self._write(key, body)

    def replace(self, key: str, body: bytes, etag: str) -> str | None:
        self._ask("put")
        with self._lock:
            same = key in self._objects and self._objects[key][1] == etag
            return self._write(key, body) if same else None

    def delete(self, keys: Iterable[str]) -> None:
        self._ask("delete")
        with self._lock:
            for key in keys:
                if self._objects.pop(key, None) is not None:
                    del self._keys[bisect_left(self._keys, key)]

    def list(self, prefix: str, after: str = "", page_keys: int = LIST_KEYS) -> Iterator[ObjectSummary]:
        while True:
            self._ask("list")
            with self._lock:
                start = max(bisect_left(self._keys, prefix), bisect_right(self._keys, after) if after else 0)
                page = [key for key in self._keys[start : start + page_keys] if key.startswith(prefix)]
                found = [ObjectSummary(key, self._objects[key][1], len(self._objects[key][0]), 0.0) for key in page]
            yield from found
            if len(found) < page_keys:
                return
            after = found[-1].key

    def folders(self, prefix: str, after: str = "", page_keys: int = LIST_KEYS) -> Iterator[str]:
        while True:
            self._ask("list")
            item = next(self.list(prefix, f"{prefix}{after}/~" if after else prefix, 1), None)
            if item is None:
                return
            after = item.key.removeprefix(prefix).partition("/")[0]
            yield after

    def _write(self, key: str, body: bytes) -> str:
        if key not in self._objects:
            insort(self._keys, key)
        self._objects[key] = body, _etag(body), time.time()
        return self._objects[key][1]

    def _ask(self, kind: str) -> None:
        """Answer one request."""
        self.requests[kind] += 1


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
