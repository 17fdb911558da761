"""Files that are too large for an answer: stored for a day and downloaded from a presigned URL."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.storage.s3.joined import Piece, join_objects
from core.storage.s3.object_store import ObjectStore
from core.types import Json

URL_SECONDS = 3600


class ExportRepository:
    """The exports of a workspace, below `exports/`. The bucket's lifecycle rule removes them after a day."""

    def __init__(self, workspace: str, objects: ObjectStore) -> None:
        self._workspace = workspace
        self._objects = objects

    def store(self, filename: str, path: Path, content_type: str) -> str:
        """Store the file at `path` and return a URL that downloads it as `filename` during the next hour."""
        key = self._new_key()
        self._objects.put_file(key, path, content_type)
        return self._objects.presign(key, filename, URL_SECONDS)

    def join(self, filename: str, pieces: Iterable[Piece], content_type: str) -> tuple[str, int]:
        """Store a file that consists of these pieces; return a URL as `store` does, and the file's size in bytes.

        Raises `MissingObjectError` where an object of a piece is missing.
        """
        key = self._new_key()
        join_objects(self._objects, key, pieces, content_type)
        return self._objects.presign(key, filename, URL_SECONDS), self._objects.size(key)

    def copy(self, filename: str, source: str) -> str:
        """Store a copy of an object, made inside the store; return a URL as `store` does.

        Raises `MissingObjectError`.
        """
        key = self._new_key()
        self._objects.copy(source, key)
        return self._objects.presign(key, filename, URL_SECONDS)

    def _new_key(self) -> str:
        return f"exports/{self._workspace}/{secrets.token_hex(16)}"


def stored_file(url: str, filename: str, size_bytes: int) -> Json:
    """Return the fields by which a job's result says where its file is, just after it was stored."""
    expires = datetime.now(UTC) + timedelta(seconds=URL_SECONDS)
    return {
        "url": url,
        "expires_at": expires.isoformat(timespec="seconds"),
        "filename": filename,
        "size_bytes": size_bytes,
    }
