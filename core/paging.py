"""Paging of lists."""

from collections.abc import Sequence
from typing import Protocol, TypeVar


class HasJobId(Protocol):
    """An item that belongs to one job."""

    @property
    def job_id(self) -> str:
        """Return the id of the job."""


T = TypeVar("T", bound=HasJobId)


def page_of(things: Sequence[T], limit: int, after: str | None) -> tuple[Sequence[T], str | None]:
    """Return up to `limit` items after that of the job `after`, and the `after` of the next page.

    None is the beginning, and the end. Raises `LookupError` where none of them is of the job `after`.
    """
    start = 0
    if after is not None:
        places = [place for place, thing in enumerate(things) if thing.job_id == after]
        if not places:
            raise LookupError(after)
        start = places[0] + 1
    page = things[start : start + limit]
    return page, page[-1].job_id if len(things) > start + limit else None
