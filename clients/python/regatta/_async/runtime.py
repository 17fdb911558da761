"""What differs between coroutines and threads. `regatta._sync.runtime` has the same names, and is written by hand."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


async def sleep(seconds: float) -> None:
    """Wait."""
    await asyncio.sleep(seconds)


async def run_all(call: Callable[[In], Awaitable[Out]], items: Sequence[In], at_a_time: int) -> list[Out]:
    """Return the results of a call for each item, in their order. The first error ends the others."""
    free = asyncio.Semaphore(at_a_time)

    async def run(item: In) -> Out:
        async with free:
            return await call(item)

    tasks = [asyncio.ensure_future(run(item)) for item in items]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def in_thread(call: Callable[[In], Out], argument: In) -> Out:
    """Return the result of a call that takes long, without holding up the event loop."""
    return await asyncio.to_thread(call, argument)
