"""Long work: `client.jobs`."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import httpx

from regatta._async.connection import AsyncConnection
from regatta._async.runtime import sleep
from regatta.answers import Job
from regatta.choice import segment
from regatta.errors import JobCancelled, JobStillRunning, problem_error

# A page of the list of jobs.
PAGE = 100

JobList = list[Job]
# Takes the stage of the work and its progress from 0 to 1.
ReportProgress = Callable[[str, float], object]

# The service answers when something has changed, at the latest after so many seconds.
LONG_POLL_SECONDS = 20
# An answer without a change that comes sooner was no long poll; the next one is asked for after this pause.
PAUSE_SECONDS = 0.3


class AsyncJobs:
    """Lists jobs, follows one, cancels it or lets it begin anew."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self, limit: int | None = 20) -> JobList:
        """Return the newest jobs, at most `limit`; None for all."""
        jobs, _ = await self._connection.items("/jobs", "jobs", limit, PAGE)
        return [Job.of(job) for job in jobs]

    async def get(self, job_id: str) -> Job:
        """Return one job as it is now; raises `JobNotFound`."""
        return Job.of(await self._connection.json("GET", f"/jobs/{segment(job_id)}"))

    def follow(self, job_id: str) -> AsyncGenerator[Job, None]:
        """Yield a job as it is now and after each change, at last as it ended. It does not raise when a job failed."""
        return self._changes(job_id, None)

    async def wait(
        self, job_id: str, *, on_progress: ReportProgress | None = None, timeout: float | None = None
    ) -> Job:
        """Wait until a job has succeeded and return it.

        Raises the exception of its problem where it failed, `JobCancelled`, and `JobStillRunning` after `timeout`
        seconds. Where the waiting is broken off, as by Ctrl-C, the job goes on: the exception has its `job_id`.
        """
        until = None if timeout is None else time.monotonic() + timeout
        try:
            async with aclosing(self._changes(job_id, until)) as changes:
                async for job in changes:
                    if on_progress is not None:
                        on_progress(job.stage, job.progress)
                    if job.is_over:
                        return succeeded(job)
        except BaseException as error:
            if not isinstance(error, Exception):
                error.add_note(f"The job {job_id} goes on. jobs.wait({job_id!r}) waits for it, jobs.cancel() ends it.")
                error.job_id = job_id  # type: ignore[attr-defined]
            raise
        raise JobStillRunning(f"The job {job_id} goes on. jobs.wait({job_id!r}) waits for it again.", job_id)

    async def _changes(self, job_id: str, until: float | None) -> AsyncGenerator[Job, None]:
        """Yield a job at first and after each change, until it is over or the clock shows `until`."""
        seen: Job | None = None
        timeout = _patient(self._connection.timeout)
        while True:
            began = time.monotonic()
            left = LONG_POLL_SECONDS if until is None else until - began
            if left <= 0:
                return
            wait = 0 if seen is None else min(LONG_POLL_SECONDS, left)
            answer = await self._connection.json(
                "GET", f"/jobs/{segment(job_id)}", params={"wait": wait}, timeout=timeout
            )
            job = Job.of(answer)
            if job != seen:
                yield job
            elif time.monotonic() - began < PAUSE_SECONDS:
                await sleep(PAUSE_SECONDS)
            if job.is_over:
                return
            seen = job

    async def cancel(self, job_id: str) -> Job:
        """End a job at its next step; raises `Conflict` when it is over."""
        return Job.of(await self._connection.json("POST", f"/jobs/{segment(job_id)}/cancel", keyed=True))

    async def retry(self, job_id: str) -> Job:
        """Let a job that failed or was cancelled begin anew; raises `Conflict` when it has succeeded."""
        return Job.of(await self._connection.json("POST", f"/jobs/{segment(job_id)}/retry", keyed=True))


def succeeded(job: Job) -> Job:
    """Return a job that is over; raises unless it has succeeded, or was cancelled and has a result all the same."""
    if job.status == "failed":
        problem: dict[str, Any] = dict(job.error or {"detail": f"The job {job.job_id} failed."})
        raise problem_error(problem, int(problem.get("status", 500)), job_id=job.job_id)
    if job.status == "cancelled" and job.result is None:
        raise JobCancelled(f"The job {job.job_id} was cancelled. jobs.retry() lets it begin anew.", job.job_id)
    return job


def _patient(timeout: httpx.Timeout) -> httpx.Timeout:
    """Return the timeout of a long poll, which is silent for a while."""
    read = None if timeout.read is None else max(timeout.read, LONG_POLL_SECONDS + 10)
    return httpx.Timeout(connect=timeout.connect, read=read, write=timeout.write, pool=timeout.pool)
