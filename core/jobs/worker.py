"""Doing a job: taken by a lease that is renewed while somebody works, told how far it is, ended one way or another."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType

from core.errors import ConflictError, JobTimeoutError, RegattaError, UnavailableError
from core.jobs.service import UNATTENDED, back, ended, work_of
from core.manifests import now
from core.progress import Reason, StoppedError, TrialStatus
from core.settings import settings
from core.storage.container import storage
from core.storage.job_repository import Job
from core.storage.leases import if_owned
from core.types import Json

log = logging.getLogger("regatta")

# A job that ends this many workers (memory, time, a fault of ours) would end the next one too.
MOST_ATTEMPTS = 3
# Within a stage, Redis is told at most this often, and asked as often whether somebody has cancelled.
TELL_SECONDS = 0.25
# A lease is renewed this many times before it would run out: storage may be slow now and then.
BEATS_PER_LEASE = 6
# Work that has not heard in this time that its own is up is given up without it.
GRACE_SECONDS = 20.0


class GaveUpError(Exception):
    """The job has failed, for reasons of ours or with nobody to hear of it.

    Raised each time it comes, so that its message becomes a dead letter.
    """


def work(
    workspace: str,
    job_id: str,
    *,
    seconds: float,
    beat: Callable[[], None] = lambda: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Job | None:
    """Do a job unless it is done, for at most `seconds`; returns it as it is afterwards, None when there is none.

    `beat` is called every few seconds while there is work; once `stopping` says so, the job is put back at the next
    `report_progress`. Raises `ConflictError` while another worker has it, `GaveUpError`, and whatever else calls for
    another try: `UnavailableError`, a fault of ours.
    """
    owner = secrets.token_hex(8)
    job = storage().jobs.change(workspace, job_id, lambda newest: _claim(newest, owner))
    if job is None or job.owner != owner:
        if job is not None and _is_given_up(job):
            raise GaveUpError(f"{job_id} has failed: {(job.error or {})['detail']}")
        return job
    with Attempt(workspace, job, seconds, beat, stopping) as attempt:
        try:
            result = work_of(job.kind)(workspace, job.order, attempt.report_progress, job_id)
        except Exception as error:
            outcome = _outcome(job, attempt, error)
            attempt.end(outcome)
            if _is_given_up(job.model_copy(update=outcome)):
                raise GaveUpError(f"{job_id} has failed: {outcome['error']['detail']}") from error
            if not isinstance(error, StoppedError) and _calls_for_another_try(error):
                raise
            return storage().jobs.read(workspace, job_id, fresh=True)
        else:
            attempt.end(attempt.finished(result))
    return storage().jobs.read(workspace, job_id, fresh=True)


def _claim(job: Job, owner: str) -> Json | None:
    """The fields that give the job to `owner`, or end it; raises `ConflictError` while it is another's."""
    if job.is_over:
        return None
    if not job.is_leased and job.cancel_requested:
        return ended("cancelled")
    if not job.is_leased and job.attempts >= MOST_ATTEMPTS:
        error = RegattaError(
            f"The work was broken off {job.attempts} times, most likely for want of memory or time. Send fewer rows or "
            "columns, or give the worker more memory."
        )
        return ended("failed", error=error.problem(_path(job)))
    lease = job.lease(f"The job {job.job_id}", owner, settings().job_lease_seconds)
    return {**lease, "status": "running", "stage": "starting", "started_at": job.started_at or now()}


def _is_given_up(job: Job) -> bool:
    """Whether the message of a job that is over belongs to the dead letters."""
    ours = (job.error or {}).get("status") == RegattaError.status
    return job.status == "failed" and (ours or job.kind in UNATTENDED)


def _calls_for_another_try(error: Exception) -> bool:
    """Whether the order is not to blame: storage, another writer, a fault of ours."""
    return isinstance(error, ConflictError) or not isinstance(error, RegattaError) or error.status >= 500


def _outcome(job: Job, attempt: "Attempt", error: Exception) -> Json:
    """What becomes of a job whose work ended with this error."""
    if isinstance(error, StoppedError):
        return attempt.stopped()
    if isinstance(error, UnavailableError):
        return back(job.attempts - 1)  # says nothing about the job
    if _calls_for_another_try(error):
        log.error("job %s, attempt %d: %s", job.job_id, job.attempts, error, exc_info=error)
        error = RegattaError(f"The work broke off for a fault of ours, {job.attempts} times. It has been logged.")
        if job.attempts < MOST_ATTEMPTS:
            return {**back(job.attempts), "error": error.problem(_path(job))}
    assert isinstance(error, RegattaError)
    log.info("job %s has failed: %s", job.job_id, error.detail)
    return ended("failed", error=error.problem(_path(job)))


