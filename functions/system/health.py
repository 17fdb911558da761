"""Probes: GET /healthz, whether the process lives, and GET /readyz, whether it can serve."""

import sys
from typing import Any

from anyio import CapacityLimiter, move_on_after
from anyio.to_thread import run_sync
from fastapi import APIRouter

from core.deadlines import deadline
from core.errors import RegattaError, UnavailableError
from core.storage.container import container
from core.telemetry.causes import cause_of
from functions.query_parameters import StrictRoute

router = APIRouter(tags=["system"], route_class=StrictRoute)

# A probe gives up after a few seconds, and an answer that says why is better than none.
STORAGE_SECONDS = 1.5
# Threads of their own, so that probes of a storage that hangs keep no request waiting.
_probes = CapacityLimiter(2)

PREDICTING = "core.services.prediction.loaded_models"


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Return that the process lives. It asks nothing else, so that an outage of storage restarts nobody."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz() -> dict[str, Any]:
    """Return that storage answers, or that this process has models in memory; else 503 with the reason, within 2 s."""
    reason: str | None = f"no answer within {STORAGE_SECONDS} s"
    with move_on_after(STORAGE_SECONDS):
        reason = await run_sync(_why_storage_fails, abandon_on_cancel=True, limiter=_probes)
    models = _models_in_memory()
    if reason is not None and not models:
        raise UnavailableError(f"The object store cannot be used, and this process has no models yet: {reason}.")
    return {"status": "ready", "storage": "up" if reason is None else "down", "models_in_memory": models}


def _why_storage_fails() -> str | None:
    try:
        with deadline(STORAGE_SECONDS):
            container().objects.ping()
    except RegattaError as error:
        return cause_of(error.__cause__ or error)
    return None


def _models_in_memory() -> int:
    """Return how many models this process has loaded; a process that never predicts does not load what predicts."""
    predicting = sys.modules.get(PREDICTING)
    return 0 if predicting is None else predicting.models_in_memory(container().counters)
