"""Carry out the tasks of divided jobs: one after the other in a worker, side by side in several.

A task may be lost, delivered twice or broken off: it has a lease of its own, which ends by itself, and a marker once it
is done. The job belongs to all workers of its tasks until the last one is done, and then to the one that finishes it.
"""

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.deadlines import deadline
from core.errors import ConflictError, JobTimeoutError, RegattaError, UnavailableError
from core.jobs.attempt import BEATS_PER_LEASE, path_of
from core.jobs.commands import COMMANDS, parse_command
from core.jobs.division import (
    Comparing,
    Divided,
    DividedCommands,
    TaskTakenError,
    progress_of_tasks,
    with_tasks,
)
from core.jobs.orders import is_ordered, unordered
from core.jobs.service import ended
from core.jobs.worker import MOST_ATTEMPTS, GaveUpError, calls_for_another_try
from core.machine_limits import machine_error
from core.progress import StoppedError, TrialStatus
from core.settings import settings
from core.storage.job_repository import TASKS, Job
from core.storage.leases import free
from core.storage.task_repository import Division, TaskLease
from core.storage.workspace import Workspace
from core.telemetry.causes import cause_of, frames_of
from core.telemetry.log import log_event
from core.telemetry.request_id import serving_request
from core.telemetry.tracing import span
from core.types import Json

# How often a worker of a task looks whether the job was cancelled.
LOOK_SECONDS = 1.0


def run_next_task(
    workspace: Workspace, job_id: str, divided: DividedCommands, *, seconds: float, stopping: Callable[[], bool]
) -> Job | None:
    """Carry out a task of a job that no worker has, or offer the job where all are done; return the job afterwards.

    Raises `ConflictError` where other workers have all tasks that are left, and what `run_task` does.
    """
    division = workspace.tasks.division(job_id)
    if division is None:
        return workspace.jobs.read(job_id, fresh=True)
    missing = workspace.tasks.missing(job_id, division)
    if not missing:
        _offer_to_finish(workspace, job_id)
        return workspace.jobs.read(job_id, fresh=True)
    taken = workspace.tasks.worked_on(job_id, settings().job_lease_seconds)
    due = division.due(missing)
    for number in [one for one in due if one not in taken] or due:
        try:
            return run_task(workspace, job_id, number, divided, seconds=seconds, stopping=stopping)
        except TaskTakenError:
            continue
    raise ConflictError(f"Other workers have all tasks of the job {job_id} that are left.")


