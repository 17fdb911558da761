"""Work on what lists are read from: after an answer, once at a time, and by one worker of all."""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from pydantic import ValidationError

from core.errors import ConflictError, RegattaError, UnavailableError
from core.storage.documents import Documents
from core.storage.leases import Leased, free
from core.types import Json

log = logging.getLogger("regatta")

# A worker that is killed keeps the others from going on for this long.
LEASE_SECONDS = 60.0
RENEW_SECONDS = 15.0
# A process begins such work at most this often.
PAUSE_SECONDS = 30.0

# Carries out a call later, such as in a thread.
Later = Callable[[Callable[[], None]], None]


class Upkeep:
    """The work on one index, and the lease that lets one worker do it."""

    def __init__(self, documents: Documents, key: str, later: Later | None) -> None:
        """`key` is that of the document of the lease. Without `later` this process does no such work by itself."""
        self._documents = documents
        self._key = key
        self._later = later
        self._lock = Lock()
        self._next = 0.0

    def soon(self, work: Callable[[], object]) -> None:
        """Do the work later, unless it goes on or was done a moment ago. Its errors are logged."""
        with self._lock:
            if self._later is None or time.monotonic() < self._next:
                return
            self._next = float("inf")

        def do() -> None:
            try:
                work()
            except ConflictError:
                log.debug("another worker writes %s already", self._key)
            except RegattaError as error:
                log.warning("the index of %s was not written: %s", self._key, error.detail)
            finally:
                self._next = time.monotonic() + PAUSE_SECONDS

        self._later(do)

    @contextmanager
    def leased(self) -> Iterator[Callable[[], None]]:
        """Hold the lease; yield a call that renews it when that is due.

        Raises `ConflictError` while another worker has it, and when another one has taken it over.
        """
        owner = secrets.token_hex(8)
        self._change(lambda lease: lease.lease("The index", owner, LEASE_SECONDS))
        renewed = time.monotonic()

        def renew() -> None:
            nonlocal renewed
            if time.monotonic() - renewed > RENEW_SECONDS:
                self._change(lambda lease: _of(lease, owner, {"leased_until": time.time() + LEASE_SECONDS}))
                renewed = time.monotonic()

        try:
            yield renew
        finally:
            with suppress(ConflictError, UnavailableError):  # else it ends by itself
                self._change(lambda lease: _of(lease, owner, free(0)))

    def _change(self, edit: Callable[[Leased], Json]) -> None:
        def edited(document: Json | None) -> Json:
            try:
                lease = Leased.model_validate(document or {})
            except ValidationError:
                lease = Leased()
            return lease.model_copy(update=edit(lease)).model_dump()

        self._documents.change(self._key, edited, replace_damaged=True)


def _of(lease: Leased, owner: str, fields: Json) -> Json:
    if lease.owner != owner:
        raise ConflictError("Another worker has taken the index over.")
    return fields
