"""Find what has expired: unfinished uploads, exports, old versions, finished jobs and their tasks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from core.access.workspace_names import is_workspace_name
from core.context_threads import run_in_threads
from core.errors import ConflictError, NoSuchModelError
from core.model_manifest import ModelManifest
from core.services.upkeep.cleanup import DAY, CleanupAction, Finding, folders, idle, needed_if_unreadable, removal, size
from core.settings import settings
from core.storage import export_repository as exporting
from core.storage.champions import ServingState
from core.storage.container import Container
from core.storage.job_repository import Job
from core.storage.s3.object_store import MissingObjectError
from core.storage.workspace import Workspace

# The same as in the bucket's lifecycle rule on AWS and in docs/http.md.
UPLOAD_SECONDS = 2 * DAY
# How long the tasks of a failed or cancelled job are kept for its retry.
TASKS_SECONDS = 7 * DAY
# A download that began in the URL's last minute takes a while.
EXPORT_SECONDS = float(exporting.KEPT_SECONDS + exporting.URL_SECONDS)
# How many arrivals are looked up at a time.
ASKERS = 16

# The name and the number of a version, as a job has them.
NamedVersion = tuple[Any, Any]


def uploads(storage: Container, now: float) -> Iterator[Finding]:
    """Find uploads that were never finished: their bytes and their tickets."""

    @needed_if_unreadable
    def is_being_ingested(about: tuple[str, str]) -> bool:
        workspace, file_id = about
        if not is_workspace_name(workspace):
            return False
        ticket = storage.workspace(workspace).uploads.ticket(file_id, fresh=True)
        return ticket is not None and ticket.is_leased

    for item in storage.objects.list("uploads/"):
        if idle([item], UPLOAD_SECONDS, now):
            workspace, _, name = item.key.removeprefix("uploads/").partition("/")
            deed = removal(storage.objects, item.key, [item], is_being_ingested, (workspace, name.partition(".")[0]))
            yield Finding(item.key, "the upload ran out", item.size, deed)


def multiparts(storage: Container, now: float) -> Iterator[Finding]:
    """Find multipart uploads, ours and those of others, that were begun and never completed."""

    def abort(key: str, upload_id: str) -> CleanupAction:
        def deed() -> bool:
            storage.objects.abort_parts(key, upload_id)
            return True

        return deed

    for upload in storage.objects.open_parts():
        if now - upload.begun > UPLOAD_SECONDS:
            try:
                size = sum(part.size for part in storage.objects.list_parts(upload.key, upload.upload_id))
            except MissingObjectError:
                continue  # completed or aborted just now
            reason = "the multipart upload was never completed"
            yield Finding(upload.key, reason, size, abort(upload.key, upload.upload_id))


def exports(storage: Container, now: float) -> Iterator[Finding]:
    """Find exports that are kept no longer."""
    for item in storage.objects.list("exports/"):
        if idle([item], EXPORT_SECONDS, now):
            deed = removal(storage.objects, item.key, [item], lambda _: False, None)
            yield Finding(item.key, "it was kept for a day", item.size, deed)


def versions(
    workspace: Workspace,
    pages: Iterable[list[ModelManifest]],
    in_use: set[NamedVersion] | None,
    now: float,
) -> Iterator[Finding]:
    """Find versions beyond the newest `keep_versions` of a model, and those whose deletion was interrupted.

    Never the champion, nor a version that is newer than it, younger than a day, or named by a job that is not over,
    which are those `in_use`. That is None where a job cannot be read, which may name any version: then no surplus ones
    are found. `pages` have the manifests in the order of their names, of which little more than a number is kept.
    """
    keep = settings().keep_versions if in_use is not None else 0
    stored = (_Version.of(manifest) for page in pages for manifest in page)
    for name, group in groupby(stored, key=lambda version: version.name):
        state = workspace.models.serving_state(name)
        kept = 0
        for version in sorted(group, key=lambda version: -version.number):
            number = version.number
            interrupted = number in state.deleted
            kept += not interrupted
            surplus = 0 < keep < kept and _is_outdone(version, state, now) and (name, number) not in (in_use or ())
            if interrupted or surplus:
                reason = "its deletion was interrupted" if interrupted else f"{keep} newer versions are kept"
                deed = _deletion(workspace, version, interrupted)
                yield Finding(f"{name} version {number}", reason, version.size_bytes, deed)


def jobs(workspace: Workspace, finished: list[Job], now: float) -> Iterator[Finding]:
    """Find jobs that ended more than `keep_jobs_days` ago.

    The job of an arrival stays as long as its object: it shows that the object was processed.
    """

    def forget(job: Job) -> CleanupAction:
        def deed() -> bool:
            newest = workspace.jobs.read(job.job_id, fresh=True)
            if newest is None or not newest.is_over:
                return False
            workspace.jobs.delete(job.job_id)
            return True

        return deed

    days = settings().keep_jobs_days
    ended = [(job, job.finished_at) for job in finished if job.finished_at is not None]
    old = [job for job, moment in ended if days and now - _seconds(moment) > days * DAY]
    arrived = _there(workspace, {key for job in old if isinstance(key := job.order.get("key"), str)})
    for job in old:
        if job.order.get("key") not in arrived:
            size = len(job.model_dump_json())
            yield Finding(f"job {job.job_id}", f"it was over more than {days} days ago", size, forget(job))


def tasks(workspace: Workspace, now: float) -> Iterator[Finding]:
    """Find what belongs to the tasks of jobs that are over, or gone, and that nobody has written for a week.

    Until then `POST /jobs/{job_id}/retry` carries out only the tasks that are not done.
    """

    @needed_if_unreadable
    def goes_on(job_id: str) -> bool:
        job = workspace.jobs.read(job_id, fresh=True)
        return job is not None and not job.is_over

    for job_id, items in folders(workspace.objects, f"{workspace.name}/tasks/"):
        if idle(items, TASKS_SECONDS, now) and not goes_on(job_id):
            prefix = f"{workspace.name}/tasks/{job_id}/"
            deed = removal(workspace.objects, prefix, items, goes_on, job_id)
            yield Finding(prefix, "its job is over", size(items), deed)


def version_of(job: Job) -> NamedVersion:
    """Return the name and the number of the model that a job takes; None for each that it does not name."""
    return job.order.get("model_name"), job.order.get("version")


def _there(workspace: Workspace, keys: set[str]) -> set[str]:
    """Return which of these arrivals are still in the bucket."""
    asked = [key for key in keys if key.startswith(f"incoming/{workspace.name}/")]

    def is_there(key: str) -> bool:
        # Of all keys that begin with this one, it is the first itself.
        return any(item.key == key for item in islice(workspace.objects.list(key, page_keys=1), 1))

    return {key for key, there in zip(asked, run_in_threads(is_there, asked, ASKERS), strict=True) if there}


@dataclass(frozen=True, slots=True)
class _Version:
    """What is kept of a manifest until all versions of its model are known."""

    name: str
    number: int
    created_at: str
    size_bytes: int

    @classmethod
    def of(cls, manifest: ModelManifest) -> "_Version":
        size = manifest.graph.size_bytes + manifest.pickle.size_bytes
        return cls(manifest.model_name, manifest.version, manifest.created_at, size)


def _is_outdone(version: _Version, state: ServingState, now: float) -> bool:
    """Return whether a newer version serves and this one is older than a day."""
    older = state.version is not None and version.number < state.version
    return older and now - _seconds(version.created_at) > DAY


def _deletion(workspace: Workspace, version: _Version, interrupted: bool) -> CleanupAction:
    name, number = version.name, version.number

    def deed() -> bool:
        serving = workspace.models.serving_state(name).version
        if not interrupted and (serving is None or number >= serving):
            return False  # it was chosen since, or an even older one was
        try:
            workspace.models.delete(name, number)
        except (NoSuchModelError, ConflictError):
            return False  # gone, or on its way to another name
        return True

    return deed


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
