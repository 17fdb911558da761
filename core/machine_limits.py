"""What a machine has, and errors of one at its limits: a full disk, no memory left. Each names limit and way out."""

import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from core.errors import UnavailableError

# After so many seconds other requests may have let go of what is missing.
RETRY_SECONDS = 5.0

DESCRIPTORS = (
    "This server has as many files and connections open as it may, so the request was not carried out. Send fewer at "
    "once, or start it with a higher limit: `ulimit -n 4096`."
)
MEMORY = "There is not enough memory for this request. Send fewer rows at once, or give the server more memory."
THREADS = (
    "This server can start no other thread: its address space or its number of threads is used up. The request was not "
    "carried out. Send fewer at once, or start it with higher limits (`ulimit -v`, `ulimit -u`)."
)
LARGE = (
    "No file in {} may be as large as this request needs, so it was not carried out. Raise the limit (`ulimit -f`), or "
    "let TMPDIR name a folder on another disk."
)
FULL = (
    "The disk of {} is full, so the request was not carried out. Make room on it, or let TMPDIR name a folder on "
    "another one."
)
READ_ONLY = (
    "Nothing can be written in {}, so the request was not carried out. Let TMPDIR name a folder that can be written to."
)
# By errno.
DETAILS = {
    errno.EMFILE: DESCRIPTORS,
    errno.ENFILE: DESCRIPTORS,
    errno.ENOMEM: MEMORY,
    errno.EFBIG: LARGE,
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
}
# What errors of Python and of native libraries say, which have no class or number of their own.
WORDS = {"can't start new thread": THREADS, "bad_alloc": MEMORY, "bad allocation": MEMORY}


@cache
def available_cores() -> int:
    """Return how many cores this process may use, which `taskset` or a container may have made fewer."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def machine_error(error: BaseException) -> UnavailableError | None:
    """Return what to answer where the machine is to blame for an error, or for the one that it came from; else None."""
    for cause in _causes(error):
        if detail := _detail(cause):
            return UnavailableError(detail, retry_after=RETRY_SECONDS)
    return None


def _detail(error: BaseException) -> str | None:
    """Return what to say of an error, None where it says nothing of the machine."""
    if isinstance(error, MemoryError):
        return MEMORY
    if not isinstance(error, OSError):
        return next((detail for words, detail in WORDS.items() if words in str(error)), None)
    if "No usable temporary directory" in str(error):
        return READ_ONLY.format(_folder(error))
    if isinstance(error, PermissionError) and not _is_temporary(error):
        return None
    return DETAILS.get(error.errno or 0, "").format(_folder(error)) or None


def _is_temporary(error: OSError) -> bool:
    """Return whether an error is about a temporary file. Any other file that may not be read or written is ours."""
    temporary = tempfile.tempdir
    return temporary is not None and Path(str(error.filename)).is_relative_to(str(temporary))


def _folder(error: OSError) -> str:
    """Return the folder that an error is about; without a name it is that of the temporary files."""
    if isinstance(error.filename, str | bytes) and error.filename:
        return str(Path(str(error.filename)).parent)
    return tempfile.tempdir or "the temporary files"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it came from, each once."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
