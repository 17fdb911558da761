"""Small JSON documents that change: read through Redis for a moment, changed only by conditional writes."""

import json
from collections.abc import Callable

from core.errors import ConflictError
from core.storage.redis.keys import DOCUMENT_SECONDS, document_key
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.types import Json

ATTEMPTS = 8


class Documents:
    """Mutable JSON objects of the bucket."""

    def __init__(self, objects: ObjectStore, redis: RedisClient) -> None:
        self._objects = objects
        self._redis = redis

    def read(self, key: str, *, fresh: bool = False) -> Json | None:
        """Return the document, or None.

        `fresh` reads the bucket itself, which a caller needs that acts on the answer.
        """
        name = document_key(key)
        if not fresh:
            cached = self._redis.run(lambda client: client.get(name), None)
            if cached is not None:
                return _parse(cached)
        try:
            body = self._objects.get(key)
        except MissingObjectError:
            return None
        # NX: a reader that a writer overtook must not put the older document back.
        self._redis.run(lambda client: client.set(name, body, ex=DOCUMENT_SECONDS, nx=True), None)
        return _parse(body)

    def write(self, key: str, document: Json) -> str:
        """Write the document, whatever was there; return its ETag."""
        body = _dump(document)
        etag = self._objects.put(key, body, "application/json")
        self._publish(key, body)
        return etag

    def change(self, key: str, edit: Callable[[Json | None], Json | None]) -> Json | None:
        """Store what `edit` makes of the newest document; try again when another writer was faster.

        `edit` takes the document (None when there is none) and returns the new one, or None to leave it as it is.
        Return the document as stored afterwards; raises `ConflictError` when others were faster eight times in a row.
        """
        for _ in range(ATTEMPTS):
            try:
                stored, etag = self._objects.get_with_etag(key)
                before: Json | None = _parse(stored)
            except MissingObjectError:
                before, etag = None, ""
            after = edit(before)
            if after is None:
                return before
            body = _dump(after)
            won = self._objects.replace(key, body, etag) if etag else self._objects.create(key, body)
            if won:
                self._publish(key, body)
                return after
        raise ConflictError("This is being changed by several callers at once; try again.")

    def delete(self, key: str) -> None:
        """Delete the document."""
        self._objects.delete([key])
        self._redis.run(lambda client: client.delete(document_key(key)), None)

    def _publish(self, key: str, body: bytes) -> None:
        self._redis.run(lambda client: client.set(document_key(key), body, ex=DOCUMENT_SECONDS), None)


def _dump(document: Json) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _parse(body: bytes) -> Json:
    parsed: Json = json.loads(body)
    return parsed
