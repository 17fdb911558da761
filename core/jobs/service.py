"""Jobs as callers see them: ordered, looked at, cancelled, tried again. `core.jobs.worker` is who does them."""

import hashlib
import json
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol

from core.errors import ConflictError, KeyReusedError, NoSuchJobError, NoSuchModelError, UnavailableError
from core.manifests import new_file_id, now
from core.paging import page_of
from core.progress import ReportProgress
from core.settings import settings
from core.storage.container import storage
from core.storage.job_repository import Job
from core.storage.leases import free
from core.storage.signed_models import seal
from core.types import Json

# Without a sign of life for this long, a job that somebody looks at is given to the queue again: its message was lost.
SILENCE_SECONDS = 300


class Work(Protocol):
    """What does one kind of job."""

    def __call__(self, workspace: str, order: Json, report_progress: ReportProgress, job_id: str | None) -> Json:
        """Do what the order says and return the answer; `job_id` is None for what is no job."""


# What can be a job, by kind: a function as `Work` is. They are named and not imported, so that light functions can
# deal with jobs that only heavy ones can do.
KINDS = {
    "train": "core.services.training.commands.train",
    "compare": "core.services.training.commands.compare",
    "predict": "core.services.table_prediction.predict_table.predict_file",
    "export": "core.services.table_prediction.export_table.export_file",
    "retrain": "core.services.retraining.retrain.retrain",
}

# Nobody waits for the answer of these: whatever ends them in failure, their message becomes a dead letter.
UNATTENDED = frozenset({"retrain"})


def work_of(kind: str) -> Work:
    """The function that does this kind of job."""
    module, _, name = KINDS[kind].rpartition(".")
    work: Work = getattr(import_module(module), name)
    return work


def order_job(
    workspace: str, kind: str, order: Json, *, sent: Json | None = None, key: str | None = None, deferred: bool = True
) -> Job:
    """Store a job, and give it to the queue if it is `deferred`; returns it, or the one that came with `key` before.

    `sent` is the order as the caller put it, where it has been completed since. One key is one job, whatever Redis
    knows. Raises `KeyReusedError` when the key came with another order, `UnavailableError`.
    """
    job = Job(
        job_id=new_file_id() if key is None else _keyed_id(workspace, kind, key),
        kind=kind,
        order=order,
        fingerprint=_fingerprint(order if sent is None else sent),
        deferred=deferred,
        created_at=now(),
        offered_at=time.time(),
    )
    stored = _same(storage().jobs.create(workspace, job), job.fingerprint)
    try:
        return _offered(workspace, stored)
    except UnavailableError:
        if stored == job:
            storage().jobs.delete(workspace, job.job_id)  # else it would run one day, and be ordered again by then
        raise


def ordered_before(workspace: str, kind: str, sent: Json, key: str) -> Job | None:
    """The job that this key was sent with before, offered again if it waits; raises `KeyReusedError`."""
    job = ordered(workspace, kind, key)
    return None if job is None else _offered(workspace, _same(job, _fingerprint(sent)))


def ordered(workspace: str, kind: str, key: str) -> Job | None:
    """The job that was ordered with this key, or None; nothing is done about it."""
    return storage().jobs.read(workspace, _keyed_id(workspace, kind, key), fresh=True)


def _same(job: Job, fingerprint: str) -> Job:
    if job.fingerprint != fingerprint:
        raise KeyReusedError(
            "This Idempotency-Key came with another request before. Send a new key with a new request."
        )
    return job


def _offered(workspace: str, job: Job) -> Job:
    """The job, after it was given to the queue, once more where that may have failed before."""
    if job.deferred and job.status == "queued":
        storage().queue.send(workspace, job.job_id)
    return job


def look(workspace: str, job_id: str) -> Job:
    """How far a job is; raises `NoSuchJobError`. One that nobody seems to work on is given to the queue again."""
    job = _found(job_id, storage().jobs.read(workspace, job_id))
    if job.deferred and not job.is_over and not job.is_leased and _is_silent(job):
        job = storage().jobs.change(workspace, job_id, _offer_again) or job
        storage().queue.send(workspace, job_id)
    return job


