"""Files that are too large for an answer: stored for a day and downloaded from a presigned URL."""

import json
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from core.storage.s3.joined import Piece, join_objects
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.types import Json

URL_SECONDS = 3600
# The janitor and the bucket's lifecycle rule delete a file that is older.
KEPT_SECONDS = 24 * 3600
# A URL that works for less time is replaced when its job is read.
LEAST_SECONDS = URL_SECONDS // 2


class ExportRepository:
    """The exports of a workspace, below `exports/`."""

    def __init__(self, workspace: str, objects: ObjectStore) -> None:
        self._folder = f"exports/{workspace}/"
        self._objects = objects

    def store(self, filename: str, path: Path, content_type: str) -> str:
        """Store the file at `path` and return a URL that downloads it as `filename` during the next hour."""
        key = self._new_key()
        self._objects.put_file(key, path, content_type)
        return self._objects.presign(key, filename, URL_SECONDS)

    def join(
        self,
        filename: str,
        pieces: Iterable[Piece],
        content_type: str,
        report_share: Callable[[float], object] = lambda share: None,
    ) -> tuple[str, int]:
        """Store a file that consists of these pieces; return a URL as `store` does, and the file's size in bytes.

        Calls `report_share` and raises as `join_objects` does.
        """
        key = self._new_key()
        join_objects(self._objects, key, pieces, content_type, report_share)
        return self._objects.presign(key, filename, URL_SECONDS), self._objects.size(key)

    def copy(self, filename: str, source: str) -> str:
        """Store a copy of an object, made inside the store; return a URL as `store` does.

        Raises `MissingObjectError`.
        """
        key = self._new_key()
        self._objects.copy(source, key)
        return self._objects.presign(key, filename, URL_SECONDS)

    def store_manifest(self, filename: str, manifest: Json) -> Json:
        """Store a manifest whose `parts` are files of this repository; return the fields of `stored_file`."""
        key, expires = self._new_key(), _in_seconds(URL_SECONDS)
        size = self._put_manifest(key, {**manifest, "expires_at": expires})
        return stored_file(self._objects.presign(key, filename, URL_SECONDS), filename, size)

    def renewed(self, file: Json) -> Json:
        """Return the fields of `stored_file` with a URL that works on, as long as the file is kept; else as they are.

        So do then the URLs in the file where it is a manifest, which is written anew.
        """
        now, expires = datetime.now(UTC), datetime.fromisoformat(file["expires_at"])
        kept = (expires - now).total_seconds() - URL_SECONDS + KEPT_SECONDS
        if (expires - now).total_seconds() > LEAST_SECONDS or kept < 1:
            return file
        key, seconds = self._key_of(file["url"]), min(URL_SECONDS, int(kept))
        renewed = {**file, "url": self._objects.presign(key, file["filename"], seconds)}
        if "parts" not in file:
            return {**renewed, "expires_at": _in_seconds(seconds)}
        try:
            manifest = self._renewed_manifest(key, seconds)
        except MissingObjectError:
            return file
        return {**renewed, **manifest}

    def _renewed_manifest(self, key: str, seconds: int) -> Json:
        """Let the URLs in a manifest work on; return when they expire, and how large the manifest is."""
        body = self._objects.get(key)
        manifest = json.loads(body)
        # One of an earlier version does not say it.
        expires = datetime.fromisoformat(manifest.get("expires_at", _in_seconds(0)))
        if (expires - datetime.now(UTC)).total_seconds() > LEAST_SECONDS:
            return {"expires_at": manifest["expires_at"], "size_bytes": len(body)}
        for part in manifest["parts"]:
            part["url"] = self._objects.presign(self._key_of(part["url"]), part["filename"], seconds)
        manifest["expires_at"] = _in_seconds(seconds)
        return {"expires_at": manifest["expires_at"], "size_bytes": self._put_manifest(key, manifest)}

    def _put_manifest(self, key: str, manifest: Json) -> int:
        body = json.dumps(manifest).encode()
        self._objects.put(key, body, "application/json")
        return len(body)

    def _new_key(self) -> str:
        return f"{self._folder}{secrets.token_hex(16)}"

    def _key_of(self, url: str) -> str:
        """Return the key of the file at a URL that `presign` has made."""
        return self._folder + urlsplit(url).path.rpartition("/")[2]


def stored_file(url: str, filename: str, size_bytes: int) -> Json:
    """Return the fields by which a job's result says where its file is, just after it was stored."""
    return {"url": url, "expires_at": _in_seconds(URL_SECONDS), "filename": filename, "size_bytes": size_bytes}


def _in_seconds(seconds: int) -> str:
    """Return the time that is so many seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")
