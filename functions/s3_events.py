"""S3 events from a queue, one message a notification: which objects were created, and which messages failed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from functions.log import log


@dataclass(frozen=True)
class CreatedObject:
    """One object that was created: its decoded key, the ETag it had, and where it stands among events of its key."""

    key: str
    etag: str | None
    sequencer: str | None


def objects_in(body: str) -> Iterator[CreatedObject]:
    """Yield the objects that a message is about; the one that S3 sends as a test is about none."""
    for record in json.loads(body).get("Records", []):
        s3_object = record["s3"]["object"]
        # A key comes as in the query of a URL, with + for a blank.
        yield CreatedObject(unquote_plus(s3_object["key"]), s3_object.get("eTag"), s3_object.get("sequencer"))


def handle_records(event: dict[str, Any], act: Callable[[CreatedObject], None]) -> dict[str, Any]:
    """Call `act` with each object; return which messages failed, so that the queue offers these alone again."""
    failed = []
    for message in event["Records"]:
        try:
            for created in objects_in(message["body"]):
                act(created)
        except Exception as error:
            # Whatever it is: the message comes again, and after its last try it stays in the dead-letter queue.
            log.error("%s: %s: %s", message["messageId"], type(error).__name__, error, exc_info=error)
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}