def list_jobs(workspace: str, limit: int, after: str | None = None) -> tuple[list[Job], str | None]:
    """The `limit` newest jobs before the job `after`, and the `after` of the next page, None at the end.

    Raises `NoSuchJobError` for an `after` that is no job.
    """
    try:
        page, following = page_of(storage().jobs.list(workspace), limit, after)
    except LookupError as error:
        raise _no_such(str(after)) from error
    return storage().jobs.live(workspace, page), following


def cancel(workspace: str, job_id: str) -> Job:
    """End a job: at once while nobody works on it, else when its worker hears of it.

    Raises `NoSuchJobError`, and `ConflictError` for one that is over.
    """

    def edit(job: Job) -> Json | None:
        if job.status == "cancelled":
            return None
        if job.is_over:
            raise ConflictError(f"The job is over, it has {job.status}. There is nothing to cancel.")
        return {"cancel_requested": True} if job.is_leased else ended("cancelled")

    job = _found(job_id, storage().jobs.change(workspace, job_id, edit))
    if not job.is_over:
        storage().jobs.stop(workspace, job)
    return job


def retry(workspace: str, job_id: str) -> Job:
    """Let a job that failed, was cancelled or was cut off begin anew; one that waits or runs stays as it is.

    Raises `NoSuchJobError`, and `ConflictError` for one that has succeeded, or was cancelled with its best so far.
    """

    def edit(job: Job) -> Json | None:
        if job.result is not None:
            how = "has succeeded" if job.status == "succeeded" else "was cancelled and has its best so far"
            raise ConflictError(f"The job {how}. Send its order again for another one.")
        return {**_anew(), "deferred": True} if job.is_over or job.is_interrupted else None

    job = _found(job_id, storage().jobs.change(workspace, job_id, edit))
    storage().queue.send(workspace, job_id)
    return job


def begin_again(workspace: str, job: Job) -> Job:
    """Let a job that is over begin anew, for a caller who waits for it: no queue hears of it."""
    return storage().jobs.change(workspace, job.job_id, lambda newest: _anew() if newest.is_over else None) or job


def _anew() -> Json:
    """The fields of a job that begins again."""
    forgotten = {"error": None, "finished_at": None, "cancel_requested": False}
    return {**back(attempts=0), **forgotten, "offered_at": time.time()}


def back(attempts: int) -> Json:
    """The fields of a job that waits for its next worker, which may take it at once."""
    return {"status": "queued", "stage": "queued", "progress": 0.0, "parts": {}, "standings": [], **free(attempts)}


def ended(status: str, **fields: Any) -> Json:
    """The fields of a job that is over; its attempts stay."""
    return {"status": status, "stage": status, "finished_at": now(), "owner": None, "leased_until": 0.0, **fields}


def answer(workspace: str, kind: str, order: Mapping[str, Any], result: Json) -> Json:
    """The result as the caller gets it: with the model itself where the order asks for it.

    That is never kept with the job: it is in the bucket once already.
    """
    if kind != "train" or not order.get("return_model"):
        return result
    limit, warnings = settings().max_response_bytes, list(result["warnings"])
    try:
        model_data = seal(storage().models.load(workspace, result["model_name"], result["version"]))
    except NoSuchModelError:
        return {**result, "warnings": [*warnings, "the model has been deleted since"], "model_data": None}
    if len(model_data) > limit:
        warnings.append(f"model_data is over the {limit:,} bytes of an answer; predict with model_name instead")
        return {**result, "warnings": warnings, "model_data": None}
    return {**result, "model_data": model_data}


def _fingerprint(order: Mapping[str, Any]) -> str:
    """Digest of an order; the same for the same fields in any sequence."""
    return hashlib.sha256(json.dumps(order, sort_keys=True).encode()).hexdigest()


def _keyed_id(workspace: str, kind: str, key: str) -> str:
    """The id of the job that this key means: known without asking anybody."""
    return "k" + hashlib.sha256(json.dumps([workspace, kind, key]).encode()).hexdigest()[:31]


def _is_silent(job: Job) -> bool:
    return time.time() - max(job.offered_at, job.leased_until) > SILENCE_SECONDS


def _offer_again(job: Job) -> Json | None:
    return {"offered_at": time.time()} if not job.is_over and not job.is_leased else None


def _found(job_id: str, job: Job | None) -> Job:
    if job is None:
        raise _no_such(job_id)
    return job


def _no_such(job_id: str) -> NoSuchJobError:
    return NoSuchJobError(f"There is no job {job_id!r}. GET /jobs lists what there is.")
