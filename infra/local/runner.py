"""Carries out jobs where the bucket is the queue: a thread of the server takes one after the other, workspaces in turn.

The work itself is done in a process of its own, where the server has such processes.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from core.errors import ConflictError, NewerFormatError, RegattaError, UnavailableError
from core.jobs.divided import run_next_task
from core.jobs.turns import JobName, Turns
from core.jobs.worker import GaveUpError, run_job
from core.services.handlers import DIVIDED, HANDLERS
from core.settings import settings
from core.storage.bucket_queue import BucketQueue
from core.storage.container import container
from core.storage.job_queue import JobQueue
from core.storage.job_repository import Job
from core.storage.workspace import Workspace
from functions import heavy_work
from infra.local.receiver import Receiver
from infra.local.work import put_back

log = logging.getLogger("regatta")

# How often a process looks for jobs that another process has submitted or left behind.
LOOK_SECONDS = 15.0
# How often it asks Redis whether another process has divided a job, whose tasks it can share.
ASK_SECONDS = 1.0
# How long a stopping server waits until the running job is back in the queue. After that, its lease has to run out.
STOP_SECONDS = 3.0


class Runner(threading.Thread):
    """The thread that carries out jobs. Leases keep two threads, processes or machines from doing the same job."""

    def __init__(self, queue: BucketQueue, look_seconds: float = LOOK_SECONDS) -> None:
        super().__init__(name="jobs", daemon=True)
        self._queue = queue
        self._look_seconds = look_seconds
        self._stopping = False
        self._turns = Turns()

    def run(self) -> None:
        """Carry out the jobs that wait, those of a killed process among them, and wait for more."""
        while not self._stopping:
            self._queue.arrived.clear()
            token = self._queue.divisions.read()
            try:
                self._carry_out_waiting()
            except RegattaError as error:
                log.warning("the jobs cannot be listed: %s", error.detail)
            self._wait(token)

    def _wait(self, token: bytes | None) -> None:
        """Wait until this process adds a job, another one divides a job, or it is time to look again."""
        ends_at = time.monotonic() + self._look_seconds
        while (left := ends_at - time.monotonic()) > 0:
            if self._queue.arrived.wait(min(left, ASK_SECONDS)) or self._queue.divisions.read() != token:
                return

    def _carry_out_waiting(self) -> None:
        """Carry out each job that waits once. They are listed anew after each: another workspace may have the turn."""
        tried: set[JobName] = set()
        begun = time.monotonic()
        while not self._stopping and time.monotonic() - begun < self._look_seconds:
            job = self._turns.choose(name for name in self._queue.waiting() if name not in tried)
            if job is None:
                return
            self._turns.took(job[0])
            if not self._run_one(*job):
                tried.add(job)
        self._queue.arrived.set()  # there may be more, and those that were tried are due again

    def stop(self) -> None:
        """Put the running job back when it reports progress next, and end the thread."""
        self._stopping = True
        self._queue.arrived.set()

    def _run_one(self, workspace: str, job_id: str) -> bool:
        """Carry out a job, or one of its tasks; return whether this thread may go on with it: a task, or its end."""
        try:
            job = self._carry_out(container().workspace(workspace), job_id)
        except GaveUpError as error:
            log.error("the job %s was given up: %s", job_id, error)
            self._queue.give_up(workspace, job_id, str(error))
        except UnavailableError as error:
            log.warning("job %s is tried again: %s", job_id, error)
        except ConflictError as error:
            if isinstance(error, NewerFormatError):  # else another process has its lease
                self._queue.count_failure(workspace, job_id, str(error))
        except Exception as error:
            log.error("job %s is tried again: %s", job_id, error)
            self._queue.count_failure(workspace, job_id, str(error))
        else:
            if job is None or job.is_over:
                self._queue.remove(workspace, job_id)
            return job is not None and not job.is_over and (job.is_divided or not job.is_leased)
        return False

    def _carry_out(self, workspace: Workspace, job_id: str) -> Job | None:
        if heavy_work.is_elsewhere():
            return heavy_work.run_long(carry_out, workspace, job_id)
        return carry_out(workspace, job_id, stopping=lambda: self._stopping)


def carry_out(workspace: Workspace, job_id: str, stopping: Callable[[], bool] = put_back.is_set) -> Job | None:
    """Carry out a job as `run_job` does, or one of the tasks that it was divided into.

    `stopping` is true when the work is to be put back.
    """
    seconds = settings().job_seconds
    job = run_job(workspace, job_id, HANDLERS, divided=DIVIDED, seconds=seconds, stopping=stopping)
    if job is None or not job.is_divided:
        return job
    return run_next_task(workspace, job_id, DIVIDED, seconds=seconds, stopping=stopping)


@asynccontextmanager
async def running_jobs(app: FastAPI) -> AsyncIterator[None]:
    """Carry out jobs for the lifetime of the server, of whichever queue it has, unless the settings leave that out."""
    worker = _worker(container().queue) if settings().run_jobs else None
    if worker is not None:
        worker.start()
    yield
    if worker is not None:
        worker.stop()
        await asyncio.to_thread(worker.join, STOP_SECONDS)


def _worker(queue: JobQueue) -> Runner | Receiver:
    return Runner(queue) if isinstance(queue, BucketQueue) else Receiver(queue)
