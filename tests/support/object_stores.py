"""Object stores for faults and races: a write is refused, a process is cut off, or a condition holds while writing."""

from threading import Lock
from typing import Any

from core.errors import UnavailableError
from core.storage.s3.object_store import ObjectStore


class CutOffStore(ObjectStore):
    """The same bucket, from which a process is cut off after some writes, as if it was killed."""

    def __init__(self, store: ObjectStore, writes: int) -> None:
        super().__init__(store.bucket, None)
        self._client = store.client
        self._left = iter(range(writes))

    def _count(self) -> None:
        if next(self._left, None) is None:
            raise UnavailableError("gone")

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        self._count()
        return super().put(key, body, content_type)

    def _put_if(self, key: str, body: bytes, condition: dict[str, Any]) -> str | None:
        self._count()
        return super()._put_if(key, body, condition)

    def copy(self, source: str, key: str) -> None:
        self._count()
        super().copy(source, key)

    def delete(self, keys: Any) -> None:
        keys = list(keys)
        if keys:
            self._count()
        super().delete(keys)


class FailingStore(ObjectStore):
    """The same bucket; it refuses to write keys with this ending."""

    def __init__(self, store: ObjectStore, ending: str = "") -> None:
        super().__init__(store.bucket, None)
        self._client = store.client
        self.ending = ending

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        self._refuse(key)
        return super().put(key, body, content_type)

    def create(self, key: str, body: bytes) -> str | None:
        self._refuse(key)
        return super().create(key, body)

    def replace(self, key: str, body: bytes, etag: str) -> str | None:
        self._refuse(key)
        return super().replace(key, body, etag)

    def _refuse(self, key: str) -> None:
        if self.ending and key.endswith(self.ending):
            raise UnavailableError("The object store did not answer.")


class AtomicStore(ObjectStore):
    """The same bucket for several threads: moto checks the condition and writes in two steps, S3 in one."""

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(store.bucket, None)
        self._client = store.client
        self._lock = Lock()

    def create(self, key: str, body: bytes) -> str | None:
        with self._lock:
            return super().create(key, body)

    def replace(self, key: str, body: bytes, etag: str) -> str | None:
        with self._lock:
            return super().replace(key, body, etag)
