"""Lists that are given out page by page."""

from collections.abc import Sequence
from typing import Protocol, TypeVar


class OfJob(Protocol):
    """What a job is known by."""

    @property
    def job_id(self) -> str:
        """Which job it is, or was decided by."""


T = TypeVar("T", bound=OfJob)


def page_of(things: Sequence[T], limit: int, after: str | None) -> tuple[Sequence[T], str | None]:
    """Up to `limit` of the things that come after that of the job `after`, and the `after` of the next page.

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
