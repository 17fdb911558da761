"""Carry out a job: take its lease, do the work in an attempt, and store the outcome."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from core.deadlines import deadline
from core.errors import ConflictError, RegattaError, UnavailableError
from core.jobs.attempt import Attempt, JobDocuments, path_of
from core.jobs.attempt_log import logged_attempt
from core.jobs.commands import UNATTENDED, Command, UnreadableCommandError, parse_command
from core.jobs.division import (
    NOT_DIVIDED,
    DividedCommands,
    begin_tasks,
    divided_result,
    forget_tasks,
    progress_of_tasks,
    with_tasks,
)
from core.jobs.effort import is_in_batch
from core.jobs.orders import is_ordered, ordered, unordered
from core.jobs.service import ended, give, has_best_so_far, requeued
from core.machine_limits import machine_error
from core.progress import ReportProgress, StoppedError
from core.settings import settings
from core.storage.job_repository import Job
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.stored_document import now
from core.telemetry.causes import cause_of, frames_of
from core.telemetry.facts import note
from core.types import Json

# After so many attempts a job has failed: what broke them off (memory, time, a fault of ours) would break off the next.
MOST_ATTEMPTS = 3

C_contra = TypeVar("C_contra", bound=Command, contravariant=True)


class JobHandler(Protocol[C_contra]):
    """Carries out one type of command."""

    def __call__(
        self, workspace: Workspace, command: C_contra, report_progress: ReportProgress, job_id: str | None, /
    ) -> Json:
        """Do what the command says and return the result; `job_id` is None where the command runs without a job."""


# By type of command its handler: `core.services.handlers.HANDLERS`. Callers pass it in, so that light functions, which
# only submit commands, do not load the handlers.
Handlers = Mapping[type[Command], JobHandler[Any]]


class GivenToBatchError(ConflictError):
    """The job is one for AWS Batch, which has it now."""


class GaveUpError(Exception):
    """The job has failed by a fault of ours, or nobody waits for its result.

    Raised each time the worker receives its message, so that the message becomes a dead letter.
    """


def run_job(
    workspace: Workspace,
    job_id: str,
    handlers: Handlers,
    *,
    divided: DividedCommands = NOT_DIVIDED,
    jobs: JobDocuments | None = None,
    seconds: float,
    heartbeat: Callable[[], None] = lambda: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Job | None:
    """Carry out a job unless it is over, for at most `seconds`; return it as stored afterwards, None if there is none.

    A deferred job that `divided` divides is returned while its tasks are carried out, which `core.jobs.divided` does.

    `jobs` has its document, by default the jobs of the workspace. `heartbeat` is called every few seconds while the
    work goes on. Once `stopping` returns True, the job goes back to the queue at the next progress report. Raises
    `ConflictError` while another worker has the job, `GivenToBatchError`, `GaveUpError`, and every error after which
    the job is to be tried again: `UnavailableError`, or a fault of ours.
    """
    owner = secrets.token_hex(8)
    documents: JobDocuments = jobs or workspace.jobs

    def claim(newest: Job) -> Json | None:
        if _is_for_batch(workspace, newest):
            return None
        is_ours = newest.is_over or is_ordered(workspace.objects, workspace.name, newest, documents.key(job_id))
        return _claim(workspace.name, newest, owner) if is_ours else _refused(newest)

    documents.uncounted.take_off()
    job = documents.change(job_id, claim)
    if job is None or job.owner != owner:
        if job is not None and _is_for_batch(workspace, job):
            give(workspace, job)
            raise GivenToBatchError(f"The job {job_id} is carried out in AWS Batch.")
        if job is not None and _is_given_up(job):
            raise GaveUpError(f"{job_id} has failed: {(job.error or {})['detail']}")
        return job
    with logged_attempt(workspace.name, job), Attempt(documents, job, seconds, heartbeat, stopping) as attempt:
        try:
            command = parse_command(job.kind, job.order)
            how = divided.get(type(command)) if job.deferred else None
            is_divided = False
            with deadline(attempt.longest_seconds):
                result = None
                if how is not None:
                    result = divided_result(workspace, job, command, how, attempt.report_progress)
                    is_divided = result is not None
                if result is None:
                    result = handlers[type(command)](workspace, command, attempt.report_progress, job_id)
        except Exception as raised:
            error = attempt.stop_late(raised)
            outcome = _outcome(job, attempt, error)
            attempt.end(outcome)
            if _is_given_up(job.model_copy(update=outcome)):
                raise GaveUpError(f"{job_id} has failed: {outcome['error']['detail']}") from error
            if not isinstance(error, StoppedError) and calls_for_another_try(error):
                raise
            return documents.read(job_id, fresh=True)
        else:
            if isinstance(result, Division):
                missing = workspace.tasks.missing(job_id, result)
                attempt.end(with_tasks(progress_of_tasks(workspace, job_id, divided[type(command)], result, missing)))
                begin_tasks(workspace, job, result, missing)
            else:
                attempt.end(attempt.finished(result))
    job = documents.read(job_id, fresh=True)
    if is_divided:
        forget_tasks(workspace, job)
    return job


def _is_for_batch(workspace: Workspace, job: Job) -> bool:
    """Return whether AWS Batch is to carry out a job, and this process is none of its containers.

    Where there is no Batch any more, a worker learns from the rows that it has room for.
    """
    return bool(job.batch_bytes) and not job.is_over and workspace.batch is not None and not is_in_batch()


def _refused(job: Job) -> Json:
    """Return the fields that end a job which nobody ordered."""
    return ended("failed", error=unordered(job).problem(path_of(job)))


def _claim(workspace: str, job: Job, owner: str) -> Json | None:
    """Return the fields that give the job to `owner`, or that end it if it was cancelled or had too many attempts.

    None for a job that is over, or whose tasks are carried out; raises `ConflictError` while another worker has it.
    """
    if job.is_over or (job.is_divided and job.is_leased):
        return None
    if not job.is_leased and job.cancel_requested and not has_best_so_far(job):
        return ended("cancelled")
    if not job.is_leased and job.attempts >= MOST_ATTEMPTS:
        error = RegattaError(
            f"The work was broken off {job.attempts} times, most likely for want of memory or time. Send fewer rows or "
            "columns, or give the worker more memory."
        )
        return ended("failed", error=error.problem(path_of(job)))
    lease = job.lease(f"The job {job.job_id}", owner, settings().job_lease_seconds)
    # A job of an earlier version gets its code now: the next worker finds it written later than the first one did.
    code = job.code or ordered(workspace, job).code
    return {**lease, "status": "running", "stage": "starting", "started_at": job.started_at or now(), "code": code}


def _is_given_up(job: Job) -> bool:
    """Return whether the message of a job that is over belongs to the dead letters."""
    ours = (job.error or {}).get("status") == RegattaError.status
    return job.status == "failed" and (ours or job.kind in UNATTENDED)


def calls_for_another_try(error: Exception) -> bool:
    """Return whether another attempt may succeed: storage, another writer or a fault of ours is to blame."""
    return isinstance(error, ConflictError) or not isinstance(error, RegattaError) or error.status >= 500


def _outcome(job: Job, attempt: "Attempt", error: Exception) -> Json:
    """Return the fields of a job whose work ended with this error."""
    if isinstance(error, StoppedError):
        return attempt.stopped()
    if isinstance(error, UnavailableError):
        note(error=cause_of(error))
        return requeued(job.attempts - 1)  # the job is not to blame, so the attempt does not count
    if calls_for_another_try(error):
        note(error=cause_of(error), trace=frames_of(error))
        if not isinstance(error, UnreadableCommandError):
            fault = RegattaError(f"The work broke off for a fault of ours, {job.attempts} times. It has been logged.")
            error = machine_error(error) or fault
        if job.attempts < MOST_ATTEMPTS:
            return {**requeued(job.attempts), "error": error.problem(path_of(job))}
    assert isinstance(error, RegattaError)
    note(problem=error.slug)
    return ended("failed", error=error.problem(path_of(job)))
