"""Open zip archives within bounds: entries, bytes, ratio, names and protection are checked before anything is read."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.bounds import check_ratio
from core.errors import TooLargeError, UnreadableContainerError

PIECE_BYTES = 1 << 20
MAX_ENTRIES = 10_000
# About 800 bytes for each of those entries.
MAX_DIRECTORY_BYTES = 8 << 20

END_OF_DIRECTORY = b"PK\x05\x06"
END_OF_DIRECTORY_64 = b"PK\x06\x06"
LOCATOR_64 = b"PK\x06\x07"
# The end record may be followed by a comment of 64 KiB.
END_BYTES = 22 + (64 << 10) + 76
ENCRYPTED = 0x1
# What the way out of every refusal is.
UNPACK = "Unpack it and send the table itself."
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, OSError, ValueError, NotImplementedError)


@contextmanager
def open_zip(path: Path, max_bytes: int) -> Iterator[zipfile.ZipFile]:
    """Open a zip whose content, unpacked, has at most `max_bytes`.

    Raises `TooLargeError` for a bomb, and `UnreadableContainerError` for one that is damaged, encrypted, or has names
    that lead out of it.
    """
    _check_directory(path)
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED as error:
        raise damaged(error) from None
    with archive:
        _check_entries(archive, max_bytes)
        yield archive


def extract(archive: zipfile.ZipFile, name: str, target: Path) -> Path:
    """Unpack one entry to the file `target`; raises `UnreadableContainerError` for a damaged one."""
    try:
        # Reading ends at the size that the directory states, and fails where the content is longer.
        with archive.open(name) as entry, target.open("wb") as file:
            while piece := entry.read(PIECE_BYTES):
                file.write(piece)
    except RuntimeError as error:
        if isinstance(error, NotImplementedError):
            raise _unknown_compression() from None
        raise encrypted() from None
    except DAMAGED as error:
        raise damaged(error) from None
    return target


def damaged(error: object) -> UnreadableContainerError:
    """Return the error for an archive that cannot be unpacked."""
    return UnreadableContainerError(
        f"The zip archive is damaged or cut off ({error}). Make it again, or send the table itself."
    )


def encrypted() -> UnreadableContainerError:
    """Return the error for a file that needs a password."""
    return UnreadableContainerError("The file is encrypted. Save it without a password and send it again.")


def _unknown_compression() -> UnreadableContainerError:
    return UnreadableContainerError(f"The zip archive is compressed in a way that is not known. {UNPACK}")


def _check_directory(path: Path) -> None:
    """Raise for a directory so large that reading it alone would fill memory; the end record states its size."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - END_BYTES))
        tail = file.read()
    at = tail.rfind(END_OF_DIRECTORY)
    if at < 0 or len(tail) < at + 22:
        raise damaged("it has no directory")
    entries, directory_bytes = struct.unpack("<HI", tail[at + 10 : at + 16])
    if tail[max(0, at - 20) : at].startswith(LOCATOR_64):
        # The larger record is right before its locator.
        if at < 76 or not tail[at - 76 :].startswith(END_OF_DIRECTORY_64):
            raise damaged("its directory is not at its end")
        entries, directory_bytes = struct.unpack("<QQ", tail[at - 44 : at - 28])
    if entries > MAX_ENTRIES or directory_bytes > MAX_DIRECTORY_BYTES:
        raise TooLargeError(f"The zip archive has more than {MAX_ENTRIES:,} entries. {UNPACK}")


def _check_entries(archive: zipfile.ZipFile, max_bytes: int) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise TooLargeError(f"The zip archive has more than {MAX_ENTRIES:,} entries. {UNPACK}")
    for entry in entries:
        if entry.flag_bits & ENCRYPTED:
            raise encrypted()
        if _leads_out(entry.filename):
            raise UnreadableContainerError(
                f"The zip archive has an entry whose name leads out of it: {entry.filename[:100]!r}. {UNPACK}"
            )
    unpacked, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    if unpacked > max_bytes:
        raise TooLargeError(
            f"Unpacked, the file has {unpacked:,} bytes; at most {max_bytes:,} are taken. Send fewer rows or columns."
        )
    check_ratio(unpacked, packed, UNPACK)


def _leads_out(name: str) -> bool:
    """Return whether the name of an entry is absolute, or goes up from the archive's own folder."""
    parts = re.split(r"[/\\]", name)
    return not parts[0] or bool(re.match(r"[A-Za-z]:", name)) or ".." in parts
