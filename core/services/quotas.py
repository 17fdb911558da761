"""What a workspace may use at most, looked up where something begins, and never in the middle. Light.

What was begun is finished, and a file that somebody dropped is decided about in any case. So a quota loses nothing, and
what begins at the same moment may go over it by as much. `core.storage.quota_repository` has the limits.

Requests are refused by the route guard (`functions.access`). Shares of caches refuse nothing: what is beyond one makes
room in the caches, among what the workspace itself has there.
"""

import logging
import time
from collections.abc import Callable
from contextvars import Context
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from core.errors import DeadlineError, TooManyRequestsError, UnavailableError
from core.jobs.commands import Command, CompareCommand, TrainCommand
from core.storage.quota_repository import read_quota
from core.storage.usage import StoredBytes
from core.storage.workspace import Workspace
from core.types import Json

log = logging.getLogger("regatta")

C = TypeVar("C", bound=Command)
P = ParamSpec("P")

# A job may make room at any moment. The stored bytes are counted anew at most this often for a refusal.
AGAIN_SECONDS = 30.0
# And this often where nothing is refused: uploads are added meanwhile, models that are trained are not.
COUNTED_SECONDS = 600.0
# What a caller asks for. Retraining is decided by files, and its seconds count as well.
TRAINS = frozenset({TrainCommand.kind, CompareCommand.kind})


def check_job(workspace: Workspace, kind: str, *, deferred: bool = True) -> None:
    """Raise `TooManyRequestsError` where the workspace may not begin this kind of job, or submit one if `deferred`."""
    if not deferred and kind not in TRAINS:
        return
    quota = read_quota(workspace.objects, workspace.name)
    if deferred and quota.jobs is not None and (used := used_jobs(workspace, quota.jobs)) >= quota.jobs:
        words = f"This workspace may have {quota.jobs:,} jobs at a time, and {used:,} wait or are worked on. "
        raise exceeded("jobs", quota.jobs, used, f"{words}Send the same again when one is over.", AGAIN_SECONDS)
    if kind in TRAINS and quota.training_seconds is not None:
        _check_seconds(workspace, quota.training_seconds)


def check_retry(workspace: Workspace, job_id: str) -> None:
    """Raise `TooManyRequestsError` where a job that is over may not begin anew."""
    job = workspace.jobs.read(job_id)
    if job is not None and job.is_over:
        check_job(workspace, job.kind)


def check_bytes(workspace: Workspace, added: int) -> None:
    """Raise `TooManyRequestsError` where the workspace may not store this many bytes more.

    This costs a few reads, however much is stored: all of it is counted every ten minutes, and before a refusal.
    """
    limit = read_quota(workspace.objects, workspace.name).stored_bytes
    if limit is None:
        return
    usage = workspace.usage
    counted = usage.stored()
    if counted is None or _is_due(counted, usage.clock(), counted.size_bytes + added > limit):
        counted = usage.count_stored(lambda: used_bytes(workspace))
    if counted.size_bytes + added > limit:
        words = f"This workspace may store {limit:,} bytes, has {counted.size_bytes:,}, and this would add {added:,}. "
        wait = AGAIN_SECONDS - (usage.clock() - counted.counted_at)
        out = "Delete files or models, then send the same again."
        raise exceeded("stored_bytes", limit, counted.size_bytes, words + out, wait)
    usage.add_stored(added)


def counts_training(
    handler: Callable[Concatenate[Workspace, C, P], Json],
) -> Callable[Concatenate[Workspace, C, P], Json]:
    """Let a handler of jobs add the seconds that it takes to those of the workspace, however it ends.

    It raises `TooManyRequestsError` at once where the day's seconds are used up: many jobs may have waited together.
    """

    @wraps(handler)
    def counted(workspace: Workspace, command: C, /, *arguments: P.args, **options: P.kwargs) -> Json:
        if command.kind in TRAINS:
            limit = read_quota(workspace.objects, workspace.name).training_seconds
            if limit is not None:
                _check_seconds(workspace, limit)
        begun, is_counted = time.monotonic(), True
        try:
            return handler(workspace, command, *arguments, **options)
        except UnavailableError as error:
            is_counted = isinstance(error, DeadlineError)  # where storage does not answer, nothing can be counted
            raise
        finally:
            if is_counted:
                # Whatever deadline has passed, and whoever has left meanwhile.
                Context().run(_add_seconds, workspace, time.monotonic() - begun)

    return counted


def used(workspace: Workspace) -> dict[str, int]:
    """Return what the workspace uses, by the field of its quota. Servers know the rest, each for itself."""
    return {
        "jobs": used_jobs(workspace),
        "training_seconds": round(workspace.usage.trained_today()),
        "stored_bytes": used_bytes(workspace),
    }


def used_jobs(workspace: Workspace, limit: int = 0) -> int:
    """Count the jobs that wait or are worked on. Where `limit` is not reached, some of them may be over by now."""
    entries = workspace.queue.open_jobs.list(workspace.name)
    if len(entries) < limit:
        return len(entries)
    jobs = (workspace.jobs.read(entry.job_id) for entry in entries)
    return sum(job is not None and not job.is_over for job in jobs)


def used_bytes(workspace: Workspace) -> int:
    """Count the bytes of all objects of the workspace: one request for a thousand of them."""
    prefixes = (f"{workspace.name}/", f"uploads/{workspace.name}/")
    return sum(item.size for prefix in prefixes for item in workspace.objects.list(prefix))


def exceeded(name: str, limit: int, used: float, detail: str, retry_after: float) -> TooManyRequestsError:
    """Return the error of a quota that is used up; `name` is that of its field."""
    error = TooManyRequestsError(detail, retry_after=max(1.0, retry_after))
    error.errors = [{"field": name, "message": f"{used:,.0f} of {limit:,} are used"}]
    return error


def _check_seconds(workspace: Workspace, limit: int) -> None:
    used = workspace.usage.trained_today()
    if used >= limit:
        words = f"This workspace may train {limit:,} seconds a day, and has trained {used:,.0f} today. "
        out = "The next day begins at 0:00 UTC; send the same again then, or retry the job."
        raise exceeded("training_seconds", limit, used, words + out, workspace.usage.seconds_until_tomorrow())


def _add_seconds(workspace: Workspace, seconds: float) -> None:
    try:
        workspace.usage.add_trained(seconds)
    except UnavailableError as error:
        log.warning("%.0f s of training of %s were not counted: %s", seconds, workspace.name, error.detail)


def _is_due(counted: StoredBytes, now: float, is_full: bool) -> bool:
    """Return whether the stored bytes are to be counted anew; also where a clock was set back."""
    return not 0 <= now - counted.counted_at < (AGAIN_SECONDS if is_full else COUNTED_SECONDS)
