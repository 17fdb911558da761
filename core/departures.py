"""Whether the caller of the work that goes on now has left: then nobody reads its result, and it ends.

As a deadline does, it belongs to one request, and threads that inherit context variables inherit it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event

# Set when the caller has left; None where the work goes on without one, as a job does.
_departure: ContextVar[Event | None] = ContextVar("departure", default=None)


class DepartedError(Exception):
    """Whoever asked for this work has left."""


@contextmanager
def ending_with(departure: Event | None) -> Iterator[None]:
    """Let what is done inside end once the event is set; with None it goes on whoever leaves."""
    token = _departure.set(departure)
    try:
        yield
    finally:
        _departure.reset(token)


def ends_with_caller() -> bool:
    """Return whether the work that goes on now is to end when its caller leaves."""
    return _departure.get() is not None


def check_departure() -> None:
    """Raise `DepartedError` where the caller has left."""
    departure = _departure.get()
    if departure is not None and departure.is_set():
        raise DepartedError
