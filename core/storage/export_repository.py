"""Files too large for an answer: put into the bucket for a day and handed out as a presigned URL."""

import secrets
from pathlib import Path

from core.storage.s3.object_store import ObjectStore

URL_SECONDS = 3600


class ExportStore:
    """Exports in flight, below `exports/`; the bucket's lifecycle rule removes them after a day."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def offer(self, workspace: str, filename: str, path: Path, content_type: str) -> str:
        """Store the file at `path` and return a URL that downloads it as `filename` during the next hour."""
        key = f"exports/{workspace}/{secrets.token_hex(16)}"
        self._objects.put_file(key, path, content_type)
        return self._objects.presign(key, filename, URL_SECONDS)
