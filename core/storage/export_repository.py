"""Files that are too large for an answer: stored for a day and downloaded from a presigned URL."""

import secrets
from pathlib import Path

from core.storage.s3.object_store import ObjectStore

URL_SECONDS = 3600


class ExportRepository:
    """The exports of a workspace, below `exports/`. The bucket's lifecycle rule removes them after a day."""

    def __init__(self, workspace: str, objects: ObjectStore) -> None:
        self._workspace = workspace
        self._objects = objects

    def store(self, filename: str, path: Path, content_type: str) -> str:
        """Store the file at `path` and return a URL that downloads it as `filename` during the next hour."""
        key = f"exports/{self._workspace}/{secrets.token_hex(16)}"
        self._objects.put_file(key, path, content_type)
        return self._objects.presign(key, filename, URL_SECONDS)
