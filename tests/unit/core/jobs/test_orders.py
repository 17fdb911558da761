"""A worker acts on what this deployment ordered, in the workspace that ordered it, and on nothing else."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.jobs import service
from core.jobs.commands import RetrainCommand
from core.jobs.orders import AUTHENTIC_SINCE, begin_to_look
from core.jobs.worker import GaveUpError, run_job
from core.manifests import Reading
from core.services.datasets.uploads import start_upload
from core.services.handlers import HANDLERS
from core.services.processing.ingest_upload import receive_upload
from core.storage.container import container
from core.storage.job_repository import Job
from core.storage.known_workspaces import make_workspace
from core.storage.s3.object_metadata import ObjectHead
from core.storage.s3.object_store import ObjectStore
from core.storage.upload_repository import object_key
from core.storage.workspace import Workspace
from core.stored_document import new_file_id
from tests.support.job_commands import StepsCommand
from tests.support.storage import WORKSPACE, home

pytestmark = pytest.mark.usefixtures("bucket", "probe")


@pytest.fixture
def authentic_since_yesterday(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers have begun to look at codes a day ago."""
    begin_to_look(bucket)
    head = ObjectStore.head

    def head_of(store: ObjectStore, key: str) -> ObjectHead:
        found = head(store, key)
        return (
            replace(found, last_modified=found.last_modified - timedelta(days=1)) if key == AUTHENTIC_SINCE else found
        )

    monkeypatch.setattr(ObjectStore, "head", head_of)


def other() -> Workspace:
    make_workspace(container().objects, "other")
    return container().workspace("other")


def write(workspace: str, job: Job | dict[str, Any]) -> None:
    """Write the document of a job as somebody does who may write into the bucket."""
    document = job.model_dump() if isinstance(job, Job) else job
    key = f"{workspace}/jobs/{document['job_id']}.json"
    container().objects.put(key, json.dumps(document).encode())


def carry_out(workspace: Workspace, job_id: str) -> Job | None:
    return run_job(workspace, job_id, HANDLERS, seconds=60)


def refused(workspace: Workspace, job_id: str) -> None:
    with pytest.raises(GaveUpError, match="not submitted by this service"):
        carry_out(workspace, job_id)
    job = workspace.jobs.read(job_id, fresh=True)
    assert job is not None
    assert (job.status, job.attempts, job.result) == ("failed", 0, None)


def test_a_job_that_was_submitted_is_carried_out() -> None:
    job = service.submit_job(home(), StepsCommand())
    assert job.code
    done = carry_out(home(), job.job_id)
    assert done is not None
    assert done.status == "succeeded"


@pytest.mark.usefixtures("authentic_since_yesterday")
def test_a_job_that_somebody_wrote_into_the_bucket_is_not() -> None:
    job = service.new_job(new_file_id(), StepsCommand())
    write(WORKSPACE, job)
    refused(home(), job.job_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"order": {"model_name": "evil"}},
        {"kind": "train"},
        {"created_at": "2020-01-01T00:00:00+00:00"},
        {"code": "0" * 64},
    ],
)
def test_a_job_that_was_changed_is_not(changes: dict[str, Any]) -> None:
    job = service.submit_job(home(), StepsCommand())
    write(WORKSPACE, job.model_dump() | changes)
    refused(home(), job.job_id)


def test_a_job_of_another_workspace_or_of_another_id_is_not() -> None:
    job = service.submit_job(home(), StepsCommand())
    write("other", job)
    refused(other(), job.job_id)
    copied = job.model_copy(update={"job_id": new_file_id()})
    write(WORKSPACE, copied)
    refused(home(), copied.job_id)


@pytest.mark.usefixtures("authentic_since_yesterday")
def test_a_retry_does_not_order_what_nobody_ordered() -> None:
    job = service.new_job(new_file_id(), StepsCommand())
    write(WORKSPACE, job)
    refused(home(), job.job_id)
    service.retry_job(home(), job.job_id)
    refused(home(), job.job_id)


def test_a_job_that_waited_when_the_first_worker_began_to_look_is_carried_out() -> None:
    job = service.new_job(new_file_id(), StepsCommand())
    write(WORKSPACE, job)
    done = carry_out(home(), job.job_id)
    assert done is not None
    assert (done.status, bool(done.code)) == ("succeeded", True)


@pytest.mark.usefixtures("authentic_since_yesterday")
def test_a_ticket_that_somebody_wrote_below_uploads_makes_no_dataset() -> None:
    mine = start_upload(other(), "evil.csv", 8, Reading()).ticket
    for ticket in (mine.model_dump(), mine.model_dump() | {"code": ""}):
        container().objects.put(f"uploads/{WORKSPACE}/{mine.file_id}.json", json.dumps(ticket).encode())
        container().objects.put(object_key(WORKSPACE, mine.file_id), b"x,y\n1,2\n")
        receive_upload(home(), mine.file_id, HANDLERS, seconds=60)
        assert not home().datasets.exists(mine.file_id)
        assert list(container().objects.list("uploads/default/")) == []


def test_a_ticket_that_somebody_copied_for_another_file_makes_no_dataset() -> None:
    mine, file_id = start_upload(home(), "mine.csv", 8, Reading()).ticket, new_file_id()
    container().objects.put(f"uploads/{WORKSPACE}/{file_id}.json", json.dumps(mine.model_dump()).encode())
    container().objects.put(object_key(WORKSPACE, file_id), b"x,y\n1,2\n")
    receive_upload(home(), file_id, HANDLERS, seconds=60)
    assert not home().datasets.exists(file_id)
    assert home().uploads.ticket(mine.file_id) is not None


def test_the_order_of_a_retraining_names_its_own_workspace() -> None:
    command = RetrainCommand(
        series="prices",
        key="incoming/other/prices/1.csv",
        etag="0",
        last_modified="2026-01-01T00:00:00",
        sequencer=None,
        size_bytes=1,
        target_column=None,
        file_id=new_file_id(),
    )
    other().objects.put(command.key, b"x,y\n1,2\n")
    job = service.submit_job(home(), command)
    with pytest.raises(GaveUpError, match="another workspace"):
        carry_out(home(), job.job_id)
