"""Lets MiniStack read a range of an object from the disk alone, where it would read the whole object for each range.

Of a range that is copied as a part it computes the MD5 once, and not again when the parts are joined; that of a whole
object is its ETag.
"""

import hashlib
import mmap
from collections.abc import Callable
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, SupportsIndex

from ministack.services import s3

# Whether the request at hand asks for a range, so that only a slice of the body that is read is looked at.
_is_ranged: ContextVar[bool] = ContextVar("is_ranged", default=False)


def install() -> None:
    """Replace how MiniStack handles such requests, and how it reads a body."""
    s3._get_object = _noting(s3._get_object, 2, "range")
    s3._upload_part_copy = _noting(s3._upload_part_copy, 3, "x-amz-copy-source-range")
    s3._read_body = _mapping(s3._read_body)
    s3.md5_hash = lambda data: _md5(data).hexdigest()
    s3.hashlib = SimpleNamespace(**vars(hashlib) | {"md5": _md5})


class _Range(bytes):
    """A range of an object, which keeps its MD5."""

    @cached_property
    def md5(self) -> str:
        """Return the digest in hexadecimal."""
        return hashlib.md5(self, usedforsecurity=False).hexdigest()


class _KnownDigest:
    """What `hashlib.md5` returns, for a digest that is known."""

    def __init__(self, digest: str) -> None:
        self._digest = digest

    def hexdigest(self) -> str:
        """Return the digest in hexadecimal."""
        return self._digest

    def digest(self) -> bytes:
        """Return the digest."""
        return bytes.fromhex(self._digest)


def _md5(data: bytes = b"", *, usedforsecurity: bool = False) -> Any:
    return _KnownDigest(data.md5) if isinstance(data, _Range) else hashlib.md5(data, usedforsecurity=False)


class _MappedObject(mmap.mmap):
    """The file of an object, whose slices are ranges of it. The ETag of one that was put at once is its MD5."""

    etag = ""

    def __getitem__(self, wanted: slice | SupportsIndex) -> Any:
        if not isinstance(wanted, slice):
            return super().__getitem__(wanted)
        with memoryview(self)[wanted] as view:
            found = _Range(view)
        if len(found) == len(self) and "-" not in self.etag:
            found.md5 = self.etag
        return found


def _noting(handle: Callable[..., Any], place: int, header: str) -> Callable[..., Any]:
    """Return a handler of requests that notes whether they ask for a range: by a header of its argument at `place`."""

    def handle_request(*arguments: Any) -> Any:
        token = _is_ranged.set(bool(arguments[place].get(header)))
        try:
            return handle(*arguments)
        finally:
            _is_ranged.reset(token)

    return handle_request


def _mapping(read: Callable[..., Any]) -> Callable[..., Any]:
    """Return a reader of bodies that maps the file of one of which a range is wanted; a slice of it is bytes."""

    def read_body(bucket: str, key: str, stored: dict[str, Any]) -> Any:
        path = s3._object_disk_path(bucket, key) if _is_ranged.get() and stored.get("body") is None else None
        if path is None or not stored["size"]:
            return read(bucket, key, stored)
        try:
            with Path(path).open("rb") as file:
                mapped = _MappedObject(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # which `read` logs
            return read(bucket, key, stored)
        mapped.etag = stored["etag"].strip('"')
        return mapped

    return read_body
