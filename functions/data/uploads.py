"""Uploads of large files: /data/uploads, and their progress: GET /data/files/{file_id}."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from core.manifests import DatasetManifest
from core.reading_fields import ReadingFields
from core.services.datasets import uploads as uploading
from core.services.datasets.uploads import UploadInstructions
from core.storage.tickets import Method, Ticket
from core.whole_numbers import WHOLE
from functions.answer_terms import RETRY_AFTER
from functions.http import CallerWorkspace, RequestBody
from functions.idempotency import IdempotentRoute
from functions.links import with_links

router = APIRouter(prefix="/data", tags=["data"], route_class=IdempotentRoute)

# At least one character is to be seen.
FileName = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]


class StartUploadRequest(ReadingFields, RequestBody):
    """The file that is going to be uploaded, and how to read it where the caller knows it."""

    filename: FileName
    size_bytes: Annotated[int, Field(ge=1), WHOLE] = Field(description="exactly: parts of another size are not taken")
    method: Method | None = Field(None, description="default: post up to 100 MB, multipart above")


@router.post("/uploads", status_code=201)
def start_upload(workspace: CallerWorkspace, body: StartUploadRequest) -> dict[str, Any]:
    """Start an upload; the answer says where to send the bytes. Ingestion starts by itself once they are received."""
    return _describe_instructions(
        uploading.start_upload(workspace, body.filename, body.size_bytes, body.reading, body.method)
    )


@router.get("/uploads/{file_id}")
def resume_upload(workspace: CallerWorkspace, file_id: str) -> dict[str, Any]:
    """Return which parts have been received, and fresh URLs for the rest."""
    return _describe_instructions(uploading.resume_upload(workspace, file_id))


@router.post("/uploads/{file_id}/complete", status_code=202)
def complete_upload(workspace: CallerWorkspace, file_id: str, response: Response) -> dict[str, Any]:
    """Join the parts, which starts the ingestion."""
    ticket = uploading.complete_upload(workspace, file_id)
    response.headers.update({"Location": f"/data/files/{file_id}", **RETRY_AFTER})
    return _describe_ticket(ticket)


@router.delete("/uploads/{file_id}")
def abort_upload(workspace: CallerWorkspace, file_id: str) -> dict[str, Any]:
    """Abort an upload and delete what was received."""
    uploading.abort_upload(workspace, file_id)
    return {"deleted": file_id}


@router.get("/files/{file_id}")
def upload_status(workspace: CallerWorkspace, file_id: str) -> dict[str, Any]:
    """Return a dataset, or the progress of a large upload until it is one."""
    found = uploading.upload_status(workspace, file_id)
    if isinstance(found, DatasetManifest):
        ready = {"status": "ready", "progress": 1.0, "warnings": found.warnings}
        return {**found.summary(), **ready, **found.notation()}
    return _describe_ticket(found)


def _describe_ticket(ticket: Ticket) -> dict[str, Any]:
    """Return the progress of an upload."""
    fields = {
        "file_id": ticket.file_id,
        "filename": ticket.filename,
        "size_bytes": ticket.size_bytes,
        "created_at": ticket.created_at,
        "status": ticket.status,
        "stage": ticket.stage,
        "progress": ticket.progress,
        "expires_at": ticket.expires_at,
        "error": ticket.error,
    }
    return with_links(fields)


def _describe_instructions(instructions: UploadInstructions) -> dict[str, Any]:
    """Return the progress of an upload, and where to send its bytes."""
    ticket = instructions.ticket
    asked = ticket.reading.asked
    answer = {**_describe_ticket(ticket), **({"reading": asked} if asked else {}), "method": ticket.method}
    if ticket.method == "post":
        return {**answer, "url": instructions.url, "fields": instructions.fields}
    return {
        **answer,
        "upload_id": ticket.upload_id,
        "part_size": ticket.part_size,
        "parts": [{"number": number, "url": url} for number, url in instructions.parts.items()],
        "arrived": instructions.received,
    }
