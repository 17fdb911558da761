"""Jobs where there is no queue: a server carries them out itself, in a thread, one after the other."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from core.errors import ConflictError, RegattaError
from core.jobs.worker import GaveUpError, run_job
from core.services.handlers import HANDLERS
from core.settings import settings
from core.storage.container import container
from core.storage.job_queue import BucketQueue

log = logging.getLogger("regatta")

# How soon a process finds what another one was asked for, or has left behind.
LOOK_SECONDS = 15.0
# What the job that is being done gets to put itself back; else its lease has to run out.
STOP_SECONDS = 3.0


class Runner(threading.Thread):
    """The thread of one process. The leases keep it apart from those of other processes and machines."""

    def __init__(self, queue: BucketQueue, look_seconds: float = LOOK_SECONDS) -> None:
        super().__init__(name="jobs", daemon=True)
        self._queue = queue
        self._look_seconds = look_seconds
        self._stopping = False

    def run(self) -> None:
        """Carry out the jobs that wait, and wait for more; the first may be what a killed process has left."""
        while not self._stopping:
            self._queue.arrived.clear()
            try:
                for workspace, job_id in self._queue.waiting():
                    if not self._stopping:
                        self._do(workspace, job_id)
            except RegattaError as error:
                log.warning("the jobs cannot be listed: %s", error.detail)
            self._queue.arrived.wait(self._look_seconds)

    def stop(self) -> None:
        """Put the running job back at its next progress report, and end."""
        self._stopping = True
        self._queue.arrived.set()

    def _do(self, workspace: str, job_id: str) -> None:
        try:
            job = run_job(
                container().workspace(workspace),
                job_id,
                HANDLERS,
                seconds=settings().job_seconds,
                stopping=lambda: self._stopping,
            )
        except GaveUpError as error:
            log.error("%s", error)
        except ConflictError:
            return  # another process has it
        except Exception as error:
            log.error("job %s is tried again: %s", job_id, error)
            return
        else:
            if job is not None and not job.is_over:
                return
        self._queue.done(workspace, job_id)


@asynccontextmanager
async def running_jobs(app: FastAPI) -> AsyncIterator[None]:
    """The server's lifetime, with a `Runner` in it where no other worker would do the jobs."""
    queue = container().queue
    runner = Runner(queue) if isinstance(queue, BucketQueue) else None
    if runner is not None:
        runner.start()
    yield
    if runner is not None:
        runner.stop()
        await asyncio.to_thread(runner.join, STOP_SECONDS)
