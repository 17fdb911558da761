"""Lambda entry point: S3 events from a queue, one message a file that arrived below uploads/."""

import json
import time
from typing import Any

from core.services.processing.ingest_upload import accept
from core.storage.upload_repository import arrival
from functions.log import log, set_up_log
from functions.s3_events import Arrived, hear


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Ingest what arrived."""
    set_up_log()
    return hear(event, _accept)


def _accept(arrived: Arrived) -> None:
    found = arrival(arrived.key)
    if found is None:
        log.warning(json.dumps({"key": arrived.key, "ignored": "not the key of an upload"}))
        return
    start = time.perf_counter()
    accept(*found)
    log.info(json.dumps({"key": arrived.key, "ms": round(1000 * (time.perf_counter() - start))}))
