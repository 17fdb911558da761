"""What an operator sees of a server: its log, its metrics and its traces, from the start of each worker to its end."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from core import __version__
from core.settings import settings
from core.telemetry import metrics
from core.telemetry.log import log_event, take_over
from core.telemetry.shared_metrics import SharedMetrics
from functions.log import set_up_telemetry

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

# Their own handlers have neither time nor pid, and the access log has every query.
SERVER_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "gunicorn.error")


def observed(lifespan: Lifespan) -> Lifespan:
    """Return the lifespan of a server that writes its log and keeps its metrics as the settings say."""

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        set_up_telemetry()
        if metrics.recorder() is None and settings().metrics:
            metrics.record_with(SharedMetrics(None))
        take_over(*SERVER_LOGGERS)
        logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
        log_event("server_started", version=__version__)
        async with lifespan(app):
            yield
        log_event("server_stopped")

    return run
