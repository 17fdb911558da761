"""The jobs that are not over: how many wait and for how long, and which nobody will ever begin.

A job is silent where no worker has it and no worker will get it: its message is lost, or hidden because its worker was
killed before it took the lease. Light: /system/status and the reconciler use it.
"""

import time
from dataclasses import dataclass
from typing import Protocol

from core.context_threads import run_in_threads
from core.errors import NewerFormatError
from core.storage.bucket_queue import BucketQueue
from core.storage.job_queue import JobQueue
from core.storage.job_repository import Job
from core.storage.open_jobs import OpenJob
from core.storage.workspace import Workspace
from core.stored_document import DamagedDocumentError

# A job that waits for no longer than this may still be on its way to a worker.
SILENT_SECONDS = 60.0
# How many open jobs are read at most, those that wait longest.
MOST_READ = 200
READERS = 8


class Storage(Protocol):
    """What of the storage of a process the backlog needs."""

    queue: JobQueue

    def workspace(self, name: str) -> Workspace:
        """Return the workspace of this name."""


@dataclass(frozen=True)
class Backlog:
    """The jobs that are not over, of a workspace or of all."""

    # Those that wait for a worker, and those that a worker has.
    waiting: int
    running: int
    # How long the one has waited that waits longest, in seconds; None where none waits.
    oldest_seconds: float | None
    # Those that no worker will get unless they are given to the queue again.
    silent: list[OpenJob]
    # Entries of jobs that are over or gone: nobody has removed them.
    closed: list[OpenJob]


def read_backlog(storage: Storage, *, now: float | None = None, workspace: str | None = None) -> Backlog:
    """Return the backlog at `now` (seconds since 1970; default: the current time), of one workspace or of all.

    Raises `UnavailableError`.
    """
    moment = time.time() if now is None else now
    entries = storage.queue.open_jobs.list(workspace)
    jobs = _read(storage, entries[:MOST_READ])
    closed = [
        entry for entry, job in jobs if (job is None or job.is_over) and abs(moment - entry.added) > SILENT_SECONDS
    ]
    open_jobs = [(entry, job) for entry, job in jobs if job is not None and not job.is_over]
    waiting = [(entry, job) for entry, job in open_jobs if not job.is_leased]
    running = len(open_jobs) - len(waiting)
    waited = [(entry, moment - max(job.offered_at, job.leased_until)) for entry, job in waiting]
    # What seems to wait since a later time has waited since before the clock was set back.
    overdue = [entry for entry, seconds in waited if abs(seconds) > SILENT_SECONDS]
    unread = max(0, len(entries) - MOST_READ)
    return Backlog(
        waiting=len(waiting) + unread,
        running=running,
        oldest_seconds=max((max(seconds, 0.0) for _, seconds in waited), default=None),
        silent=overdue if overdue and not _will_be_taken(storage.queue, running) else [],
        closed=closed,
    )


def _will_be_taken(queue: JobQueue, running: int) -> bool:
    """Return whether jobs that wait do so only because the workers are busy with others."""
    if not running:
        return False
    # Where messages wait, those of our jobs may be among them; where none does, they are hidden or lost.
    return isinstance(queue, BucketQueue) or queue.depth() > 0


def _read(storage: Storage, entries: list[OpenJob]) -> list[tuple[OpenJob, Job | None]]:
    """Read the jobs of these entries, without those that this version cannot read: a worker gives them up."""

    def read(entry: OpenJob) -> list[tuple[OpenJob, Job | None]]:
        try:
            return [(entry, storage.workspace(entry.workspace).jobs.read(entry.job_id))]
        except (DamagedDocumentError, NewerFormatError):
            return []

    return [one for found in run_in_threads(read, entries, READERS) for one in found]
