"""What differs between coroutines and threads. `regatta._sync.runtime` has the same names, and is written by hand."""

import asyncio


async def sleep(seconds: float) -> None:
    """Wait."""
    await asyncio.sleep(seconds)
