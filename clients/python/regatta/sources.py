"""What can be uploaded, as one thing: a path, bytes, a file object or a DataFrame."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO, TextIOBase
from pathlib import Path
from typing import IO, Any, BinaryIO

from regatta.frame_csv import write_csv
from regatta.frames import as_frame

# `str` and `os.PathLike` are paths. A text with the table itself is to be encoded: `text.encode()`.
Uploadable = Any


@dataclass(frozen=True)
class Source:
    """The bytes of a file that is on this disk or in memory, and how the service is to read them."""

    filename: str
    size: int
    path: Path | None = None
    content: bytes = field(default=b"", repr=False)
    reading: Mapping[str, Any] = field(default_factory=dict)
    # A file of the caller, which may change while it is sent; others are copies.
    is_original: bool = False
    modified: int = 0

    def open(self) -> BinaryIO:
        """Open the bytes; several readers do not disturb each other."""
        return BytesIO(self.content) if self.path is None else self.path.open("rb")

    def identity(self) -> list[Any]:
        """Return what is the same for the same bytes: path, size and time of a file, the digest of a copy."""
        if self.is_original and self.path is not None:
            return [str(self.path.resolve()), self.size, self.modified]
        return [self.filename, self.size, self.sha256()]

    def sha256(self) -> str:
        """Return the digest of all bytes in hexadecimal."""
        digest = hashlib.sha256()
        with self.open() as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()

    def has_changed(self) -> bool:
        """Return whether the file of the caller is another one than when it was opened."""
        if not self.is_original or self.path is None:
            return False
        stat = self.path.stat()
        return (stat.st_size, stat.st_mtime_ns) != (self.size, self.modified)


@contextmanager
def open_source(source: Uploadable, filename: str | None) -> Iterator[Source]:
    """Make a `Source` of what a caller gives; copies that it takes are deleted at the end of the block.

    A file object is sent from its beginning. Raises `OSError` for a path that cannot be read, `TypeError` for an object
    of another kind.
    """
    frame = as_frame(source)
    if frame is not None:
        with _temporary() as (path, file):
            reading = write_csv(frame, file)
            file.close()
            yield Source(filename or "dataframe.csv", path.stat().st_size, path, reading=reading)
    elif isinstance(source, str | os.PathLike):
        yield _of_path(Path(source), filename)
    elif isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
        yield Source(filename or "data.csv", len(content), content=content)
    elif hasattr(source, "read"):
        with _of_file(source, filename) as found:
            yield found
    else:
        raise TypeError(f"upload() takes a path, bytes, a file object or a DataFrame, not {type(source).__name__}.")


def _of_path(path: Path, filename: str | None) -> Source:
    with path.open("rb"):  # raises for a folder, and for a file that cannot be read
        stat = path.stat()
    name = filename or path.name
    return Source(name, stat.st_size, path, is_original=True, modified=stat.st_mtime_ns)


@contextmanager
def _of_file(file: Any, filename: str | None) -> Iterator[Source]:
    """Make a source of a file object: of its path where it is a file on this disk, else of a copy."""
    name = getattr(file, "name", None)
    path = Path(name) if isinstance(name, str) else None
    if path is not None and _is_same_file(file, path):
        yield _of_path(path, filename)
        return
    with suppress(OSError, AttributeError):
        file.seek(0)
    with _temporary() as (copy_path, copy):
        if isinstance(file, TextIOBase):
            while text := file.read(1 << 20):
                copy.write(text.encode("utf-8"))
        else:
            shutil.copyfileobj(file, copy, 1 << 20)
        copy.close()
        yield Source(filename or (path.name if path else "data.csv"), copy_path.stat().st_size, copy_path)


def _is_same_file(file: Any, path: Path) -> bool:
    """Return whether a file object that is open to read is the file at a path."""
    try:
        return path.is_file() and os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (OSError, AttributeError, ValueError):
        return False


@contextmanager
def _temporary() -> Iterator[tuple[Path, IO[bytes]]]:
    """Open a new file, which is deleted at the end of the block."""
    descriptor, name = tempfile.mkstemp(prefix="regatta-", suffix=".csv")
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield path, file
    finally:
        path.unlink(missing_ok=True)
