"""Large uploads in flight: a ticket for each, which holds the job that ingests it, and presigned URLs for its bytes.

Both lie below `uploads/`, whose lifecycle rule removes within two days what nobody finished.
"""

import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.access.workspace_names import is_workspace_name
from core.storage.dataset_repository import FILE_ID
from core.storage.documents import Documents
from core.storage.job_repository import Job, JobProgress
from core.storage.leases import UncountedAttempts, change_document, parse_document
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.storage.signing import Subject, authenticate, is_authentic
from core.storage.tickets import Ticket
from core.types import Json

# How long a URL works. GET /data/uploads/{file_id} returns fresh ones.
URL_SECONDS = 3600
# Three of them fit into the function's memory, and 320 make 5 GiB.
PART_BYTES = 16 << 20
# The most that S3 takes in one request.
MOST_POST_BYTES = 5 << 30
# More URLs would not fit into an answer, so larger files get larger parts. S3 allows ten times as many.
MOST_PARTS = 1000

UPLOAD_KEY = re.compile(rf"uploads/(?P<workspace>[^/]+)/(?P<file_id>{FILE_ID.pattern})\.csv")


class UploadRepository:
    """The uploads in flight of a workspace. One exists from its start until it is a dataset."""

    def __init__(self, workspace: str, objects: ObjectStore, documents: Documents, progress: JobProgress) -> None:
        self._workspace = workspace
        self._objects = objects
        self._documents = documents
        self._progress = progress
        self.jobs = UploadJobs(self, progress)

    def open(self, ticket: Ticket) -> Ticket:
        """Store a new ticket; begin a multipart one in the bucket and return it with its `upload_id`."""
        if ticket.method == "multipart":
            part_size = max(PART_BYTES, -(-ticket.size_bytes // MOST_PARTS))
            upload_id = self._objects.begin_parts(object_key(self._workspace, ticket.file_id))
            ticket = ticket.model_copy(update={"part_size": part_size, "upload_id": upload_id})
        ticket = ticket.model_copy(update={"code": authenticate(self._subject(ticket), ticket.announced)})
        self._documents.write(_ticket_key(self._workspace, ticket.file_id), ticket.model_dump())
        return ticket

    def is_announced(self, ticket: Ticket) -> bool:
        """Return whether a ticket has the code of this deployment over what it says was announced."""
        return bool(ticket.code) and is_authentic(ticket.code, self._subject(ticket), ticket.announced)

    def _subject(self, ticket: Ticket) -> Subject:
        return Subject("upload", self._workspace, ticket.file_id)

    def key(self, file_id: str) -> str:
        """Return the key of a ticket."""
        return _ticket_key(self._workspace, file_id)

    def ticket(self, file_id: str, *, fresh: bool = False) -> Ticket | None:
        """Return the ticket, or None. `fresh` reads the bucket itself, not Redis."""
        if not FILE_ID.fullmatch(file_id):
            return None
        key = _ticket_key(self._workspace, file_id)
        document = self._documents.read(key, fresh=fresh)
        if document is None:
            return None
        ticket = parse_document(key, Ticket, document)
        job = ticket.job and self._progress.with_progress(ticket.job)
        return ticket.model_copy(update={"job": job})

    def change(self, file_id: str, edit: Callable[[Ticket], Json | None]) -> Ticket | None:
        """Update the newest ticket as `change_document` does; return None when there is none."""
        return change_document(self._documents, _ticket_key(self._workspace, file_id), Ticket, edit)

    def form(self, ticket: Ticket) -> tuple[str, dict[str, str]]:
        """Return URL and fields of a form that posts the file, of at most the announced size, in one request."""
        key = object_key(self._workspace, ticket.file_id)
        return self._objects.presign_form(key, ticket.size_bytes, URL_SECONDS)

    def part_urls(self, ticket: Ticket, numbers: Iterable[int]) -> dict[int, str]:
        """Return a URL for each of these parts, which takes a PUT of exactly the part's bytes."""
        key, sizes = object_key(self._workspace, ticket.file_id), ticket.part_sizes
        assert ticket.upload_id is not None
        return {
            number: self._objects.presign_part(key, ticket.upload_id, number, sizes[number], URL_SECONDS)
            for number in numbers
        }

    def received_parts(self, ticket: Ticket) -> dict[int, str] | None:
        """Return the ETags of the complete parts by number; None when the upload is no longer open."""
        assert ticket.upload_id is not None
        sizes = ticket.part_sizes
        try:
            parts = self._objects.list_parts(object_key(self._workspace, ticket.file_id), ticket.upload_id)
        except MissingObjectError:
            return None
        return {part.number: part.etag for part in parts if part.size == sizes.get(part.number)}

    def join(self, ticket: Ticket, parts: dict[int, str]) -> None:
        """Join the parts to the object. The event of its creation starts the ingestion."""
        assert ticket.upload_id is not None
        self._objects.join_parts(object_key(self._workspace, ticket.file_id), ticket.upload_id, parts)

    def is_received(self, file_id: str) -> bool:
        """Return whether the whole file has been received."""
        try:
            self._objects.size(object_key(self._workspace, file_id))
        except MissingObjectError:
            return False
        return True

    def repeat_event(self, file_id: str) -> None:
        """Let the bucket send its event about the file once more, by copying the file onto itself."""
        key = object_key(self._workspace, file_id)
        with suppress(MissingObjectError):  # ingested in the meantime
            self._objects.copy(key, key)

    def download(self, file_id: str, path: Path) -> str:
        """Write the received bytes to a file; return their key, raises `MissingObjectError`."""
        key = object_key(self._workspace, file_id)
        self._objects.download(key, path)
        return key

    def discard_file(self, file_id: str) -> None:
        """Delete the received bytes; the ticket stays."""
        self._objects.delete([object_key(self._workspace, file_id)])

    def close(self, file_id: str) -> None:
        """Delete the bytes and then the ticket: the upload is a dataset, or nobody wants it any more."""
        ticket = self.ticket(file_id, fresh=True)
        if ticket is not None and ticket.upload_id is not None:
            self._objects.abort_parts(object_key(self._workspace, file_id), ticket.upload_id)
        self.discard_file(file_id)
        if ticket is not None:
            self._documents.delete(_ticket_key(self._workspace, file_id))


class UploadJobs:
    """The jobs that ingest uploads. Each lies in the ticket of its upload, has its `file_id`, and goes with it."""

    def __init__(self, uploads: UploadRepository, progress: JobProgress) -> None:
        self._uploads = uploads
        self._progress = progress
        self.uncounted = UncountedAttempts()

    def read(self, job_id: str, *, fresh: bool = False) -> Job | None:
        """Return the job, or None when there is none; `fresh` reads the bucket itself."""
        ticket = self._uploads.ticket(job_id, fresh=fresh)
        return None if ticket is None else ticket.job

    def change(self, job_id: str, edit: Callable[[Job], Json | None]) -> Job | None:
        """Update the newest job by the fields that `edit` returns; None leaves it as it is.

        Return it as stored afterwards, None when there is none; raises `ConflictError`.
        """

        def edit_ticket(ticket: Ticket) -> Json | None:
            fields = None if ticket.job is None else edit(ticket.job)
            return None if fields is None or ticket.job is None else {"job": ticket.job.model_copy(update=fields)}

        ticket = self._uploads.change(job_id, edit_ticket)
        return None if ticket is None else ticket.job

    def key(self, job_id: str) -> str:
        """Return the key of the document that has the job."""
        return self._uploads.key(job_id)

    def report_progress(self, job: Job, **state: Any) -> bool | None:
        """Report the progress of a running job as `JobProgress.report` does."""
        return self._progress.report(job, **state)


def urls_expire_at() -> str:
    """Return when URLs that are made now expire, in UTC as ISO 8601."""
    return datetime.fromtimestamp(time.time() + URL_SECONDS, UTC).isoformat(timespec="seconds")


def upload_of(key: str) -> tuple[str, str] | None:
    """Return the workspace and the file_id of an object's key; None for one that is no upload."""
    match = UPLOAD_KEY.fullmatch(key)
    return (match["workspace"], match["file_id"]) if match and is_workspace_name(match["workspace"]) else None


def object_key(workspace: str, file_id: str) -> str:
    """Return the key of an upload's bytes."""
    return f"uploads/{workspace}/{file_id}.csv"


def _ticket_key(workspace: str, file_id: str) -> str:
    return f"uploads/{workspace}/{file_id}.json"
