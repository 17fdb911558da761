"""Leases: one worker at a time may work on a document.

The document names the worker, when its lease ends, and how many workers took it. A lease ends by itself, so a document
becomes free when its worker is killed.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError

from core.errors import ConflictError, RegattaError, UnavailableError
from core.settings import settings
from core.storage.documents import Documents
from core.stored_document import DamagedDocumentError, Document, FormattedDocument
from core.types import Json

# No lease lasts longer, unless REGATTA_JOB_LEASE_SECONDS says so.
LONGEST_SECONDS = 600.0


class Leased(FormattedDocument):
    """Base of a document that workers lease."""

    # The worker that has the lease, and when the lease ends (seconds since 1970).
    owner: str | None = None
    leased_until: float = 0.0
    # How often a worker took the document and did not finish it.
    attempts: int = 0

    @property
    def is_leased(self) -> bool:
        """Return whether a worker has the document. The worker may have been killed meanwhile.

        A lease that ends later than any lasts was given before the clock was set back, and counts no more: its worker
        renews it by the new time, if it lives.
        """
        return 0 < self.leased_until - time.time() <= max(LONGEST_SECONDS, 2 * settings().job_lease_seconds)

    def lease(self, name: str, owner: str, seconds: float) -> Json:
        """Return the fields that give the lease to `owner`.

        Raises `ConflictError`, naming `name`, while another has it.
        """
        if self.is_leased:
            raise ConflictError(f"{name} is being worked on already.")
        return {"owner": owner, "leased_until": time.time() + seconds, "attempts": self.attempts + 1}


D = TypeVar("D", bound=Document)


def change_document(documents: Documents, key: str, kind: type[D], edit: Callable[[D], Json | None]) -> D | None:
    """Update the newest document by the fields that `edit` returns; None leaves it as it is.

    Return it as stored afterwards, None when there is none; raises `ConflictError`, `DamagedDocumentError`.
    """

    def apply(document: Json | None) -> Json | None:
        if document is None:
            return None
        newest = parse_document(key, kind, document)
        fields = edit(newest)
        return None if fields is None else newest.model_copy(update=fields).model_dump()

    document = documents.change(key, apply)
    return None if document is None else parse_document(key, kind, document)


def parse_document(key: str, kind: type[D], document: Json) -> D:
    """Parse a document that was read from `key`; raises `DamagedDocumentError`, `NewerFormatError`."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_url=False))
        raise DamagedDocumentError(
            f"The document {key} is damaged: {fields or 'a field'} cannot be read. It was left as it is."
        ) from error


def if_owned(owner: str | None, fields: Json) -> Callable[[Leased], Json | None]:
    """Return an edit that does nothing once another worker has taken the document over."""
    return lambda newest: fields if newest.owner == owner else None


def free(attempts: int) -> Json:
    """Return the fields that end a lease with this count of attempts; the next worker may take the document at once."""
    return {"owner": None, "leased_until": 0.0, "attempts": attempts}


class UncountedAttempts:
    """Attempts of this process that do not count, and that storage has not taken off the counts of their documents yet.

    An attempt is counted when it begins, because a worker that is killed counts nothing. One that an outage ended says
    nothing about the work, but in the outage no document can be written.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], object]] = deque()
        self._lock = threading.Lock()

    def add(self, change: Callable[[], object]) -> None:
        """Add an attempt; `change` takes it off the count of its document, whoever has that by now."""
        self._waiting.append(change)

    def take_off(self) -> None:
        """Take all of them off, each once; raises `UnavailableError` where storage does not answer yet."""
        with self._lock:
            while self._waiting:
                try:
                    self._waiting[0]()
                except UnavailableError:
                    raise
                except RegattaError:  # a document that others write, or that cannot be read, keeps its count
                    pass
                self._waiting.popleft()


def without_attempt(newest: Leased, owner: str | None) -> Json:
    """Return the fields that take an attempt of `owner` off the count, and end its lease unless another has it now."""
    attempts = max(0, newest.attempts - 1)
    return free(attempts) if newest.owner == owner else {"attempts": attempts}
