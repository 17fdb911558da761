"""One attempt of a worker at a job: it renews the lease, reports progress, and ends the work where that is asked."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import copy_context
from math import inf
from types import TracebackType
from typing import Any, Protocol

from core.errors import ConflictError, DeadlineError, JobTimeoutError, UnavailableError
from core.jobs.commands import IngestCommand
from core.jobs.service import ended, requeued
from core.progress import Reason, StoppedError, TrialStatus
from core.settings import settings
from core.storage.job_repository import Job
from core.storage.leases import UncountedAttempts, if_owned, without_attempt
from core.telemetry.facts import note
from core.types import Json

log = logging.getLogger("regatta")

# Within a stage, progress goes to Redis at most this often. The same request asks whether the job was cancelled.
REPORT_SECONDS = 0.25
# Where Redis takes no report, progress goes to the bucket at most this often.
STORE_SECONDS = 1.0
# A lease is renewed this many times before it would end, because storage may be slow at times.
BEATS_PER_LEASE = 6
# A job whose work reports nothing for so long after its time is up has failed, although the work still runs.
GRACE_SECONDS = 20.0


class JobDocuments(Protocol):
    """The documents of jobs: a `JobRepository`, or the `UploadJobs` of large uploads."""

    uncounted: UncountedAttempts

    def read(self, job_id: str, *, fresh: bool = False) -> Job | None:
        """Return the job, or None when there is none."""

    def change(self, job_id: str, edit: Callable[[Job], Json | None]) -> Job | None:
        """Update the newest job by the fields that `edit` returns, and return it as stored."""

    def key(self, job_id: str) -> str:
        """Return the key of the document in the bucket."""

    def report_progress(self, job: Job, **state: Any) -> bool | None:
        """Report progress to Redis; return whether to stop, None where Redis did not take the report."""


def path_of(job: Job) -> str:
    """Return the path at which callers follow the job."""
    return f"/data/files/{job.job_id}" if job.kind == IngestCommand.kind else f"/jobs/{job.job_id}"


class Attempt:
    """One attempt of a worker that has the lease of the job. A thread renews the lease while the work goes on."""

    def __init__(
        self,
        jobs: JobDocuments,
        job: Job,
        seconds: float,
        heartbeat: Callable[[], None],
        stopping: Callable[[], bool],
    ) -> None:
        self._jobs = jobs
        self._job = job
        self._seconds = seconds
        self._heartbeat = heartbeat
        self._stopping = stopping
        # Why the work is to end, and the reason of the `StoppedError` that was raised in the work.
        self.halt: Reason | None = "cancelled" if job.cancel_requested else None
        # Whether storage did not answer for as long as the lease lasts.
        self._lost_in_outage = False
        self._raised: Reason | None = None
        self._lease_seconds = settings().job_lease_seconds
        self._ends_at = time.monotonic() + seconds
        self._renewed_at = time.monotonic()
        self._reported_at = self._stored_at = -inf
        # Whether Redis did not take the last report.
        self._only_bucket = False
        self._state: Json = {}
        self._over = threading.Event()
        self._keeper = threading.Thread(
            target=copy_context().run, args=(self._keep,), name=f"lease-{job.job_id}", daemon=True
        )

    def __enter__(self) -> "Attempt":
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_keeping()

    @property
    def longest_seconds(self) -> float:
        """Return for how long the work may go on, with what it stores after its time, such as the best model so far."""
        return self._seconds + GRACE_SECONDS

    def report_progress(
        self,
        stage: str,
        share: float,
        parts: Mapping[str, float] | None = None,
        leaderboard: Sequence[TrialStatus] | None = None,
    ) -> None:
        """Report progress, as `ReportProgress` does; raises `StoppedError` when the work is to end."""
        now, before = time.monotonic(), self._state.get("stage")
        shown = self._state.get("standings", []) if leaderboard is None else list(leaderboard)
        self._state = {"stage": stage, "progress": round(share, 3), "parts": dict(parts or {}), "standings": shown}
        if now - self._renewed_at > self._lease_seconds / 2:
            self._renew()  # the thread is late, and the work must not go on after its lease has ended
        if stage != before or now - self._reported_at > REPORT_SECONDS:
            self._reported_at = now
            stop = self._jobs.report_progress(self._job, **self._state)
            self._only_bucket = stop is None
            if stop:
                self.halt = self.halt or "cancelled"
        if self._only_bucket and now - self._stored_at > STORE_SECONDS:
            self._renew()
        self._check_time()
        if self.halt is not None:
            self._raised = self.halt
            raise StoppedError(self.halt)

    def end(self, fields: Json) -> None:
        """Store these fields at the end of the attempt, unless another worker has the job by now.

        A job that is over keeps the leaderboard that was reported last.
        An attempt that an outage of storage ended is taken off the count also then, where storage does not answer now
        before this process takes its next job. Only a fault of ours counts all the same.
        """
        note(outcome=fields["status"])
        self._stop_keeping()
        if self._state and "finished_at" in fields:
            fields = {"standings": self._state["standings"], **fields}
        if self._lost_in_outage and fields == requeued(self._job.attempts - 1):
            self._jobs.uncounted.add(self._take_off)
            self._jobs.uncounted.take_off()
            return
        try:
            self._change(fields)
        except UnavailableError:
            if fields.get("attempts") != self._job.attempts:
                self._jobs.uncounted.add(self._take_off)
            raise

    def _take_off(self) -> None:
        """Take this attempt off the count of its job; the job waits then, unless another worker has it by now."""

        def edit(newest: Job) -> Json | None:
            if newest.is_over:
                return None
            fields = without_attempt(newest, self._job.owner)
            return {**requeued(fields["attempts"]), **fields} if newest.owner == self._job.owner else fields

        self._jobs.change(self._job.job_id, edit)

    def finished(self, result: Json) -> Json:
        """Return the fields of a job whose work returned a result, which is the best so far if it was stopped."""
        status = "cancelled" if self._raised == "cancelled" else "succeeded"
        return ended(status, progress=1.0, result=result, error=None)

    def stop_late(self, error: Exception) -> Exception:
        """Return the error with which the work ended; where its deadline has passed, that of a timeout."""
        if not isinstance(error, DeadlineError):
            return error
        self._check_time()
        self.halt = self.halt or "timeout"
        return StoppedError(self.halt)

    def stopped(self) -> Json:
        """Return the fields of a job whose work was stopped without a result."""
        if self.halt == "cancelled":
            return ended("cancelled")
        return self._timed_out() if self.halt == "timeout" else requeued(self._job.attempts - 1)

    def _timed_out(self) -> Json:
        error = JobTimeoutError(
            f"The work was ended after {self._seconds:.0f} s. Send fewer rows or simpler models, or raise "
            "REGATTA_JOB_SECONDS where the worker may run longer."
        )
        return ended("failed", error=error.problem(path_of(self._job)))

    def _check_time(self) -> None:
        if self.halt is None and time.monotonic() > self._ends_at:
            self.halt = "timeout"
        if self.halt is None and self._stopping():
            self.halt = "stopping"

    def _stop_keeping(self) -> None:
        """Let the lease be renewed no more."""
        self._over.set()
        self._keeper.join()

    def _keep(self) -> None:
        """Renew the lease and call `heartbeat` until the work is over, or its time and `GRACE_SECONDS` are up."""
        while not self._over.wait(self._lease_seconds / BEATS_PER_LEASE):
            self._renew()
            try:
                self._heartbeat()
            except Exception as error:
                log.warning("job %s: %s", self._job.job_id, error)
            if time.monotonic() > self._ends_at + GRACE_SECONDS:
                self.halt = "timeout"
                with suppress(UnavailableError, ConflictError):
                    self._change(self._timed_out())
                return

    def _renew(self) -> None:
        """Renew the lease, store the progress, and end the work if it was cancelled or the lease was lost."""
        begun = self._stored_at = time.monotonic()
        try:
            newest = self._change({"leased_until": time.time() + self._lease_seconds, **self._state})
        except (UnavailableError, ConflictError) as error:
            log.warning("job %s: the lease could not be renewed: %s", self._job.job_id, error.detail)
            lost = self._lost_in_outage = begun - self._renewed_at > self._lease_seconds
        else:
            self._renewed_at = begun
            lost = newest is None or newest.owner != self._job.owner
            if newest is not None and newest.cancel_requested:
                self.halt = self.halt or "cancelled"
        if lost:
            self.halt = "lost"

    def _change(self, fields: Json) -> Job | None:
        return self._jobs.change(self._job.job_id, if_owned(self._job.owner, fields))
