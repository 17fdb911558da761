"""Who ordered a job: it gets an authentication code where it is submitted, and no worker acts on one without it.

The code covers the workspace, the id, the command and the time of submission. So neither a job that somebody wrote
into the bucket, nor one that was copied from another workspace, nor a message that names another workspace is acted on.

Jobs of a version before 0.3 have no code. Those are carried out that the bucket had before this deployment's workers
began to look at codes: `access/authentic-since` was written then. The bucket itself says when an object was
written, and lets nobody say anything else. Whoever may delete the record can make API keys as well, which lie beside
it, and order any job openly. A deployment whose signing key is of 0.3 or later has no such jobs and needs no record.
"""

import json

from core.errors import RegattaError
from core.storage.job_repository import Job
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.storage.signing import Subject, authenticate, is_authentic, may_be_older
from core.stored_document import now

AUTHENTIC_SINCE = "access/authentic-since"


class UnorderedJobError(RegattaError):
    """Nobody who may submit jobs has ordered this one. Its message becomes a dead letter."""


def ordered(workspace: str, job: Job) -> Job:
    """Return a new job with the code of this deployment."""
    return job.model_copy(update={"code": authenticate(_subject(workspace, job), _content(job))})


def is_ordered(objects: ObjectStore, workspace: str, job: Job, key: str) -> bool:
    """Return whether this deployment ordered the job, whose document is the object `key`; raises `UnavailableError`."""
    if job.code:
        return is_authentic(job.code, _subject(workspace, job), _content(job))
    return was_written_before(objects, key)


def unordered(job: Job) -> UnorderedJobError:
    """Return the error of a job that nobody ordered."""
    return UnorderedJobError(
        f"The job {job.job_id} was not submitted by this service: its code is missing or wrong, so no worker "
        "carries it out. Send the request again, or put the file again under another name."
    )


def was_written_before(objects: ObjectStore, key: str) -> bool:
    """Return whether the bucket has had an object since before jobs had codes."""
    if not may_be_older():
        return False
    begin_to_look(objects)
    try:
        return objects.head(key).last_modified <= objects.head(AUTHENTIC_SINCE).last_modified
    except MissingObjectError:
        return False


def begin_to_look(objects: ObjectStore) -> None:
    """Record that from now on every new job has a code, unless that was recorded before or needs no record."""
    if may_be_older():
        objects.create(AUTHENTIC_SINCE, json.dumps({"since": now()}).encode())


def _subject(workspace: str, job: Job) -> Subject:
    return Subject("job", workspace, job.job_id)


def _content(job: Job) -> bytes:
    """Return what of a job never changes, beside its id."""
    return json.dumps([job.kind, job.order, job.created_at], sort_keys=True).encode()
