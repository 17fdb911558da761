"""Deadlines: until when the work that goes on now has to be done. Whatever it calls inherits the deadline.

A deadline is a context variable, so it belongs to one request or one job. Threads do not inherit context variables:
`core.context_threads` has a pool whose threads do.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from core.errors import DeadlineError
from core.telemetry.facts import note

# The clock of all deadlines, in seconds. Tests put their own in its place.
clock = time.monotonic

# When, by `clock`, the deadline ends; None where nothing limits the work.
_ends: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give what is done inside this many seconds, or what an outer deadline has left if that is less."""
    ends, outer = clock() + seconds, _ends.get()
    token = _ends.set(ends if outer is None else min(ends, outer))
    try:
        yield
    finally:
        _ends.reset(token)
        if outer is None:
            note(deadline_left=round(ends - clock(), 3))


def remaining() -> float | None:
    """Return the seconds that are left, below 0 once the deadline has passed; None where there is no deadline."""
    ends = _ends.get()
    return None if ends is None else ends - clock()


def check_deadline() -> None:
    """Raise `DeadlineError` where nothing is left."""
    left = remaining()
    if left is not None and left <= 0:
        raise DeadlineError("The time that this request may take is over. Try again in a moment.")


def within_deadline(seconds: float) -> float:
    """Return `seconds`, or what is left if that is less; raises `DeadlineError` where nothing is left."""
    check_deadline()
    left = remaining()
    return seconds if left is None else min(seconds, left)
