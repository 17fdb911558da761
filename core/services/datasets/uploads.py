"""The way in for large files: announced here, sent straight into the bucket, ingested when they have arrived."""

from contextlib import suppress
from dataclasses import dataclass, field

from core.errors import ConflictError, IncompleteUploadError, InvalidInputError, NoSuchFileError, TooLargeError
from core.manifests import DatasetManifest, Reading, new_file_id, now
from core.settings import settings
from core.storage.s3.object_store import MissingObjectError
from core.storage.upload_repository import MOST_POST_BYTES, Method, Ticket, urls_expire_at
from core.storage.workspace import Workspace
from core.tables.decoding import codec_of
from core.tables.dialect import delimiter_of

# One request that breaks off starts again from nothing; above this, parts are worth their trouble.
POST_BYTES = 100_000_000
NAMED_PARTS = 100


@dataclass(frozen=True)
class WayIn:
    """A ticket with what is needed to send its bytes: a form, or URLs of the parts that have not arrived."""

    ticket: Ticket
    url: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    parts: dict[int, str] = field(default_factory=dict)
    arrived: list[int] = field(default_factory=list)


def announce(
    workspace: Workspace, filename: str, size_bytes: int, reading: Reading, method: Method | None = None
) -> WayIn:
    """Hand out a way in for a file of `size_bytes`: without `method` a form up to 100 MB, else parts.

    Raises `TooLargeError`, and `InvalidInputError` for a form for more than S3 takes in one request, and for a
    `reading` that no file could be read by: better now than when everything has been sent.
    """
    if reading.encoding is not None:
        codec_of(reading.encoding)
    if reading.delimiter is not None:
        delimiter_of(reading.delimiter)
    limit = settings().max_file_bytes
    if size_bytes > limit:
        raise TooLargeError(
            f"The file has {size_bytes:,} bytes; at most {limit:,} are taken. Send fewer rows, or raise "
            "REGATTA_MAX_FILE_BYTES."
        )
    if method == "post" and size_bytes > MOST_POST_BYTES:
        problem = {"field": "method", "message": f"post takes at most {MOST_POST_BYTES:,} bytes"}
        raise InvalidInputError("The file is too large for one request. Use the method multipart.", [problem])
    ticket = Ticket(
        file_id=new_file_id(),
        filename=filename,
        size_bytes=size_bytes,
        reading=reading,
        method=method or ("post" if size_bytes <= POST_BYTES else "multipart"),
        created_at=now(),
        expires_at=urls_expire_at(),
    )
    return _way_in(workspace, workspace.uploads.open(ticket), {})


def resume(workspace: Workspace, file_id: str) -> WayIn:
    """What has arrived of an upload, and fresh URLs for the rest; no URLs once the file is complete.

    Raises `NoSuchFileError`.
    """
    ticket = _ticket(workspace, file_id)
    if ticket.status != "waiting":
        return WayIn(ticket)
    arrived = _arrived(workspace, ticket)
    if arrived is None:
        return WayIn(ticket, arrived=list(ticket.part_sizes))
    renewed = workspace.uploads.change(file_id, lambda _: {"expires_at": urls_expire_at()})
    return _way_in(workspace, renewed or ticket, arrived)


def complete(workspace: Workspace, file_id: str) -> Ticket:
    """Put the parts of an upload together, which starts its ingestion.

    For a file that is there in full and that nobody works on, its event was lost or its worker killed: this says its
    arrival again. Raises `NoSuchFileError`, and `IncompleteUploadError` that names the parts that are missing.
    """
    ticket = _ticket(workspace, file_id)
    arrived = _arrived(workspace, ticket) if ticket.status == "waiting" else None
    if arrived is None:
        if ticket.status != "failed" and not ticket.is_leased and workspace.uploads.has_arrived(file_id):
            workspace.uploads.say_again(file_id)
        return ticket
    missing = [number for number in ticket.part_sizes if number not in arrived]
    if ticket.method == "post" or missing:
        raise _incomplete(ticket, missing)
    with suppress(MissingObjectError):  # somebody else completes it at this moment
        workspace.uploads.join(ticket, arrived)
    queued = workspace.uploads.change(
        file_id, lambda newest: {"completed": True} if newest.status == "waiting" else None
    )
    return queued or ticket


def abort(workspace: Workspace, file_id: str) -> None:
    """Give up an upload with all that has arrived of it; raises `NoSuchFileError`, `ConflictError` in ingestion."""
    ticket = _ticket(workspace, file_id)
    if ticket.is_leased:
        raise ConflictError(
            f"The file is being ingested. Wait until GET /data/files/{file_id} says ready, then DELETE it there."
        )
    workspace.uploads.close(file_id)


def look(workspace: Workspace, file_id: str) -> DatasetManifest | Ticket:
    """The dataset, or the ticket of an upload that is on its way to become one; raises `NoSuchFileError`."""
    # In this order: the ticket goes when the dataset is there, so at no moment is there neither.
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


def _arrived(workspace: Workspace, ticket: Ticket) -> dict[int, str] | None:
    """ETags of the parts that are there, none of a form; None when the whole file is."""
    if ticket.method == "multipart":
        return workspace.uploads.arrived_parts(ticket)
    return None if workspace.uploads.has_arrived(ticket.file_id) else {}


def _way_in(workspace: Workspace, ticket: Ticket, arrived: dict[int, str]) -> WayIn:
    if ticket.method == "post":
        url, fields = workspace.uploads.form(ticket)
        return WayIn(ticket, url=url, fields=fields)
    missing = [number for number in ticket.part_sizes if number not in arrived]
    return WayIn(ticket, parts=workspace.uploads.part_urls(ticket, missing), arrived=sorted(arrived))


def _incomplete(ticket: Ticket, missing: list[int]) -> IncompleteUploadError:
    if ticket.method == "post":
        return IncompleteUploadError("The file has not arrived. Send it with the form of POST /data/uploads.")
    sizes = ticket.part_sizes
    return IncompleteUploadError(
        f"{len(missing):,} of {len(sizes):,} parts are missing or have another size than announced. "
        f"GET /data/uploads/{ticket.file_id} gives fresh URLs for them.",
        [{"part": number, "message": f"must have {sizes[number]:,} bytes"} for number in missing[:NAMED_PARTS]],
    )
