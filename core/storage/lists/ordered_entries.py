"""Empty objects whose keys are in the order of a list: a listing of a few is a page of it, the newest first.

The entry is written before the document that it leads to, and removed after it. So there may be an entry without a
document, which readers pass over, and never a document without an entry, but for those that an earlier version of
Regatta wrote: a marker says that these have theirs as well.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime

from core.context_threads import run_in_threads
from core.errors import UnavailableError
from core.storage.lists.reports import EntriesReport
from core.storage.s3.object_store import MissingObjectError, ObjectStore

MARKER = "complete"
PAUSE_SECONDS = 30.0
WRITERS = 16
# Later than any time, in microseconds since 1970.
END_OF_TIME = 10**17
CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
BACKWARDS = str.maketrans(CHARACTERS, CHARACTERS[::-1])


def newest_first(created_at: str, microsecond: int = 0) -> str:
    """Return a text for a time (ISO 8601) that sorts the newest first."""
    seconds = int(datetime.fromisoformat(created_at).timestamp())
    return f"{END_OF_TIME - 1_000_000 * seconds - microsecond:017d}"


def backwards(identifier: str) -> str:
    """Return an identifier of lower-case letters and digits so that it sorts backwards; twice is the same again."""
    return identifier.translate(BACKWARDS)


class OrderedEntries:
    """The entries below one folder of the bucket, each in a subfolder of it."""

    def __init__(self, objects: ObjectStore, folder: str) -> None:
        """`folder` ends with a slash."""
        self._objects = objects
        self._folder = folder
        self._is_complete = False
        self._next_try = 0.0

    def add(self, entries: Iterable[str]) -> None:
        """Write entries. Those that are there already stay as they are."""
        run_in_threads(lambda entry: self._objects.put(self._folder + entry, b""), entries, WRITERS)

    def remove(self, entries: Iterable[str]) -> None:
        """Remove entries; missing ones do not matter. Where that fails they stay, and readers pass over them."""
        with suppress(UnavailableError):
            self._objects.delete([self._folder + entry for entry in entries])

    def after(self, subfolder: str, entry: str = "", page_keys: int = 100) -> Iterator[str]:
        """Yield the entries of a subfolder, which ends with a slash, that come after `entry`."""
        folder = self._folder + subfolder
        for item in self._objects.list(folder, folder + entry if entry else "", page_keys):
            yield item.key.removeprefix(folder)

    def all(self) -> Iterator[tuple[str, float]]:
        """Yield every entry of every subfolder, and when it was written (seconds since 1970)."""
        for item in self._objects.list(self._folder):
            name = item.key.removeprefix(self._folder)
            if name != MARKER:
                yield name, item.modified

    def compare(self, wanted: Collection[str], documents: int) -> EntriesReport:
        """Compare the entries with those that there should be for so many documents."""
        found = {entry for entry, _ in self.all()}
        missing = sum(1 for entry in wanted if entry not in found)
        return EntriesReport(documents, missing, len(found) - (len(wanted) - missing))

    def remove_unwanted(self, wanted: Collection[str], before: float) -> None:
        """Remove entries that lead nowhere and were written before this time."""
        self.remove([entry for entry, written in self.all() if written < before and entry not in wanted])

    def is_complete(self) -> bool:
        """Return whether every document has its entry, those of earlier versions of Regatta too."""
        if not self._is_complete:
            try:
                self._objects.head(self._folder + MARKER)
                self._is_complete = True
            except MissingObjectError:
                pass
        return self._is_complete

    def complete(self, write: Callable[[], object]) -> bool:
        """Call `write`, which adds the entries that are missing, and return whether that worked.

        A process that may not write leaves it to others, and tries again after half a minute.
        """
        if time.monotonic() < self._next_try:
            return False
        try:
            write()
        except UnavailableError:
            self._next_try = time.monotonic() + PAUSE_SECONDS
            return False
        return True

    def mark_complete(self) -> None:
        """Record that every document has its entry."""
        self._objects.put(self._folder + MARKER, b"")
        self._is_complete = True