def _path(job: Job) -> str:
    return f"/jobs/{job.job_id}"


class Attempt:
    """One worker's attempt at a job that it has the lease of: a thread renews the lease, the work reports progress."""

    def __init__(
        self,
        workspace: str,
        job: Job,
        seconds: float,
        beat: Callable[[], None],
        stopping: Callable[[], bool],
    ) -> None:
        self._workspace = workspace
        self._job = job
        self._seconds = seconds
        self._beat = beat
        self._stopping = stopping
        # Why the work is to end, and why it has heard that it is to.
        self.halt: Reason | None = None
        self._heard: Reason | None = None
        self._lease_seconds = settings().job_lease_seconds
        self._ends_at = time.monotonic() + seconds
        self._renewed_at = time.monotonic()
        self._told_at = 0.0
        self._state: Json = {}
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name=f"lease-{job.job_id}", daemon=True)

    def __enter__(self) -> "Attempt":
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def report_progress(
        self,
        stage: str,
        share: float,
        parts: Mapping[str, float] | None = None,
        standings: Sequence[TrialStatus] | None = None,
    ) -> None:
        """A `ReportProgress`: passes on how far the work is, and raises `StoppedError` when it is to end."""
        now, before = time.monotonic(), self._state.get("stage")
        shown = self._state.get("standings", []) if standings is None else list(standings)
        self._state = {"stage": stage, "progress": round(share, 3), "parts": dict(parts or {}), "standings": shown}
        if now - self._renewed_at > self._lease_seconds / 2:
            self._renew()  # the thread did not get to it: the work must not go on with a lease that may be gone
        if stage != before or now - self._told_at > TELL_SECONDS:
            self._told_at = now
            if storage().jobs.report_progress(self._workspace, self._job, **self._state):
                self.halt = self.halt or "cancelled"
        self._look_at_the_time()
        if self.halt is not None:
            self._heard = self.halt
            raise StoppedError(self.halt)

    def end(self, fields: Json) -> None:
        """Write how it ended, unless another worker has the job by now."""
        self._over.set()
        self._keeper.join()
        self._change(fields)

    def finished(self, result: Json) -> Json:
        """The fields of a job whose work has a result: the whole one, or what it had when it heard of the end."""
        status = "cancelled" if self._heard == "cancelled" else "succeeded"
        return ended(status, progress=1.0, result=result, error=None)

    def stopped(self) -> Json:
        """The fields of a job whose work has heard that it is to end."""
        if self.halt == "cancelled":
            return ended("cancelled")
        return self._timed_out() if self.halt == "timeout" else back(self._job.attempts - 1)

    def _timed_out(self) -> Json:
        error = JobTimeoutError(
            f"The work was ended after {self._seconds:.0f} s. Send fewer rows or simpler models, or raise "
            "REGATTA_JOB_SECONDS where the worker may run longer."
        )
        return ended("failed", error=error.problem(_path(self._job)))

    def _look_at_the_time(self) -> None:
        if self.halt is None and time.monotonic() > self._ends_at:
            self.halt = "timeout"
        if self.halt is None and self._stopping():
            self.halt = "stopping"

    def _keep(self) -> None:
        """Renew the lease and call `beat` until the work is over, or until it should be and does not hear."""
        while not self._over.wait(self._lease_seconds / BEATS_PER_LEASE):
            self._renew()
            try:
                self._beat()
            except Exception as error:
                log.warning("job %s: %s", self._job.job_id, error)
            if time.monotonic() > self._ends_at + GRACE_SECONDS:
                self.halt = "timeout"
                with suppress(UnavailableError, ConflictError):
                    self._change(self._timed_out())
                return

    def _renew(self) -> None:
        """Keep the lease, and let the bucket know how far the work is and us whether anybody still wants it."""
        begun = time.monotonic()
        try:
            newest = self._change({"leased_until": time.time() + self._lease_seconds, **self._state})
        except (UnavailableError, ConflictError) as error:
            log.warning("job %s: the lease could not be renewed: %s", self._job.job_id, error.detail)
            lost = begun - self._renewed_at > self._lease_seconds
        else:
            self._renewed_at = begun
            lost = newest is None or newest.owner != self._job.owner
            if newest is not None and newest.cancel_requested:
                self.halt = self.halt or "cancelled"
        if lost:
            self.halt = "lost"

    def _change(self, fields: Json) -> Job | None:
        return storage().jobs.change(self._workspace, self._job.job_id, if_owned(self._job.owner, fields))
