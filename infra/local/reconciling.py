"""Reconciles where servers run: a thread of each worker tries, and the one whose turn it is does it."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from fastapi import FastAPI

from core.errors import RegattaError
from core.services.upkeep.reconcile import Reconciled, Reconciler
from core.settings import settings
from core.storage.container import container

log = logging.getLogger("regatta")

# How long after its start a server begins: what was lost before is found soon, and the start is not slowed down.
FIRST_SECONDS = 3.0
# After how long it tries again where storage did not answer, so that what an outage lost is found soon after it.
RETRY_SECONDS = 5.0
# A pass takes at most this share of the time, however much there is to look at.
SHARE = 0.1
STOP_SECONDS = 2.0


class Turns(Protocol):
    """A `Reconciler`."""

    def take_turn(self) -> bool:
        """Return whether it is this process's turn."""

    def run(self) -> Reconciled:
        """Reconcile once."""


class ReconcilingThread(threading.Thread):
    """Reconciles every `seconds`, until it is stopped."""

    def __init__(self, reconciler: Turns, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(name="reconciler", daemon=True)
        self._reconciler = reconciler
        self._seconds = seconds
        self._clock = clock
        self._stopping = threading.Event()

    def run(self) -> None:
        """Reconcile soon, and then again and again."""
        wait = min(FIRST_SECONDS, self._seconds)
        while not self._stopping.wait(wait):
            wait = self.reconcile_once()

    def stop(self) -> None:
        """End the thread after the step that it is at."""
        self._stopping.set()

    def reconcile_once(self) -> float:
        """Reconcile if it is this process's turn; return after how many seconds to do so again."""
        begun = self._clock()
        try:
            outcome = self._reconciler.run() if self._reconciler.take_turn() else Reconciled()
        except RegattaError as error:
            log.warning("reconciling: %s", error.detail)
            outcome = Reconciled(complete=False)
        except Exception:
            # A fault of ours in one pass must not end all later ones.
            log.exception("reconciling broke off")
            return self._seconds
        if not outcome.complete:
            return min(RETRY_SECONDS, self._seconds)
        return max(self._seconds, (self._clock() - begun) / SHARE)


@asynccontextmanager
async def reconciling(app: FastAPI) -> AsyncIterator[None]:
    """Reconcile for the lifetime of the server, unless the settings say never."""
    seconds = settings().reconcile_seconds
    thread = ReconcilingThread(Reconciler(container(), turn_seconds=seconds), seconds) if seconds else None
    if thread is not None:
        thread.start()
    yield
    if thread is not None:
        thread.stop()
        await asyncio.to_thread(thread.join, STOP_SECONDS)
