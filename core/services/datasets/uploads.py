"""Uploads of large files: started here, sent straight to the bucket, ingested once all bytes have been received."""

from contextlib import suppress
from dataclasses import dataclass, field

from core.errors import ConflictError, IncompleteUploadError, InvalidInputError, NoSuchFileError, TooLargeError
from core.manifests import DatasetManifest, Reading
from core.reading_fields import check_reading
from core.services.quotas import check_bytes
from core.settings import settings
from core.storage.s3.object_store import MissingObjectError
from core.storage.tickets import Method, Ticket
from core.storage.upload_repository import MOST_POST_BYTES, urls_expire_at
from core.storage.workspace import Workspace
from core.stored_document import new_file_id, now
from core.telemetry.request_id import request_id

# A single request that breaks off starts again from nothing; larger files are worth sending in parts.
POST_BYTES = 100_000_000
NAMED_PARTS = 100


@dataclass(frozen=True)
class UploadInstructions:
    """A ticket with what is needed to send its bytes: a form, or URLs of the parts that have not been received."""

    ticket: Ticket
    url: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    parts: dict[int, str] = field(default_factory=dict)
    received: list[int] = field(default_factory=list)


def start_upload(
    workspace: Workspace, filename: str, size_bytes: int, reading: Reading, method: Method | None = None
) -> UploadInstructions:
    """Start an upload of `size_bytes` and return where to send them: a form up to 100 MB without `method`, else parts.

    Raises `TooLargeError`, and `InvalidInputError` for a form for more than S3 takes in one request, and for a
    `reading` that no file could be read by: better now than when everything has been sent.
    """
    check_reading(reading)
    limit = settings().max_file_bytes
    if size_bytes > limit:
        raise TooLargeError(
            f"The file has {size_bytes:,} bytes; at most {limit:,} are taken. Send fewer rows, or raise "
            "REGATTA_MAX_FILE_BYTES."
        )
    if method == "post" and size_bytes > MOST_POST_BYTES:
        problem = {"field": "method", "message": f"post takes at most {MOST_POST_BYTES:,} bytes"}
        raise InvalidInputError("The file is too large for one request. Use the method multipart.", [problem])
    check_bytes(workspace, size_bytes)
    ticket = Ticket(
        file_id=new_file_id(),
        filename=filename,
        size_bytes=size_bytes,
        reading=reading,
        method=method or ("post" if size_bytes <= POST_BYTES else "multipart"),
        created_at=now(),
        request_id=request_id(),
        expires_at=urls_expire_at(),
    )
    return _instructions(workspace, workspace.uploads.open(ticket), {})


def resume_upload(workspace: Workspace, file_id: str) -> UploadInstructions:
    """Return which parts of an upload have been received, and fresh URLs for the rest; none once the file is complete.

    Raises `NoSuchFileError`.
    """
    ticket = _ticket(workspace, file_id)
    if ticket.status != "waiting":
        return UploadInstructions(ticket)
    received = _received(workspace, ticket)
    if received is None:
        return UploadInstructions(ticket, received=list(ticket.part_sizes))
    renewed = workspace.uploads.change(file_id, lambda _: {"expires_at": urls_expire_at()})
    return _instructions(workspace, renewed or ticket, received)


def complete_upload(workspace: Workspace, file_id: str) -> Ticket:
    """Put the parts of an upload together, which starts its ingestion; return its ticket.

    Where the file has been received and no worker has it, its event was lost or its worker was killed: then the event
    is repeated. Raises `NoSuchFileError`, and `IncompleteUploadError` that names the parts that are missing.
    """
    ticket = _ticket(workspace, file_id)
    received = _received(workspace, ticket) if ticket.status == "waiting" else None
    if received is None:
        if ticket.status != "failed" and not ticket.is_leased and workspace.uploads.is_received(file_id):
            workspace.uploads.repeat_event(file_id)
        return ticket
    missing = [number for number in ticket.part_sizes if number not in received]
    if ticket.method == "post" or missing:
        raise _incomplete(ticket, missing)
    with suppress(MissingObjectError):  # somebody else completes it at this moment
        workspace.uploads.join(ticket, received)
    queued = workspace.uploads.change(
        file_id, lambda newest: {"completed": True} if newest.status == "waiting" else None
    )
    return queued or ticket


def abort_upload(workspace: Workspace, file_id: str) -> None:
    """Give up an upload and delete what was received of it; raises `NoSuchFileError`, `ConflictError` in ingestion."""
    ticket = _ticket(workspace, file_id)
    if ticket.is_leased:
        raise ConflictError(
            f"The file is being ingested. Wait until GET /data/files/{file_id} says ready, then DELETE it there."
        )
    workspace.uploads.close(file_id)


def upload_status(workspace: Workspace, file_id: str) -> DatasetManifest | Ticket:
    """Return the dataset, or the ticket of an upload that is on its way to become one; raises `NoSuchFileError`."""
    # In this order: the ticket is deleted once the dataset exists, so at no moment is there neither.
    ticket = workspace.uploads.ticket(file_id)
    try:
        return workspace.datasets.manifest(file_id)
    except NoSuchFileError:
        if ticket is None:
            raise
    return ticket


def _ticket(workspace: Workspace, file_id: str) -> Ticket:
    ticket = workspace.uploads.ticket(file_id, fresh=True)
    if ticket is None:
        raise NoSuchFileError(
            f"No upload {file_id!r} is under way: it was given up, ran out, or is a dataset by now; "
            f"GET /data/files/{file_id} tells. POST /data/uploads begins a new one."
        )
    return ticket


def _received(workspace: Workspace, ticket: Ticket) -> dict[int, str] | None:
    """Return the ETags of the received parts by number, none for a form; None once the whole file was received."""
    if ticket.method == "multipart":
        return workspace.uploads.received_parts(ticket)
    return None if workspace.uploads.is_received(ticket.file_id) else {}


def _instructions(workspace: Workspace, ticket: Ticket, received: dict[int, str]) -> UploadInstructions:
    if ticket.method == "post":
        url, fields = workspace.uploads.form(ticket)
        return UploadInstructions(ticket, url=url, fields=fields)
    missing = [number for number in ticket.part_sizes if number not in received]
    return UploadInstructions(ticket, parts=workspace.uploads.part_urls(ticket, missing), received=sorted(received))


def _incomplete(ticket: Ticket, missing: list[int]) -> IncompleteUploadError:
    if ticket.method == "post":
        return IncompleteUploadError("The file has not arrived. Send it with the form of POST /data/uploads.")
    sizes = ticket.part_sizes
    return IncompleteUploadError(
        f"{len(missing):,} of {len(sizes):,} parts are missing or have another size than announced. "
        f"GET /data/uploads/{ticket.file_id} gives fresh URLs for them.",
        [{"part": number, "message": f"must have {sizes[number]:,} bytes"} for number in missing[:NAMED_PARTS]],
    )
