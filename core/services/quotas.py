"""What a workspace may use at most: jobs at a time, and bytes in the bucket. Light.

`access/quotas/{workspace}.json` has its quota; without one there is none. Both are looked up where something begins,
and never in the middle: what was begun is finished, and a file that somebody dropped is decided about in any case. So a
quota loses nothing, and what begins at the same moment may go over it by as much.
"""

import json

from pydantic import Field, ValidationError

from core.access.workspace_names import check_workspace_name
from core.errors import InvalidInputError, TooManyRequestsError
from core.storage.known_workspaces import make_workspace
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.storage.workspace import Workspace
from core.stored_document import DamagedDocumentError, FormattedDocument

FOLDER = "access/quotas/"
# A job or a deletion may make room at any moment.
AGAIN_SECONDS = 30.0


class Quota(FormattedDocument):
    """The quota of a workspace; None means no limit."""

    # Jobs that wait or are worked on.
    jobs: int | None = Field(default=None, ge=0)
    # Bytes of all objects of the workspace: datasets, models, jobs, uploads in flight.
    stored_bytes: int | None = Field(default=None, ge=0)


def read_quota(objects: ObjectStore, workspace: str) -> Quota:
    """Return the quota of a workspace; raises `DamagedDocumentError`, `UnavailableError`."""
    try:
        return Quota.model_validate_json(objects.get(_key(workspace)))
    except MissingObjectError:
        return Quota()
    except ValidationError as error:
        raise DamagedDocumentError(f"The document {_key(workspace)} is damaged. Set the quota again.") from error


def set_quota(objects: ObjectStore, workspace: str, *, jobs: int | None, stored_bytes: int | None) -> Quota:
    """Store the quota of a workspace, which exists from then on; raises `InvalidInputError`."""
    make_workspace(objects, check_workspace_name(workspace))
    try:
        quota = Quota(jobs=jobs, stored_bytes=stored_bytes)
    except ValidationError as error:
        wrong = [{"field": str(one["loc"][0]), "message": one["msg"]} for one in error.errors()]
        raise InvalidInputError("A quota is a number that is not negative.", wrong) from error
    objects.put(_key(workspace), json.dumps(quota.model_dump()).encode(), "application/json")
    return quota


def check_jobs(workspace: Workspace) -> None:
    """Raise `TooManyRequestsError` where the workspace may not submit another job."""
    limit = read_quota(workspace.objects, workspace.name).jobs
    if limit is not None and (used := used_jobs(workspace, limit)) >= limit:
        raise _exceeded("jobs", limit, used, f"{limit:,} jobs at a time, and {used:,} wait or are worked on")


def check_bytes(workspace: Workspace, added: int) -> None:
    """Raise `TooManyRequestsError` where the workspace may not store this many bytes more."""
    limit = read_quota(workspace.objects, workspace.name).stored_bytes
    if limit is not None and (used := used_bytes(workspace)) + added > limit:
        words = f"{limit:,} bytes, has {used:,}, and this would add {added:,}"
        raise _exceeded("stored_bytes", limit, used, f"{words}. Delete files or models")


def used_jobs(workspace: Workspace, limit: int = 0) -> int:
    """Count the jobs that wait or are worked on. Where `limit` is not reached, some of them may be over by now."""
    entries = workspace.queue.open_jobs.list(workspace.name)
    if len(entries) < limit:
        return len(entries)
    jobs = (workspace.jobs.read(entry.job_id) for entry in entries)
    return sum(job is not None and not job.is_over for job in jobs)


def used_bytes(workspace: Workspace) -> int:
    """Return the bytes of all objects of the workspace: one request for a thousand of them."""
    prefixes = (f"{workspace.name}/", f"uploads/{workspace.name}/")
    return sum(item.size for prefix in prefixes for item in workspace.objects.list(prefix))


def _exceeded(name: str, limit: int, used: int, words: str) -> TooManyRequestsError:
    error = TooManyRequestsError(
        f"This workspace may have {words}. Then send the same again.", retry_after=AGAIN_SECONDS
    )
    error.errors = [{"field": name, "message": f"{used:,} of {limit:,} are used"}]
    return error


def _key(workspace: str) -> str:
    return f"{FOLDER}{workspace}.json"