def run_task(
    workspace: Workspace,
    job_id: str,
    number: int,
    divided: DividedCommands,
    *,
    seconds: float,
    heartbeat: Callable[[], None] = lambda: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Job | None:
    """Carry out one task of a job unless it is done or the job is over, for at most `seconds`; return the job then.

    Whoever does the last one offers the job again, to be finished. An error of the input ends the job, as does a fault
    of ours in the last of several attempts. `heartbeat` is called every few seconds, and once `stopping` returns True
    the task goes back. Raises `TaskTakenError`, `GaveUpError`, and every error after which it is to be tried again.
    """
    job = workspace.jobs.read(job_id, fresh=True)
    division = None if job is None or job.is_over else workspace.tasks.division(job_id)
    if job is None or division is None or not 0 <= number < division.tasks:
        return job
    if job.cancel_requested:
        return workspace.jobs.change(job_id, lambda newest: ended("cancelled") if newest.is_divided else None)
    if not is_ordered(workspace.objects, workspace.name, job, workspace.jobs.key(job_id)):
        return fail_job(workspace, job_id, unordered(job))
    if not workspace.tasks.is_done(job_id, number):
        owner = secrets.token_hex(8)
        try:
            lease = workspace.tasks.take(job_id, number, owner, settings().job_lease_seconds)
        except ConflictError as error:
            raise TaskTakenError(error.detail) from error
        _carry_out(_Attempt(workspace, job, division, number, owner, seconds, heartbeat, stopping), lease, divided)
    return _settle(workspace, job_id, division, number, divided[COMMANDS[job.kind]])


def finish_job(workspace: Workspace, job_id: str) -> None:
    """Offer a job whose tasks are done to the queue, which finishes it; nothing changes where one is not done."""
    division = workspace.tasks.division(job_id)
    if division is not None and not workspace.tasks.missing(job_id, division):
        _offer_to_finish(workspace, job_id)


def fail_job(workspace: Workspace, job_id: str, error: RegattaError) -> Job | None:
    """End a job of which a task has failed for good, unless it is over; return it as stored."""

    def edit(job: Job) -> Json | None:
        return None if job.is_over else ended("failed", error=error.problem(path_of(job)))

    return workspace.jobs.change(job_id, edit)


class _Attempt:
    """One attempt at a task: it renews the leases of the task and of its job, and ends when the job is over."""

    def __init__(
        self,
        workspace: Workspace,
        job: Job,
        division: Division,
        number: int,
        owner: str,
        seconds: float,
        heartbeat: Callable[[], None],
        stopping: Callable[[], bool],
    ) -> None:
        self.workspace, self.job, self.division, self.number = workspace, job, division, number
        self.seconds = seconds
        self._owner, self._heartbeat, self._stopping = owner, heartbeat, stopping
        self._lease_seconds = settings().job_lease_seconds
        self._looked_at = self._renewed_at = time.monotonic()
        self._ends_at = self._renewed_at + seconds

    def report_progress(
        self,
        stage: str,
        share: float,
        parts: Mapping[str, float] | None = None,
        leaderboard: Sequence[TrialStatus] | None = None,
    ) -> None:
        """Look whether to go on; what a single task reports is not shown.

        Raises `StoppedError`, and `UnavailableError` where storage has not answered for as long as the lease lasts.
        """
        now = time.monotonic()
        if now > self._ends_at:
            raise StoppedError("timeout")
        if self._stopping():
            raise StoppedError("stopping")
        if now - self._looked_at > LOOK_SECONDS:
            self._looked_at = now
            try:
                self._look(now)
            except UnavailableError:
                if now - self._renewed_at > self._lease_seconds:
                    raise

    def _look(self, now: float) -> None:
        job = self.workspace.jobs.read(self.job.job_id)
        if job is None or job.is_over or job.cancel_requested:
            raise StoppedError("cancelled")
        if now - self._renewed_at > self._lease_seconds / BEATS_PER_LEASE:
            self._heartbeat()
            self.workspace.tasks.renew(job.job_id, self.number, self._owner, self._lease_seconds)
            self._renewed_at = now
            _keep(self.workspace, job)


def _carry_out(attempt: _Attempt, lease: TaskLease, divided: DividedCommands) -> None:
    """Carry out a task whose lease was taken, and mark it done; else give the lease back, and end the job or raise."""
    workspace, job, number = attempt.workspace, attempt.job, attempt.number
    known: dict[str, Any] = {"workspace": workspace.name, "job": job.job_id, "kind": job.kind, "task": number}
    begun, outcome = time.perf_counter(), "failed"
    with serving_request(job.request_id), span(f"task {job.kind}", job.traceparent, "consumer"):
        try:
            _keep(workspace, job)
            command = parse_command(job.kind, job.order)
            how = divided[type(command)]
            if lease.attempts > MOST_ATTEMPTS:
                facts = _give_up(attempt, how)
            else:
                with deadline(attempt.seconds):
                    facts = how.run_task(
                        workspace, command, attempt.division, number, attempt.report_progress, job.job_id
                    )
            workspace.tasks.mark_done(job.job_id, number, facts)
            outcome = "done"
        except StoppedError as stopped:
            outcome = stopped.reason
            workspace.tasks.give_back(job.job_id, number, lease, blameless=stopped.reason != "timeout")
            if stopped.reason == "timeout":
                fail_job(workspace, job.job_id, _out_of_time(number, attempt.seconds))
        except TaskTakenError:
            outcome = "waits"
            workspace.tasks.give_back(job.job_id, number, lease, blameless=True)
            raise
        except Exception as error:
            _end(workspace, job, number, lease, error)
        finally:
            log_event("task", **known, outcome=outcome, seconds=round(time.perf_counter() - begun, 3))


def _give_up(attempt: _Attempt, how: Divided[Any]) -> Json:
    """Return the facts of a task that broke off every worker, where its job goes on without it; else raise."""
    error = _broken_off(attempt.number)
    if not isinstance(how, Comparing):
        raise error
    why = f"its training broke off {MOST_ATTEMPTS} workers, most likely for want of memory"
    return how.give_up(attempt.workspace, attempt.division, attempt.number, why, attempt.job.job_id)


def _end(workspace: Workspace, job: Job, number: int, lease: TaskLease, error: Exception) -> None:
    """Give back the lease of a task that failed; raise the error where it is to be tried again, else end the job."""
    is_outage = isinstance(error, UnavailableError)
    workspace.tasks.give_back(job.job_id, number, lease, blameless=is_outage, failed=True)
    if not calls_for_another_try(error) or isinstance(error, _BrokenOffError):
        assert isinstance(error, RegattaError)
        workspace.tasks.forget_attempts(job.job_id, number)
        fail_job(workspace, job.job_id, error)
    elif is_outage or lease.attempts < MOST_ATTEMPTS:
        raise error
    else:
        logging.getLogger("regatta").error("job %s: %s\n%s", job.job_id, cause_of(error), frames_of(error))
        workspace.tasks.forget_attempts(job.job_id, number)
        fail_job(workspace, job.job_id, machine_error(error) or _broken_off(number))
        raise GaveUpError(f"{job.job_id} has failed: {cause_of(error)}") from error


class _BrokenOffError(RegattaError):
    """A task was broken off as often as it may be."""


def _broken_off(number: int) -> RegattaError:
    return _BrokenOffError(
        f"The work at part {number} was broken off {MOST_ATTEMPTS} times, for a fault of ours or for want of memory or "
        "time. Retry the job: what is done of it stays."
    )


def _out_of_time(number: int, seconds: float) -> JobTimeoutError:
    return JobTimeoutError(
        f"The work at part {number} was ended after {seconds:.0f} s. Raise REGATTA_JOB_SECONDS where the worker may "
        "run longer."
    )


def _settle(workspace: Workspace, job_id: str, division: Division, number: int, how: Divided[Any]) -> Job | None:
    """Report how many tasks of a job are done, and offer the job where all are; return it.

    Where the task `number` is one of the first, and all of these are done, whoever gets the job begins the last ones.
    """
    missing = workspace.tasks.missing(job_id, division)
    job, progress = workspace.jobs.read(job_id, fresh=True), {}
    if job is not None and job.is_divided:
        progress = progress_of_tasks(workspace, job_id, how, division, missing)
        is_shown = workspace.jobs.report_progress(job, **progress)
        _keep(workspace, job, with_tasks(progress), now=is_shown is None)
    if not missing or (number < division.first and not division.first_are_missing(missing)):
        _offer_to_finish(workspace, job_id, progress)
        job = workspace.jobs.read(job_id, fresh=True)
    return job


def _keep(workspace: Workspace, job: Job, fields: Json | None = None, *, now: bool = False) -> None:
    """Let the job belong to its tasks for a while longer, and store these fields with that, `now` or when it is time.

    Many workers do this for one job, so they write its document rarely. A lease that ends later than one given now by
    more than half of it was given before the clock was set back, and is due as well.
    """
    lease_seconds = settings().job_lease_seconds
    if not now and abs(job.leased_until - time.time() - lease_seconds) < lease_seconds / 2:
        return
    renewed = {"owner": TASKS, "leased_until": time.time() + lease_seconds, **(fields or {})}
    try:
        workspace.jobs.change(job.job_id, lambda newest: renewed if newest.is_divided else None)
    except ConflictError:
        return  # other workers of its tasks have done so


def _offer_to_finish(workspace: Workspace, job_id: str, progress: Json | None = None) -> None:
    """Give a job to the queue whose tasks are all done, once; what was reported as its tasks' progress is stored."""
    offered = {**free(attempts=0), "offered_at": time.time(), **(progress or {})}
    try:
        job = workspace.jobs.change(job_id, lambda newest: offered if newest.is_divided else None)
    except ConflictError:
        return  # another worker has done so
    if job is not None and not job.is_over and not job.is_leased:
        workspace.queue.send(workspace.name, job_id)
