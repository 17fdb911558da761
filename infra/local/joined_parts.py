"""Lets MiniStack join the parts of an object on the disk alone, where it would hold them in memory twice.

A part that is copied is a range of a file, which stays open until the parts are joined. MiniStack never writes into a
file that is there, but puts another one in its place. So the part has the bytes that the object had when it was copied,
also where that is replaced or deleted before the parts are joined. The MD5 of a part is computed once, and not again
when the parts are joined; that of a whole object is its ETag.
"""

import hashlib
import os
import resource
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, SupportsIndex
from weakref import WeakSet

from ministack.services import s3

from infra.local.ranged_reads import noting

# How much is copied at a time: it stays in the cache of a processor.
BLOCK_BYTES = 256 << 10

# Whether the request at hand copies a part.
_is_copy: ContextVar[bool] = ContextVar("is_copy", default=False)
# By number the parts of the upload that the request at hand joins.
_parts: ContextVar[dict[int, dict[str, Any]] | None] = ContextVar("parts", default=None)


def install() -> None:
    """Replace how MiniStack copies parts, joins them and writes what was joined."""
    s3._read_body = _opening(s3._read_body)
    s3._upload_part_copy = noting(_is_copy, lambda *_: True, s3._upload_part_copy)
    s3._complete_multipart_upload = noting(_parts, _parts_to_join, s3._complete_multipart_upload)
    # MiniStack calls it first of all with the object that it has made of the parts.
    s3._maybe_replicate = _keeping_parts(s3._maybe_replicate)
    s3._atomic_write = _writing_parts(s3._atomic_write)
    s3.md5_hash = lambda data: _md5(data).hexdigest()
    s3.hashlib = SimpleNamespace(**vars(hashlib) | {"md5": _md5})


class _OpenFile:
    """A file that can be read until nobody refers to it any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        _open_files.add(self)

    def __del__(self) -> None:
        os.close(self.descriptor)


_open_files: WeakSet[_OpenFile] = WeakSet()


class _Part(bytes):
    """Stands for the bytes of a part, which are in a file or in an object of their own; it has none itself.

    It answers what MiniStack asks the bytes of a part for: their number, a slice of them, and by `_md5` their digest.
    """

    source: "bytes | _OpenFile"
    start: int
    size: int
    digest: str

    @classmethod
    def of(cls, source: "bytes | _OpenFile", start: int, size: int, digest: str = "") -> "_Part":
        """Return a part of `size` bytes from `start` on; the MD5 is computed where `digest` is empty."""
        part = cls()
        part.source, part.start, part.size, part.digest = source, start, size, digest
        return part

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, wanted: slice | SupportsIndex) -> Any:
        if not isinstance(wanted, slice):
            raise TypeError("only slices of a part can be had")
        first, stop, _ = wanted.indices(self.size)
        return self.of(self.source, self.start + first, stop - first, self.digest if stop - first == self.size else "")

    def blocks(self) -> Iterator[bytes | memoryview]:
        """Yield all bytes; a block is valid until the next one is asked for. Raises `OSError`."""
        if isinstance(self.source, bytes):
            yield memoryview(self.source)[self.start : self.start + self.size]
            return
        buffer = memoryview(bytearray(min(BLOCK_BYTES, self.size)))
        done = 0
        while done < self.size:
            wanted = buffer[: self.size - done]
            count = os.preadv(self.source.descriptor, [wanted], self.start + done)
            if not count:
                raise OSError(f"a file has no bytes after {self.start + done}")
            yield wanted[:count]
            done += count

    def md5(self) -> str:
        """Return the digest in hexadecimal."""
        if not self.digest:
            found = hashlib.md5(usedforsecurity=False)
            for block in self.blocks():
                found.update(block)
            self.digest = found.hexdigest()
        return self.digest


@dataclass(frozen=True)
class _Joined:
    """The body of an object that is joined of parts."""

    parts: Sequence[_Part]

    def write_to(self, file: BinaryIO) -> None:
        """Write all bytes; raises `OSError`."""
        for part in self.parts:
            for block in part.blocks():
                file.write(block)


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
    return _KnownDigest(data.md5()) if isinstance(data, _Part) else hashlib.md5(data, usedforsecurity=False)


def _opening(read: Callable[..., Any]) -> Callable[..., Any]:
    """Return a reader of bodies that opens the file of one that is copied as a part."""

    def read_body(bucket: str, key: str, stored: dict[str, Any]) -> Any:
        path = s3._object_disk_path(bucket, key) if _is_copy.get() and stored.get("body") is None else None
        # Half of the files that may be open are for everything else.
        if path is None or len(_open_files) >= resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2:
            return read(bucket, key, stored)
        try:
            file = _OpenFile(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:  # which `read` logs
            return read(bucket, key, stored)
        etag = stored["etag"].strip('"')
        return _Part.of(file, 0, os.fstat(file.descriptor).st_size, "" if "-" in etag else etag)

    return read_body


def _parts_to_join(
    bucket: str, key: str, body: bytes, query: dict[str, Any], *_: Any
) -> dict[int, dict[str, Any]] | None:
    """Return the parts that a request joins, as MiniStack need not join their bytes in memory.

    None for a version of an object or a replica, which have bytes of their own.
    """
    parts: dict[int, dict[str, Any]] = s3._multipart_uploads.get(s3._qp(query, "uploadId"), {}).get("parts", {})
    has_versions = s3._bucket_versioning.get(bucket) or s3._bucket_replication.get(bucket)
    for part in parts.values():
        found = part["body"]
        if has_versions:
            part["body"] = b"".join(map(bytes, found.blocks())) if isinstance(found, _Part) else found
        elif not isinstance(found, _Part):
            part["body"] = _Part.of(found, 0, len(found), part["etag"].strip('"'))
    return None if has_versions else parts


def _keeping_parts(replicate: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives an object the parts that it is joined of as its body, and then calls `replicate`."""

    def keep(bucket: str, key: str, stored: dict[str, Any], *options: Any) -> Any:
        parts = _parts.get()
        if parts is not None:
            joined = [parts[one["PartNumber"]]["body"] for one in stored["parts"]]
            stored["body"], stored["size"] = _Joined(joined), sum(map(len, joined))
        return replicate(bucket, key, stored, *options)

    return keep


def _writing_parts(write: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that writes a file as `write` does, also one of parts: all of it, or nothing."""

    def write_file(path: str, data: Any, **options: Any) -> None:
        if not isinstance(data, _Joined):
            write(path, data, **options)
            return
        new = Path(path + ".tmp")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                data.write_to(file)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        new.replace(path)

    return write_file
