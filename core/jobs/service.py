"""Jobs as callers see them: submitted, followed, cancelled, retried. `core.jobs.worker` carries them out."""

import hashlib
import json
import time
from contextlib import suppress
from typing import Any

from core.errors import (
    ConflictError,
    KeyReusedError,
    NoSuchJobError,
    NoSuchModelError,
    UnavailableError,
)
from core.jobs.commands import Command, TableCommand, TrainCommand, UnreadableCommandError, parse_command
from core.jobs.orders import ordered
from core.settings import settings
from core.storage.job_repository import Job, UnreadableJob
from core.storage.leases import free
from core.storage.signed_models import encode_model
from core.storage.workspace import Workspace
from core.stored_document import new_file_id, now
from core.telemetry.request_id import request_id
from core.telemetry.tracing import traceparent
from core.types import Json

# A job that no worker has reported for this long goes to the queue again when its state is asked for: its message may
# be lost.
SILENCE_SECONDS = 300


def submit_job(
    workspace: Workspace,
    command: Command,
    *,
    sent: Command | None = None,
    key: str | None = None,
    job_id: str | None = None,
    deferred: bool = True,
    batch_bytes: int = 0,
) -> Job:
    """Store a command as a job, and give it to the queue if it is `deferred`; return the job.

    If the `key` came before, return the job that was made then: it is found in the bucket, whatever Redis has. `sent`
    is the command as the caller sent it, if fields such as the current file were filled in since, and `job_id` its id,
    if that was chosen before. With `batch_bytes` a container of AWS Batch with so much memory carries it out.

    Raises `KeyReusedError` when the key came with another command, `UnavailableError`.
    """
    if key is not None:
        job_id = _keyed_id(workspace, command.kind, key)
    job_id = job_id or new_file_id()
    job = new_job(job_id, command, sent=sent, deferred=deferred).model_copy(update={"batch_bytes": batch_bytes})
    job = ordered(workspace.name, job)
    stored = _check_same(workspace.jobs.create(job), job.fingerprint)
    try:
        return _enqueue(workspace, stored)
    except UnavailableError:
        if stored == job:
            workspace.jobs.delete(job.job_id)  # else it could still run, after an answer that it was not submitted
        raise


def new_job(job_id: str, command: Command, *, sent: Command | None = None, deferred: bool = True) -> Job:
    """Return a job without a code that waits to be carried out; `sent` and `deferred` as `submit_job` takes them."""
    return Job(
        job_id=job_id,
        kind=command.kind,
        order=command.model_dump(),
        fingerprint=_fingerprint(sent or command),
        deferred=deferred,
        created_at=now(),
        request_id=request_id(),
        traceparent=traceparent(),
        offered_at=time.time(),
    )


def find_submitted(workspace: Workspace, sent: Command, key: str) -> Job | None:
    """Return the job that came with this key before, and give it to the queue again if it waits; None for a new key.

    Raises `KeyReusedError` when the key came with another command.
    """
    job = job_with_key(workspace, type(sent), key)
    return None if job is None else _enqueue(workspace, _check_same(job, _fingerprint(sent)))


def job_with_key(workspace: Workspace, command: type[Command], key: str) -> Job | None:
    """Return the job of this kind that was submitted with the key, or None. Nothing is changed."""
    return workspace.jobs.read(_keyed_id(workspace, command.kind, key), fresh=True)


def _check_same(job: Job, fingerprint: str) -> Job:
    if job.fingerprint != fingerprint:
        raise KeyReusedError(
            "This Idempotency-Key came with another request before. Send a new key with a new request."
        )
    return job


def _enqueue(workspace: Workspace, job: Job) -> Job:
    """Give a job that waits to the queue, again if it was given before, since that may have failed; return the job."""
    if job.deferred and job.status == "queued":
        give(workspace, job)
    return job


