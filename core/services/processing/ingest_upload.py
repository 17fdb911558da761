"""Make a dataset of a large upload whose bytes have been received: once, whatever is killed when."""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

from core.jobs.commands import IngestCommand
from core.jobs.orders import ordered, was_written_before
from core.jobs.service import new_job
from core.jobs.worker import GaveUpError, Handlers, run_job
from core.progress import ReportProgress, StoppedError, progress_within
from core.services.processing.ingest import ingest
from core.storage.job_repository import Job
from core.storage.s3.object_store import MissingObjectError
from core.storage.tickets import Ticket
from core.storage.workspace import Workspace
from core.types import Json

log = logging.getLogger("regatta")

# The share of the work that is done when the file has been fetched; ingesting it is the rest.
DOWNLOAD_SHARE = 0.1


def receive_upload(workspace: Workspace, file_id: str, handlers: Handlers, *, seconds: float) -> None:
    """Carry out the job that ingests a received file, for at most `seconds`, and clear away what was needed for it.

    Events come more than once and in any order: for a file that is a dataset already, was refused or was given up,
    this only clears away. A refused file leaves a failed ticket with the problem. Raises `ConflictError` while another
    worker has the job, and whatever else calls for another try: `UnavailableError`, a fault of ours.
    """
    uploads = workspace.uploads
    if workspace.datasets.exists(file_id):
        uploads.close(file_id)
        return
    ticket = uploads.ticket(file_id, fresh=True)
    if ticket is not None and not _is_announced(workspace, file_id, ticket):
        log.error("the upload %s was not announced to this service: it is discarded", file_id)
        uploads.close(file_id)
        return
    job = _submit(workspace, file_id)
    if job is not None:
        try:
            job = run_job(workspace, file_id, handlers, jobs=uploads.jobs, seconds=seconds)
        except GaveUpError as error:
            # The ticket says so to whoever uploaded it. Its message is done with: no retry brings the bytes back.
            log.error("the upload %s was given up: %s", file_id, error)
            job = None
    if job is None or job.status == "failed":
        uploads.discard_file(file_id)
    elif job.status == "succeeded":
        uploads.close(file_id)


def ingest_upload(
    workspace: Workspace, command: IngestCommand, report_progress: ReportProgress, job_id: str | None
) -> Json:
    """Fetch the received bytes and ingest them; return what identifies the dataset. Raises what `ingest` raises."""
    report_progress("downloading", 0.0)
    with TemporaryDirectory(prefix="regatta-") as folder:
        source = Path(folder) / "source.csv"
        try:
            key = workspace.uploads.download(command.file_id, source)
        except MissingObjectError:
            raise StoppedError("lost") from None  # given up in the meantime: the work has not failed
        manifest = ingest(
            workspace,
            command.filename,
            source,
            command.reading,
            file_id=command.file_id,
            received=key,
            report_progress=progress_within(report_progress, DOWNLOAD_SHARE, 1.0),
        )
    return manifest.summary()


def _is_announced(workspace: Workspace, file_id: str, ticket: Ticket) -> bool:
    """Return whether this deployment wrote the ticket for this upload: whoever may send files could put another one."""
    if ticket.file_id != file_id:
        return False
    if ticket.code:
        return workspace.uploads.is_announced(ticket)
    return was_written_before(workspace.objects, workspace.uploads.key(file_id))


def _submit(workspace: Workspace, file_id: str) -> Job | None:
    """Put the job into the ticket, unless it has one; return it, None where there is no ticket any more."""

    def edit(ticket: Ticket) -> Json | None:
        if ticket.job is not None:
            return None
        command = IngestCommand(file_id=file_id, filename=ticket.filename, reading=ticket.reading)
        job = ordered(workspace.name, new_job(file_id, command, deferred=False))
        return {"job": job.model_copy(update={"request_id": ticket.request_id or job.request_id})}

    ticket = workspace.uploads.change(file_id, edit)
    return None if ticket is None else ticket.job
