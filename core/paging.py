"""Paging of lists."""

from collections.abc import Sequence
from typing import Protocol, TypeVar


class HasJobId(Protocol):
    """An item that belongs to one job."""

    @property
    def job_id(self) -> str:
        """Return the id of the job."""


Item = TypeVar("Item", bound=HasJobId)


def page_of(items: Sequence[Item], limit: int, after: str | None) -> tuple[Sequence[Item], str | None]:
    """Return up to `limit` items after that of the job `after`, and the `after` of the next page.

    None is the beginning, and the end. Raises `LookupError` where none of them is of the job `after`.
    """
    start = 0
    if after is not None:
        positions = [position for position, item in enumerate(items) if item.job_id == after]
        if not positions:
            raise LookupError(after)
        start = positions[0] + 1
    page = items[start : start + limit]
    return page, page[-1].job_id if len(items) > start + limit else None
