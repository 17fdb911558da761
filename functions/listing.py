"""Endpoints that list run in threads of their own: however many callers list, predictions find a thread."""

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Annotated, Any, ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Query

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

Cursor = Annotated[str | None, Query(description="`next` of the page before")]

# A list is mostly reading what is stored, and takes the interpreter from predictions while it is parsed.
LISTERS = 2

_listers = CapacityLimiter(LISTERS)


def listing(endpoint: Callable[Arguments, Answer]) -> Callable[Arguments, Coroutine[Any, Any, Answer]]:
    """Let an endpoint run in one of the threads for lists."""

    @wraps(endpoint)
    async def listed(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        return await run_sync(partial(endpoint, *args, **kwargs), limiter=_listers)

    return listed
