"""Tickets that version 0.1 stored are shown and finished."""

import json
import time
from typing import Any

import pytest

from core.errors import ConflictError
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import WORKSPACE, home
from tests.support.uploads import CSV, keys_in_flight, put_upload, read_ticket, receive_event

# Stands for the time in a minute: no lease ends much later.
IN_A_MINUTE = -1.0
OLD_TICKET = {
    "format": 1,
    "filename": "船.csv",
    "size_bytes": len(CSV),
    "reading": {"encoding": None, "delimiter": None, "has_header": None},
    "method": "post",
    "upload_id": None,
    "part_size": 0,
    "created_at": "2026-01-01T00:00:00+00:00",
    "expires_at": "2026-01-01T01:00:00+00:00",
}
OLD_INGESTION = {"status": "ingesting", "stage": "reading", "progress": 0.4, "owner": "x", "attempts": 1}


@pytest.fixture
def arrived(bucket: ObjectStore) -> str:
    """The identifier of an upload whose bytes are in the bucket."""
    return put_upload(CSV)


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ({"status": "waiting", "stage": "uploading", "attempts": 0}, ("waiting", "uploading", 0.0)),
        ({"status": "waiting", "stage": "queued", "attempts": 0}, ("waiting", "queued", 0.0)),
        ({"status": "waiting", "stage": "queued", "attempts": 1}, ("waiting", "queued", 0.0)),
        (
            {
                "status": "ingesting",
                "stage": "reading",
                "progress": 0.4,
                "owner": "x",
                "leased_until": IN_A_MINUTE,
                "attempts": 1,
            },
            ("ingesting", "reading", 0.4),
        ),
        (
            {
                "status": "ingesting",
                "stage": "reading",
                "progress": 0.4,
                "owner": "x",
                "leased_until": 1.0,
                "attempts": 1,
            },
            ("ingesting", "interrupted", 0.4),
        ),
    ],
)
def test_an_upload_that_version_0_1_stored_is_shown_and_finished(
    arrived: str, state: dict[str, Any], shown: tuple[str, str, float]
) -> None:
    ticket = {**OLD_TICKET, "file_id": arrived, "progress": 0.0, "error": None, "owner": None, "leased_until": 0.0}
    ticket |= state
    if ticket["leased_until"] == IN_A_MINUTE:
        ticket["leased_until"] = time.time() + 60
    container().objects.put(f"uploads/{WORKSPACE}/{arrived}.json", json.dumps(ticket).encode())
    found = read_ticket(arrived)
    assert (found.status, found.stage, found.progress, found.error) == (*shown, None)
    if found.is_leased:
        with pytest.raises(ConflictError):
            receive_event(arrived)
        return
    receive_event(arrived)
    assert home().datasets.manifest(arrived).rows == 50
    assert keys_in_flight() == []


def test_an_upload_that_version_0_1_refused_stays_refused(arrived: str) -> None:
    error = {"type": "urn:regatta:problem:not-a-csv", "status": 422}
    state = {"status": "failed", "stage": "reading", "progress": 0.2, "error": error, "attempts": 1}
    ticket = {**OLD_TICKET, "file_id": arrived, **state}
    container().objects.put(f"uploads/{WORKSPACE}/{arrived}.json", json.dumps(ticket).encode())
    receive_event(arrived)
    found = read_ticket(arrived)
    assert (found.status, found.stage, found.progress, found.error) == ("failed", "reading", 0.2, error)
