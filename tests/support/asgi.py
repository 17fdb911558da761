"""Requests to an app without a server."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import anyio
import httpx
from fastapi import FastAPI

T = TypeVar("T")


def run_async(call: Callable[[], Awaitable[T]]) -> T:
    """Return what an async function returns, in a thread of its own.

    Its event loop is closed then, and that of the Lambda handlers in the thread of the test stays.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, call).result()


def ask(
    app: FastAPI, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> httpx.Response:
    """Return the answer of an app; an unexpected error is its 500."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request(method, path, headers=headers, content=body)

    return run_async(send)
