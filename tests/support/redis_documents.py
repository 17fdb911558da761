"""Documents that several processes share through Redis, over a store in memory and on a clock that a test moves."""

from collections.abc import Callable
from typing import Any

from core.storage.documents import Documents
from core.storage.redis.keys import document_key
from core.storage.s3.object_store import ObjectStore

KEY = "default/models/m/champion.json"
NAME = document_key(KEY)
# Makes the documents of another process.
Process = Callable[[], Documents]


class Clock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class MemoryStore(ObjectStore):
    """Objects in memory; `reads` counts how often one was read. What happens meanwhile is called once."""

    def __init__(self) -> None:
        super().__init__("bucket", None)
        self.bodies: dict[str, bytes] = {}
        self.reads = 0
        self.after_put: Callable[[], None] | None = None
        self.after_get: Callable[[], None] | None = None

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        body = self.bodies[key]
        self.reads += 1
        self._run("after_get")
        return body, str(hash(body))

    def get(self, key: str) -> bytes:
        return self.get_with_etag(key)[0]

    def put(self, key: str, body: bytes, content_type: str = "") -> str:
        self.bodies[key] = body
        self._run("after_put")
        return str(hash(body))

    def _put_if(self, key: str, body: bytes, condition: dict[str, Any]) -> str | None:
        return self.put(key, body)

    def delete(self, keys: Any) -> None:
        for key in keys:
            self.bodies.pop(key, None)

    def _run(self, name: str) -> None:
        hook = getattr(self, name)
        setattr(self, name, None)
        if hook:
            hook()
