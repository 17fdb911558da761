"""Threads of their own for predictions of many rows: requests that wait for storage take none of them."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

THREADS = 40

_limiter = CapacityLimiter(THREADS)


async def in_prediction_thread(
    predict: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Return what `predict` returns, called in a thread, so that single rows are answered meanwhile."""
    return await run_sync(lambda: predict(*args, **kwargs), limiter=_limiter)