def give(workspace: Workspace, job: Job) -> None:
    """Give a job to who carries it out: to AWS Batch if it is too much for a function, else to the queue.

    A process that does not know of AWS Batch gives it to the queue, whose worker gives it to Batch.
    """
    if not job.batch_bytes or workspace.batch is None:
        workspace.queue.send(workspace.name, job.job_id)
        return
    workspace.queue.open_jobs.add(workspace.name, job.job_id)  # first: where the submission is lost, the job is found
    workspace.batch.submit(workspace.name, job.job_id, job.batch_bytes)


def job_status(workspace: Workspace, job_id: str) -> Job:
    """Return a job with its progress; give it to the queue again if no worker seems to have it.

    Raises `NoSuchJobError`.
    """
    job = _found(job_id, workspace.jobs.read(job_id))
    if job.deferred and not job.is_over and not job.is_leased and _seems_lost(job):
        return offer_again(workspace, job_id) or job
    return job


def offer_again(workspace: Workspace, job_id: str) -> Job | None:
    """Give a job to the queue once more, unless it is over or a worker has it; return it, None where it is gone."""
    job = workspace.jobs.change(job_id, _offer_again)
    if job is not None and not job.is_over and not job.is_leased:
        give(workspace, job)
    return job


def list_jobs(
    workspace: Workspace, limit: int, after: str | None = None
) -> tuple[list[Job | UnreadableJob], str | None]:
    """Return the `limit` newest jobs after the place `after`, and the `after` of the next page, None at the end.

    The id of a job is a place as well; raises `NoSuchJobError` where there is none.
    """
    try:
        return workspace.jobs.page(limit, after)
    except LookupError as error:
        raise _no_such(str(after)) from error


def cancel_job(workspace: Workspace, job_id: str) -> Job:
    """End a job: at once while no worker has it, else at the next progress report of its work.

    The tasks of a divided race end there as well, and the next worker ends the job with the best so far.

    Raises `NoSuchJobError`, and `ConflictError` for one that is over.
    """

    def edit(job: Job) -> Json | None:
        if job.status == "cancelled":
            return None
        if job.is_over:
            raise ConflictError(f"The job is over, it has {job.status}. There is nothing to cancel.")
        if has_best_so_far(job) and job.status == "running" and (job.is_divided or not job.is_leased):
            return {"cancel_requested": True, **free(job.attempts), "offered_at": time.time()}
        # The workers of tasks look whether their job is over.
        return {"cancel_requested": True} if job.is_leased and not job.is_divided else ended("cancelled")

    job = _found(job_id, workspace.jobs.change(job_id, edit))
    if not job.is_over:
        workspace.jobs.stop(job)
        if not job.is_leased:
            give(workspace, job)  # to the worker that ends it with its best so far
    elif job.batch_bytes and workspace.batch is not None:
        workspace.batch.stop(workspace.name, job_id)  # one that runs ends by itself, with its best so far
    if workspace.state_machine is not None:
        with suppress(UnavailableError):  # then its tasks find out by themselves
            workspace.state_machine.stop_tasks(job_id)
    return job


def retry_job(workspace: Workspace, job_id: str) -> Job:
    """Begin a job anew that failed, was cancelled or was interrupted; leave one that waits or runs as it is.

    Of a job that was divided only those tasks are carried out that are not done. One that went to AWS Batch does so
    again.

    Raises `NoSuchJobError`, and `ConflictError` for one that has succeeded, or was cancelled with its best so far.
    """

    def edit(job: Job) -> Json | None:
        if job.result is not None:
            how = "has succeeded" if job.status == "succeeded" else "was cancelled and has its best so far"
            raise ConflictError(f"The job {how}. Send its order again for another one.")
        return {**_restarted(), "deferred": True} if job.is_over or job.is_interrupted else None

    job = _found(job_id, workspace.jobs.change(job_id, edit))
    give(workspace, job)
    return job


