"""Uploads of the tests' workspace: announced, put into the bucket, and ingested in this process."""

import json
from typing import Any
from urllib.parse import quote_plus

from core.manifests import Reading
from core.services.datasets import uploads
from core.services.processing import ingest_upload
from core.storage.container import container
from core.storage.tickets import Ticket
from functions.ingest.handler import HANDLERS
from tests.support.storage import WORKSPACE, home

CSV = b"age;name\n" + b"".join(b"%d;n%d\n" % (n, n % 7) for n in range(50))
NO_READING = Reading()


def put_upload(body: bytes, reading: Reading = NO_READING) -> str:
    """Announce an upload of these bytes, put them into the bucket, and return the identifier of the file."""
    file_id = uploads.start_upload(home(), "船.csv", len(body), reading).ticket.file_id
    container().objects.put(upload_key(file_id), body)
    return file_id


def receive_event(file_id: str) -> None:
    """Ingest the upload as the worker of an event does."""
    ingest_upload.receive_upload(home(), file_id, HANDLERS, seconds=60)


def upload_key(file_id: str) -> str:
    """Return the key that the bytes of an upload are sent to."""
    return f"uploads/{WORKSPACE}/{file_id}.csv"


def keys_in_flight() -> list[str]:
    """Return the keys of all that belongs to unfinished uploads."""
    return [item.key for item in container().objects.list("uploads/")]


def read_ticket(file_id: str) -> Ticket:
    """Return the ticket of an upload that is no dataset yet."""
    found = uploads.upload_status(home(), file_id)
    assert isinstance(found, Ticket)
    return found


def queue_message(*keys: str, number: int = 1) -> dict[str, Any]:
    """Return a message of a queue with an S3 notification about these keys."""
    records = [
        {"eventName": "ObjectCreated:Post", "s3": {"object": {"key": quote_plus(key, safe="/")}}} for key in keys
    ]
    return {"messageId": str(number), "body": json.dumps({"Records": records})}
