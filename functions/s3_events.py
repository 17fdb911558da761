"""Process S3 events from a queue, one message for each notification; report the messages that failed."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from core.settings import settings
from core.telemetry.log import log_event
from core.telemetry.request_id import serving_request
from functions.log import log


@dataclass(frozen=True)
class CreatedObject:
    """One created object: its decoded key, its ETag, the sequencer that orders the events of a key, and its bucket."""

    key: str
    etag: str | None
    sequencer: str | None
    bucket: str | None = None


def objects_in(body: str) -> Iterator[CreatedObject]:
    """Yield the objects that a message names; S3's test message names none."""
    for record in json.loads(body).get("Records", []):
        s3_object, bucket = record["s3"]["object"], record["s3"].get("bucket", {}).get("name")
        # A key is encoded as in the query of a URL, with + for a blank.
        yield CreatedObject(unquote_plus(s3_object["key"]), s3_object.get("eTag"), s3_object.get("sequencer"), bucket)


def handle_records(event: dict[str, Any], act: Callable[[CreatedObject], None]) -> dict[str, Any]:
    """Call `act` with each object of our bucket; return which messages failed, so that the queue sends these again."""
    failed = []
    for message in event["Records"]:
        with serving_request(None):
            try:
                for created in objects_in(message["body"]):
                    if created.bucket in (None, settings().bucket):
                        act(created)
                    else:  # the object of this key in our bucket is another one
                        log_event(
                            "notification",
                            logging.WARNING,
                            key=created.key,
                            ignored=f"of the bucket {created.bucket!r}",
                        )
            except Exception as error:
                # Any failure: the message comes again, and after its last try it stays in the dead-letter queue.
                log.error("message %s comes again", message["messageId"], exc_info=error)
                failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}
