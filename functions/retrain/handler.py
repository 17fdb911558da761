"""Lambda entry point: S3 events from a queue, one message a CSV that arrived below incoming/."""

import logging
from typing import Any

from core.errors import InvalidInputError
from core.services.series.arrivals import submit_retraining
from core.storage.container import container
from core.telemetry.log import log_event
from functions.lambda_start import start
from functions.log import set_up_telemetry
from functions.s3_events import CreatedObject, handle_records

start()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Submit a retraining job for each file that arrived; return which messages failed."""
    set_up_telemetry()
    return handle_records(event, _submit)


def _submit(created: CreatedObject) -> None:
    """Submit the job of one file; log an object that belongs to no series."""
    try:
        job = submit_retraining(container(), created.key, created.etag, created.sequencer)
    except InvalidInputError as error:
        # A retry would fail in the same way.
        log_event("arrival", logging.WARNING, key=created.key, ignored=error.detail)
        return
    log_event("arrival", key=created.key, job=job.job_id if job else None)
