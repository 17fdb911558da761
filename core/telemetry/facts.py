"""What a request or a job notes of itself for its line in the log: the model, the rows, the level of the cache."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Facts = dict[str, Any]

# From the fastest level of the cache to the slowest. The line has the slowest that was asked.
LEVELS = ("memory", "redis", "storage")

_facts: ContextVar[Facts | None] = ContextVar("facts", default=None)


@contextmanager
def collecting() -> Iterator[Facts]:
    """Collect what is noted inside; what an outer request or job collects stays its own."""
    found: Facts = {}
    token = _facts.set(found)
    try:
        yield found
    finally:
        _facts.reset(token)


def note(**facts: Any) -> None:
    """Note facts for the line in the log. They are words, names and numbers of ours, never values of the data."""
    found = _facts.get()
    if found is not None:
        found.update(facts)


def note_rows(rows: int) -> None:
    """Note that so many rows were predicted, beside those before."""
    found = _facts.get()
    if found is not None:
        found["rows"] = found.get("rows", 0) + rows


def note_level(level: str) -> None:
    """Note that a level of the cache answered; the slowest of all is kept."""
    found = _facts.get()
    if found is not None and LEVELS.index(level) >= LEVELS.index(found.get("cache", LEVELS[0])):
        found["cache"] = level