def restart_job(workspace: Workspace, job: Job) -> Job:
    """Begin a job anew that is over, without the queue: the caller waits for it and carries it out."""
    return workspace.jobs.change(job.job_id, lambda newest: _restarted() if newest.is_over else None) or job


def defer_job(workspace: Workspace, job: Job) -> Job:
    """Give a job to the queue that somebody waited for until now. A worker takes it up once nobody else has it."""
    deferred = workspace.jobs.change(job.job_id, lambda newest: {"deferred": True, "offered_at": time.time()}) or job
    if not deferred.is_over:
        give(workspace, deferred)
    return deferred


def _restarted() -> Json:
    """Return the fields of a job that begins again."""
    forgotten = {"error": None, "finished_at": None, "cancel_requested": False}
    return {**requeued(attempts=0), **forgotten, "offered_at": time.time()}


def requeued(attempts: int) -> Json:
    """Return the fields of a job that waits, and that the next worker may take at once."""
    return {"status": "queued", "stage": "queued", "progress": 0.0, "parts": {}, "standings": [], **free(attempts)}


def ended(status: str, **fields: Any) -> Json:
    """Return the fields of a job that is over, with `fields` besides; the count of attempts stays."""
    return {"status": status, "stage": status, "finished_at": now(), "owner": None, "leased_until": 0.0, **fields}


def job_result(workspace: Workspace, job: Job) -> Json | None:
    """Return the result of a job as the answer of its request; None while it has none."""
    command = read_command(job)
    return job.result if job.result is None or command is None else complete_result(workspace, command, job.result)


def read_command(job: Job) -> Command | None:
    """Return the command of a job; None where this version of Regatta cannot read it."""
    try:
        return parse_command(job.kind, job.order)
    except UnreadableCommandError:
        return None


def has_best_so_far(job: Job) -> bool:
    """Return whether a divided job that is cancelled ends with the best so far."""
    command = read_command(job)
    return command is not None and command.has_best_so_far


def complete_result(workspace: Workspace, command: Command, result: Json) -> Json:
    """Return the result with the model itself, where the command asks for it, and with URLs that work.

    The model is never kept with the job: it is in the bucket once already.
    """
    if isinstance(command, TableCommand):
        return workspace.exports.renewed(result)
    if not isinstance(command, TrainCommand) or not command.return_model:
        return result
    limit, warnings = settings().max_response_bytes, list(result["warnings"])
    try:
        model_data = encode_model(workspace.models.load(result["model_name"], result["version"]))
    except NoSuchModelError:
        return {**result, "warnings": [*warnings, "the model has been deleted since"], "model_data": None}
    if len(model_data) > limit:
        warnings.append(f"model_data is over the {limit:,} bytes of an answer; predict with model_name instead")
        return {**result, "warnings": warnings, "model_data": None}
    return {**result, "model_data": model_data}


def _fingerprint(command: Command) -> str:
    """Return the digest of what identifies a command. The order of its fields does not matter."""
    return hashlib.sha256(json.dumps(command.identity, sort_keys=True).encode()).hexdigest()


def _keyed_id(workspace: Workspace, kind: str, key: str) -> str:
    """Return the id of the job with this Idempotency-Key. It is computed, so that no index of keys is needed."""
    return "k" + hashlib.sha256(json.dumps([workspace.name, kind, key]).encode()).hexdigest()[:31]


def _seems_lost(job: Job) -> bool:
    # A time far ahead is one of before the clock was set back.
    return abs(time.time() - max(job.offered_at, job.leased_until)) > SILENCE_SECONDS


def _offer_again(job: Job) -> Json | None:
    return {"offered_at": time.time()} if not job.is_over and not job.is_leased else None


def _found(job_id: str, job: Job | None) -> Job:
    if job is None:
        raise _no_such(job_id)
    return job


def _no_such(job_id: str) -> NoSuchJobError:
    return NoSuchJobError(f"There is no job {job_id!r}. GET /jobs lists what there is.")
