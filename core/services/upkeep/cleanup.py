"""Findings of the janitor: one thing to remove or to mend, why, and the action that does it safely."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import groupby
from typing import TypeVar

from pydantic import ValidationError

from core.errors import NewerFormatError
from core.storage.s3.object_metadata import ObjectSummary
from core.storage.s3.object_store import ObjectStore
from core.stored_document import Document
from core.telemetry.causes import cause_of

T = TypeVar("T")
D = TypeVar("D", bound=Document)

DAY = 86_400.0

log = logging.getLogger("regatta")

# Returns whether it was done; False where the thing was changed, needed or deleted since it was found.
CleanupAction = Callable[[], bool]


@dataclass(frozen=True)
class Finding:
    """One thing to remove or to mend; `size_bytes` is its size in the bucket."""

    what: str
    reason: str
    size_bytes: int
    do: CleanupAction


def folders(objects: ObjectStore, prefix: str) -> Iterator[tuple[str, list[ObjectSummary]]]:
    """Yield the folders right below `prefix`, by name, each with its objects; objects beside them are left out."""

    def name(item: ObjectSummary) -> str:
        return item.key[len(prefix) :].partition("/")[0]

    inside = (item for item in objects.list(prefix) if "/" in item.key[len(prefix) :])
    for folder, items in groupby(inside, key=name):
        yield folder, list(items)


def idle(items: Iterable[ObjectSummary], seconds: float, now: float) -> bool:
    """Return whether none of them was written in the last `seconds`, as a process that works on them would."""
    return all(now - item.modified > seconds for item in items)


def size(items: Iterable[ObjectSummary]) -> int:
    """Return their bytes together."""
    return sum(item.size for item in items)


def parsed(kind: type[D], documents: Iterable[object]) -> list[D]:
    """Parse the documents of this kind; leave out, and log, those that are damaged or of a newer format."""
    found = []
    for document in documents:
        try:
            found.append(kind.model_validate(document))
        except NewerFormatError as error:
            log.error("%s", error.detail)
        except ValidationError as error:
            log.error("A stored %s cannot be read: %s", kind.__name__, cause_of(error))
    return found


def needed_if_unreadable(needed: Callable[[T], bool]) -> Callable[[T], bool]:
    """Return `needed` with True, and a log line, where it raises because a document is damaged or of a newer format."""

    @wraps(needed)
    def checked(subject: T) -> bool:
        try:
            return needed(subject)
        except NewerFormatError as error:
            log.error("%s stays: %s", subject, error.detail)
        except ValueError as error:  # no JSON, or not the fields of its type
            log.error("%s stays, since its document cannot be read: %s", subject, cause_of(error))
        return True

    return checked


def removal(
    objects: ObjectStore, prefix: str, items: Sequence[ObjectSummary], needed: Callable[[T], bool], subject: T
) -> CleanupAction:
    """Return the action that deletes objects below `prefix`, unless one was written since or is `needed` by now."""

    def remove() -> bool:
        known = {item.key: item for item in items}
        there = [item for item in objects.list(prefix) if item.key in known]
        if not there or any(known[item.key] != item for item in there) or needed(subject):
            return False
        objects.delete([item.key for item in there])
        return True

    return remove
