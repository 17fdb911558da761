"""Threads for what predictions wait for. Those of many rows have some that no wait for storage takes."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.types import Scope

from functions.authorizer_context import EVENT

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

THREADS = 40

_limiter = CapacityLimiter(THREADS)


async def in_prediction_thread(
    predict: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Return what `predict` returns, called in a thread, so that single rows are answered meanwhile."""
    return await run_sync(lambda: predict(*args, **kwargs), limiter=_limiter)


async def in_reading_thread(
    scope: Scope, read: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Return what `read` returns, called in a thread, so that others are answered while it waits for storage.

    On Lambda, where one request is answered at a time, it is a thread of asyncio: those of anyio would be a part of
    the first answer, because anyio loads TLS and sockets before its first thread.
    """
    if EVENT in scope:
        return await asyncio.to_thread(read, *args, **kwargs)
    return await run_sync(lambda: read(*args, **kwargs))
