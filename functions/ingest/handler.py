"""Lambda entry point: S3 events from a queue, one message a file that was received below uploads/."""

import logging
from functools import partial
from typing import Any

from core.services.handlers import HANDLERS
from core.services.processing.ingest_upload import receive_upload
from core.storage.container import container
from core.storage.upload_repository import upload_of
from core.telemetry.log import log_event
from functions.lambda_start import start
from functions.log import set_up_telemetry
from functions.remaining_time import seconds_for_work
from functions.s3_events import CreatedObject, handle_records

start()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Ingest each upload that was received; return which messages failed."""
    set_up_telemetry()
    return handle_records(event, partial(_ingest, context))


def _ingest(context: Any, created: CreatedObject) -> None:
    """Ingest one upload that was received; log an object that is none."""
    upload = upload_of(created.key)
    if upload is None:
        log_event("upload_received", logging.WARNING, key=created.key, ignored="not the key of an upload")
        return
    workspace, file_id = upload
    receive_upload(container().workspace(workspace), file_id, HANDLERS, seconds=seconds_for_work(context))
