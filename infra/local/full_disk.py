"""Lets MiniStack refuse what it could not store on the disk, which it only logs, and answers 200.

A refusal is 507, as other object stores on a disk answer. Deletions make room, and are refused only where the disk is
read-only: the object would be there again after a restart.
"""

import logging
import os
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from ministack.services import s3

log = logging.getLogger("ministack")

# What stays free for the parts that may not fail: state of the queues, logs, the answers to deletions.
RESERVE_BYTES = 8 << 20
STATUS, CODE = 507, "InsufficientStorage"

Answer = tuple[int, dict[str, str], bytes]
Handle = Callable[..., Awaitable[Answer]]

# How the line begins in which MiniStack says that an object is not on the disk.
NOT_STORED = "Failed to persist"
# The errors that kept the request at hand from being stored.
_failures: ContextVar[list[BaseException]] = ContextVar("failures")


def install() -> None:
    """Replace MiniStack's handler of S3 requests, and read its log."""
    s3.handle_request = refusing(s3.handle_request)
    s3.logger.addFilter(remember_failure)


def refusing(handle: Handle) -> Handle:
    """Return a handler that refuses what has no room, or was not stored though `handle` says so."""

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], **options: Any
    ) -> Answer:
        stores = method == "PUT" or (method == "POST" and "delete" not in query)
        if (stores or method in ("DELETE", "POST")) and not os.access(s3.DATA_DIR, os.W_OK):
            return _refusal("it is read-only")
        upload_id = s3._qp(query, "uploadId") if method == "POST" else ""
        upload = s3._multipart_uploads.get(upload_id)
        if stores and not has_room(len(body) if upload is None else sum(p["size"] for p in upload["parts"].values())):
            return _refusal(f"less than {RESERVE_BYTES >> 20} MiB are free")
        failures: list[BaseException] = []
        token = _failures.set(failures)
        before = _current(path) if stores else None
        try:
            answer = await handle(method, path, headers, body, query, **options)
        finally:
            _failures.reset(token)
        if not failures or answer[0] >= 400:
            return answer
        _restore(path, before)
        if upload is not None:
            # Its parts can be joined when there is room, and no answer to that is known yet.
            s3._multipart_uploads[upload_id] = upload
            s3._completed_multipart_uploads.pop(upload_id, None)
        return _refusal(getattr(failures[0], "strerror", None) or "it cannot be written")

    return handle_request


def remember_failure(record: logging.LogRecord) -> bool:
    """Keep the error of a line of MiniStack's log for the request at hand; return True, since the line is written."""
    if str(record.msg).startswith(NOT_STORED) and isinstance(record.args, tuple):
        _failures.get([]).extend(error for error in record.args if isinstance(error, BaseException))
    return True


def has_room(size: int) -> bool:
    """Return whether a file of so many bytes leaves the reserve free."""
    try:
        disk = os.statvfs(s3.DATA_DIR)
    except OSError:
        return True  # writing it will show
    return disk.f_bavail * disk.f_frsize >= size + RESERVE_BYTES and (disk.f_files == 0 or disk.f_favail > 2)


def _current(path: str) -> Any:
    """Return the record of the object at a path of the request; None where there is none."""
    bucket, key = _bucket_and_key(path)
    return s3._buckets.get(bucket, {}).get("objects", {}).get(key)


def _restore(path: str, record: Any) -> None:
    """Give the key the record again that it had before the request that could not be stored."""
    bucket, key = _bucket_and_key(path)
    objects = s3._buckets.get(bucket, {}).get("objects", {})
    if record is None:
        objects.pop(key, None)
    else:
        objects[key] = record


def _bucket_and_key(path: str) -> tuple[str, str]:
    bucket, key = s3._parse_bucket_key(path, {})
    return str(bucket), str(key)


def _refusal(reason: str) -> Answer:
    """Return the answer to a request that was not stored."""
    log.error("the disk of %s cannot take an object: %s", s3.DATA_DIR, reason)
    answer: Answer = s3._error(CODE, f"The disk of {s3.DATA_DIR} cannot take an object: {reason}.", STATUS)
    return answer
