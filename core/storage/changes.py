"""What the work that goes on now has changed in the bucket, so that its error can say whether anything was.

"Nothing was changed" is a promise: a caller who reads it sends the same request again. So it is made only where it is
known: the object store notes each write here, `recording` bounds the work, and its error is given the outcome.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from core.errors import DeadlineError, OutcomeUnknownError, UnavailableError

# What callers see of the bucket. All other objects are invisible until a manifest names them, or show no more than the
# progress of work.
VISIBLE = re.compile(r"(?:uploads|incoming)/.+|[^/]+/(?:jobs/[^/]+|.+/(?:manifest|champion|current|series))\.json")

NOTHING = "Nothing was changed."
UNKNOWN = (
    "The request may have been carried out all the same, in whole or in part. Look at what is there before you send it "
    "again."
)


class Changes:
    """The visible objects that were written, that may have been, and that were created where there was none."""

    def __init__(self) -> None:
        self._made: set[str] = set()
        self._unsure: set[str] = set()
        self._created: set[str] = set()
        # Those of the unsure ones whose write may still be on its way.
        self._late: set[str] = set()
        # Whether another process did a part of the work and never said what it had changed.
        self._lost_sight = False

    @property
    def are_none(self) -> bool:
        """Whether it is known that nothing was changed."""
        return not (self._made or self._unsure or self._late or self._lost_sight)

    def made(self, key: str, *, created: bool = False) -> None:
        """Note a write or a deletion; `created` where it is known that there was no object before."""
        if VISIBLE.fullmatch(key):
            self._unsure.discard(key)
            self._made.add(key)
            if created:
                self._created.add(key)

    def unsure(self, key: str, *, late: bool) -> None:
        """Note a write of which nobody knows whether it was done; `late` where it may be done yet."""
        if VISIBLE.fullmatch(key):
            (self._late if late else self._unsure).add(key)

    def deleted(self, keys: Iterable[str]) -> None:
        """Note deletions: that of an object which the same work created undoes the change."""
        for key in keys:
            if key in self._created:
                self.undone(key)
            else:
                self.made(key)

    def add(self, others: "Changes") -> None:
        """Note what another process has noted for this work."""
        self._made |= others._made
        self._unsure |= others._unsure
        self._created |= others._created
        self._late |= others._late

    def lost_sight(self) -> None:
        """Note that another process may have changed anything for this work."""
        self._lost_sight = True

    def undone(self, key: str) -> None:
        """Note that an object is as it was before."""
        for keys in (self._made, self._unsure, self._created):
            keys.discard(key)


_recorded: ContextVar[Changes | None] = ContextVar("changes", default=None)


def changes() -> Changes:
    """Return the changes of the work that goes on now; of none, where nobody records them."""
    return _recorded.get() or Changes()


@contextmanager
def noting_changes() -> Iterator[Changes]:
    """Note what is changed inside."""
    token = _recorded.set(noted := Changes())
    try:
        yield noted
    finally:
        _recorded.reset(token)


@contextmanager
def recording() -> Iterator[None]:
    """Record what is changed inside, and let an `UnavailableError` that leaves the block say whether anything was."""
    with noting_changes() as recorded:
        try:
            yield
        except UnavailableError as error:
            raise with_outcome(error, recorded) from error


def with_outcome(error: UnavailableError, recorded: Changes) -> UnavailableError:
    """Return the error with a sentence about its outcome."""
    if isinstance(error, OutcomeUnknownError):
        return error  # it says more than could be said here
    detail = f"{error.detail} {NOTHING if recorded.are_none else UNKNOWN}"
    kind = type(error) if recorded.are_none or isinstance(error, DeadlineError) else OutcomeUnknownError
    return kind(detail, error.errors, retry_after=error.retry_after or 1.0)
