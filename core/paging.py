"""Paging of lists: `next` of a page is the `cursor` of the page after it."""

import base64
from collections.abc import Sequence
from typing import Protocol, TypeVar

from core.errors import InvalidInputError

# No key of the bucket is longer.
LONGEST = 1024


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


def write_cursor(kind: str, last: str | None) -> str | None:
    """Return the cursor of the page after the item that `last` identifies in the list `kind`; None stays None."""
    return None if last is None else base64.urlsafe_b64encode(f"{kind}:{last}".encode()).decode()


def read_cursor(kind: str, cursor: str | None) -> str | None:
    """Return what identifies the last item before the page of a cursor; raises `InvalidInputError`.

    A cursor of another list is refused, because its page would lack items without a word.
    """
    if cursor is None:
        return None
    try:
        found, _, last = base64.b64decode(cursor, "-_", validate=True).decode().partition(":")
    except ValueError:
        raise invalid_cursor() from None
    if found != kind or not last or len(last) > LONGEST:
        raise invalid_cursor()
    return last


def invalid_cursor() -> InvalidInputError:
    """Return the error for a cursor that is not `next` of an earlier answer."""
    errors = [{"field": "cursor", "message": "is not one of ours"}]
    return InvalidInputError("cursor is `next` of an earlier answer of this list, unchanged. Leave it out.", errors)
