"""Jobs of AWS Batch: what is submitted, once, and ended. botocore checks each request by the model of the service."""

import json
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from core.errors import UnavailableError
from core.settings import MIB
from core.storage.aws_session import AwsSession
from core.storage.batch_jobs import BatchJobs, size_for
from core.types import Json

NAME = "regatta-acme-1a2b"
FILTER = {"jobQueue": "large", "filters": [{"name": "JOB_NAME", "values": [NAME]}]}
GIB = 1 << 30


def summary(batch_id: str, status: str) -> Json:
    return {"jobId": batch_id, "jobName": NAME, "status": status}


class Service:
    """Answers the requests of a client in place of AWS Batch, one after the other, and keeps them."""

    def __init__(self, batch: BatchJobs) -> None:
        self.answers: list[Json] = []
        self.requests: list[tuple[str, Json]] = []
        self.status = 200
        batch.client.meta.events.register("before-send.batch", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        self.requests.append((request.url.rpartition("/")[2], json.loads(request.body)))
        body = json.dumps(self.answers.pop(0) if self.answers else {}).encode()
        return AWSResponse(request.url, self.status, {"content-type": "application/json"}, _Raw(body))


class _Raw(BytesIO):
    def stream(self) -> Any:
        yield self.read()


@pytest.fixture
def batch(monkeypatch: pytest.MonkeyPatch) -> BatchJobs:
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "us-east-1")
    return BatchJobs("large", "regatta-train", AwsSession(), seconds=7200, most_bytes=120 * GIB)


@pytest.fixture
def service(batch: BatchJobs) -> Service:
    return Service(batch)


def test_a_job_gets_a_container_with_its_memory_and_its_time(batch: BatchJobs, service: Service) -> None:
    service.answers = [{"jobSummaryList": [summary("old", "FAILED")]}, {"jobName": NAME, "jobId": "new"}]
    batch.submit("acme", "1a2b", 20 * GIB)
    submitted = {
        "jobName": NAME,
        "jobQueue": "large",
        "jobDefinition": "regatta-train",
        "parameters": {"workspace": "acme", "job_id": "1a2b"},
        "containerOverrides": {
            "resourceRequirements": [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "30720"}]
        },
        "timeout": {"attemptDurationSeconds": 7200},
    }
    assert service.requests == [("listjobs", FILTER), ("submitjob", submitted)]


def test_a_job_that_waits_or_runs_in_batch_is_not_submitted_again(batch: BatchJobs, service: Service) -> None:
    service.answers = [
        {"jobSummaryList": [], "nextToken": "more"},
        {"jobSummaryList": [summary("one", "RUNNABLE")]},
    ]
    batch.submit("acme", "1a2b", GIB)
    assert service.requests == [("listjobs", FILTER), ("listjobs", {**FILTER, "nextToken": "more"})]


def test_what_is_open_of_a_cancelled_job_is_terminated(batch: BatchJobs, service: Service) -> None:
    found = [summary("over", "SUCCEEDED"), summary("one", "STARTING"), summary("two", "RUNNING")]
    service.answers = [{"jobSummaryList": found}]
    batch.stop("acme", "1a2b")
    reason = "The job was cancelled."
    ended = [("terminatejob", {"jobId": batch_id, "reason": reason}) for batch_id in ("one", "two")]
    assert service.requests == [("listjobs", FILTER), *ended]


def test_a_batch_that_refuses_is_unavailable(batch: BatchJobs, service: Service) -> None:
    service.status = 400
    with pytest.raises(UnavailableError):
        batch.submit("acme", "1a2b", GIB)


def test_the_smallest_container_with_enough_memory_is_taken_up_to_the_largest_allowed() -> None:
    assert size_for(GIB, 120 * GIB) == (2, 16_384)
    assert size_for(16_384 * MIB + 1, 120 * GIB) == (4, 30_720)
    assert size_for(500 * GIB, 64 * GIB) == (8, 61_440)
    assert size_for(500 * GIB, GIB) == (2, 16_384)
