"""What happens when the bytes of a large upload have arrived: they become a dataset, once, whatever is killed when."""

import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.errors import ConflictError, NoSuchFileError, RegattaError, UnavailableError
from core.progress import ReportProgress, TrialStatus, progress_within
from core.services.processing.ingest import ingest
from core.storage.container import storage
from core.storage.leases import free, if_owned
from core.storage.s3.object_store import MissingObjectError
from core.storage.upload_repository import Ticket

log = logging.getLogger("regatta")

# Longer than the function may run, shorter than the queue hides a message that is being worked on.
LEASE_SECONDS = 930
# A file that ends this many invocations (memory, disk, time) would end the next one too.
MOST_ATTEMPTS = 3
TELL_SECONDS = 1.0
# What fetching the file is of the whole; ingesting it is the rest.
DOWNLOAD_SHARE = 0.1


def accept(workspace: str, file_id: str) -> None:
    """Make a dataset of the file that arrived, and clear away what was needed on the way.

    Events come more than once and in any order: for a file that is a dataset already, was refused or was given up,
    this only clears away. A refused file ends as a failed ticket with the problem. Raises `ConflictError` while
    another invocation has the file, and whatever else calls for another try: `UnavailableError`, a fault of ours.
    """
    uploads = storage().uploads
    if _is_dataset(workspace, file_id):
        uploads.close(workspace, file_id)
        return
    owner = secrets.token_hex(8)
    ticket = uploads.change(workspace, file_id, lambda newest: _claim(newest, owner))
    if ticket is None or ticket.status == "failed":
        uploads.discard_file(workspace, file_id)
        return
    try:
        _ingest(workspace, ticket)
    except MissingObjectError:
        # Given up in the meantime, or the event of a file that is long gone.
        _let_go(workspace, ticket, attempts=ticket.attempts - 1)
    except Exception as error:
        if isinstance(error, RegattaError) and error.status < 500:
            log.info("%s was refused: %s", file_id, error.detail)
            _change_mine(workspace, ticket, _failed(file_id, error))
            uploads.discard_file(workspace, file_id)
            return
        # Storage that does not answer says nothing about the file; anything else may be the file's doing.
        with suppress(UnavailableError, ConflictError):
            _let_go(workspace, ticket, attempts=ticket.attempts - isinstance(error, UnavailableError))
        raise
    else:
        uploads.close(workspace, file_id)


def _is_dataset(workspace: str, file_id: str) -> bool:
    try:
        storage().datasets.manifest(workspace, file_id, fresh=True)
    except NoSuchFileError:
        return False
    return True


def _claim(ticket: Ticket, owner: str) -> dict[str, Any] | None:
    """The fields that give the ticket to `owner`, or end it; raises `ConflictError` while it is another's."""
    if ticket.status == "failed":
        return None
    if not ticket.is_leased and ticket.attempts >= MOST_ATTEMPTS:
        error = RegattaError(
            f"Ingesting the file was broken off {ticket.attempts} times, most likely for want of memory or time. "
            "Send fewer rows or columns, or give the ingesting function more memory."
        )
        return _failed(ticket.file_id, error)
    return {
        "status": "ingesting",
        "stage": "downloading",
        "progress": 0.0,
        **ticket.lease(ticket.file_id, owner, LEASE_SECONDS),
    }


def _failed(file_id: str, error: RegattaError) -> dict[str, Any]:
    return {"status": "failed", "leased_until": 0.0, "error": error.problem(f"/data/files/{file_id}")}


def _ingest(workspace: str, ticket: Ticket) -> None:
    report_progress = _telling(workspace, ticket)
    with TemporaryDirectory(prefix="regatta-") as folder:
        source = Path(folder) / "source.csv"
        key = storage().uploads.download(workspace, ticket.file_id, source)
        ingest(
            workspace,
            ticket.filename,
            source,
            ticket.reading,
            file_id=ticket.file_id,
            arrived=key,
            report_progress=progress_within(report_progress, DOWNLOAD_SHARE, 1.0),
        )


def _telling(workspace: str, ticket: Ticket) -> ReportProgress:
    """Writes stage and progress to the ticket, at most once a second; failing to tell stops nothing."""
    told_at = time.monotonic()

    def report_progress(
        stage: str,
        share: float,
        parts: Mapping[str, float] | None = None,
        standings: Sequence[TrialStatus] | None = None,
    ) -> None:
        nonlocal told_at
        if time.monotonic() - told_at < TELL_SECONDS:
            return
        told_at = time.monotonic()
        with suppress(UnavailableError, ConflictError):
            _change_mine(workspace, ticket, {"stage": stage, "progress": round(share, 3)})

    return report_progress


def _let_go(workspace: str, ticket: Ticket, attempts: int) -> None:
    """End the lease, so that the next event may take the file at once."""
    _change_mine(workspace, ticket, {"status": "waiting", "stage": "queued", "progress": 0.0, **free(attempts)})


def _change_mine(workspace: str, ticket: Ticket, fields: dict[str, Any]) -> None:
    """Change the ticket unless another invocation has taken it over."""
    storage().uploads.change(workspace, ticket.file_id, if_owned(ticket.owner, fields))
