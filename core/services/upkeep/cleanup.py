"""What the janitor finds: one thing that is to go or to be mended, why, and how that is done without harm."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from pydantic import ValidationError

from core.manifests import Document
from core.storage.s3.object_metadata import ObjectSummary
from core.storage.s3.object_store import ObjectStore

T = TypeVar("T")
D = TypeVar("D", bound=Document)

DAY = 86_400.0

# Whether it was done; False where it is not wanted any more: changed, needed or gone since it was found.
Deed = Callable[[], bool]


@dataclass(frozen=True)
class Finding:
    """One thing that is to go, or to be mended; `size_bytes` is what it takes up in the bucket."""

    what: str
    reason: str
    size_bytes: int
    do: Deed


def folders(objects: ObjectStore, prefix: str) -> Iterator[tuple[str, list[ObjectSummary]]]:
    """The folders right below `prefix`, by name, each with all that is in it; what lies beside them is left out."""

    def name(item: ObjectSummary) -> str:
        return item.key[len(prefix) :].partition("/")[0]

    inside = (item for item in objects.list(prefix) if "/" in item.key[len(prefix) :])
    for folder, items in groupby(inside, key=name):
        yield folder, list(items)


def idle(items: Iterable[ObjectSummary], seconds: float, now: float) -> bool:
    """Whether none of them was written in the last `seconds`: whoever is at work on them writes."""
    return all(now - item.modified > seconds for item in items)


def size(items: Iterable[ObjectSummary]) -> int:
    """Their bytes together."""
    return sum(item.size for item in items)


def parsed(kind: type[D], documents: Iterable[object]) -> list[D]:
    """The documents that are of this kind, without what cannot be read."""
    found = []
    for document in documents:
        with suppress(ValidationError):
            found.append(kind.model_validate(document))
    return found


def removal(
    objects: ObjectStore, prefix: str, items: Sequence[ObjectSummary], needed: Callable[[T], bool], subject: T
) -> Deed:
    """Delete these objects, which are below `prefix`, unless one was written since or `needed(subject)` by now."""

    def remove() -> bool:
        known = {item.key: item for item in items}
        there = [item for item in objects.list(prefix) if item.key in known]
        if not there or any(known[item.key] != item for item in there) or needed(subject):
            return False
        objects.delete([item.key for item in there])
        return True

    return remove
