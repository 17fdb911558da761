"""Lambda entry point: S3 events from a queue, one message a file that arrived below uploads/."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from core.datasets.arrivals import accept
from core.storage.uploads import arrival
from functions.log import log, set_up_log


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Ingest what arrived; messages that failed are named, so that the queue offers these alone again."""
    set_up_log()
    failed = []
    for message in event["Records"]:
        try:
            for key in _arrived_keys(json.loads(message["body"])):
                _accept(key)
        except Exception as error:
            # Whatever it is: the message comes again, and after its last try it stays in the dead-letter queue.
            log.error("%s: %s: %s", message["messageId"], type(error).__name__, error, exc_info=error)
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}


def _arrived_keys(notification: dict[str, Any]) -> Iterator[str]:
    """The decoded keys of an S3 notification; the one that S3 sends as a test has no records."""
    for record in notification.get("Records", []):
        yield unquote_plus(record["s3"]["object"]["key"])


def _accept(key: str) -> None:
    found = arrival(key)
    if found is None:
        log.warning(json.dumps({"key": key, "ignored": "not the key of an upload"}))
        return
    start = time.perf_counter()
    accept(*found)
    log.info(json.dumps({"key": key, "ms": round(1000 * (time.perf_counter() - start))}))
