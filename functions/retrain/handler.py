"""Lambda entry point: S3 events from a queue, one message a CSV that arrived below incoming/."""

import json
from typing import Any

from core.errors import InvalidInputError
from core.services.series.arrivals import submit_retraining
from core.storage.container import container
from functions.log import log, set_up_log
from functions.s3_events import CreatedObject, handle_records
from functions.snapshot import load_for_snapshot

load_for_snapshot()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Submit a retraining job for each file that arrived; return which messages failed."""
    set_up_log()
    return handle_records(event, _submit)


def _submit(created: CreatedObject) -> None:
    """Submit the job of one file; log an object that belongs to no series."""
    try:
        job = submit_retraining(container(), created.key, created.etag, created.sequencer)
    except InvalidInputError as error:
        # A retry would fail in the same way.
        log.warning(json.dumps({"key": created.key, "ignored": error.detail}, ensure_ascii=False))
        return
    log.info(json.dumps({"key": created.key, "job": job.job_id if job else None}, ensure_ascii=False))
