"""S3 events from a queue, one message a notification: what arrived, and which messages failed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from functions.log import log


@dataclass(frozen=True)
class Arrived:
    """One object that was created: its decoded key, the ETag it had, and where it stands among events of its key."""

    key: str
    etag: str | None
    sequencer: str | None


def arrivals_in(body: str) -> Iterator[Arrived]:
    """The objects that a message tells of; the one that S3 sends as a test tells of none."""
    for record in json.loads(body).get("Records", []):
        told = record["s3"]["object"]
        # A key comes as in the query of a URL, with + for a blank.
        yield Arrived(unquote_plus(told["key"]), told.get("eTag"), told.get("sequencer"))


def hear(event: dict[str, Any], act: Callable[[Arrived], None]) -> dict[str, Any]:
    """Let `act` deal with each object; messages that failed are named, so that the queue offers these alone again."""
    failed = []
    for message in event["Records"]:
        try:
            for arrived in arrivals_in(message["body"]):
                act(arrived)
        except Exception as error:
            # Whatever it is: the message comes again, and after its last try it stays in the dead-letter queue.
            log.error("%s: %s: %s", message["messageId"], type(error).__name__, error, exc_info=error)
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}
