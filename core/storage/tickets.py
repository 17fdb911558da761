"""The ticket of a large upload: what was announced, how it is sent, and the job that ingests it."""

from typing import Any, Literal

from pydantic import Field, model_validator

from core.manifests import Reading
from core.storage.job_repository import Job
from core.storage.job_repository import Status as JobStatus
from core.stored_document import FormattedDocument, is_empty
from core.types import Json

Method = Literal["post", "multipart"]
UploadStatus = Literal["waiting", "ingesting", "failed"]
# The status of an upload by that of the job that ingests it. A job that has succeeded is about to delete the ticket.
STATUS_OF: dict[JobStatus, UploadStatus] = {
    "queued": "waiting",
    "running": "ingesting",
    "succeeded": "ingesting",
    "failed": "failed",
    "cancelled": "failed",
}


class Ticket(FormattedDocument):
    """A file that is being uploaded, and the job that ingests it. Gone once the dataset exists."""

    format: Literal[1] = 1
    file_id: str
    filename: str
    size_bytes: int
    reading: Reading
    method: Method
    # Only a multipart upload has these.
    upload_id: str | None = None
    part_size: int = 0
    created_at: str
    # Of the request that announced the upload.
    request_id: str | None = None
    # The authentication code over what the caller announced. Tickets of versions before 0.3 have none.
    code: str = Field(default="", exclude_if=is_empty)
    # When the URLs that were returned last expire.
    expires_at: str
    # Whether the caller has completed the upload.
    completed: bool = False
    # The job that ingests it, from the moment the bytes have been received.
    job: Job | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_0_1(cls, document: Any) -> Any:
        """Read a ticket of version 0.1 as well, which had the state of the ingestion itself."""
        if not isinstance(document, dict) or "job" in document or "status" not in document:
            return document
        try:
            return _from_0_1(document)
        except KeyError as error:
            raise ValueError(f"a ticket of version 0.1 lacks {error}") from error

    @property
    def announced(self) -> bytes:
        """Return what of the ticket never changes, beside its id: its authentication code covers it."""
        return self.model_dump_json(include={"filename", "size_bytes", "reading", "created_at"}).encode()

    @property
    def status(self) -> UploadStatus:
        """Return the status of the upload: `ingesting` while a worker has it."""
        return "waiting" if self.job is None else STATUS_OF[self.job.status]

    @property
    def stage(self) -> str:
        """Return what happens to the upload now: `uploading`, `queued`, a stage of the ingestion, or `interrupted`."""
        if self.job is None:
            return "queued" if self.completed else "uploading"
        return "interrupted" if self.job.is_interrupted else self.job.stage

    @property
    def progress(self) -> float:
        """Return the share of the ingestion that is done."""
        return 0.0 if self.job is None else self.job.progress

    @property
    def error(self) -> Json | None:
        """Return the problem document of a failed upload."""
        return self.job.error if self.job is not None and self.status == "failed" else None

    @property
    def is_leased(self) -> bool:
        """Return whether a worker is ingesting it."""
        return self.job is not None and self.job.is_leased

    @property
    def part_sizes(self) -> dict[int, int]:
        """Return the bytes of each part by its number, from 1: `part_size` for all but the last.

        A form has no parts.
        """
        starts = range(0, self.size_bytes, self.part_size) if self.part_size else []
        return {number: min(self.part_size, self.size_bytes - start) for number, start in enumerate(starts, 1)}


def _from_0_1(document: Json) -> Json:
    ticket = {**document, "completed": document.get("stage") == "queued", "job": None}
    if document["status"] == "waiting" and not document.get("attempts"):
        return ticket
    states = {"waiting": "queued", "ingesting": "running", "failed": "failed"}
    kept = ("stage", "progress", "error", "owner", "leased_until", "attempts")
    job = {
        "job_id": document["file_id"],
        "kind": "ingest",
        "order": {name: document[name] for name in ("file_id", "filename", "reading")},
        "fingerprint": "",
        "deferred": False,
        "created_at": document["created_at"],
        "status": states[document["status"]],
        **{name: document[name] for name in kept if name in document},
    }
    return {**ticket, "job": job}
