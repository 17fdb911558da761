"""The id of a request: in its answer, whatever answers, and in the jobs and messages that it leads to."""

import json
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from core.jobs.service import submit_job
from core.jobs.worker import run_job
from core.storage.job_messages import submitter_of
from core.storage.s3.object_store import ObjectStore
from core.telemetry.request_id import request_id, serving_request
from tests.support.job_commands import JobProbe, StepsCommand
from tests.support.jobs import read_job
from tests.support.storage import home
from tests.unit.functions import test_http

HEADER = "X-Request-Id"
ROADS = [("GET", "/file", 303), ("GET", "/missing", 404), ("GET", "/fault", 500), ("GET", "/nowhere", 404)]


def client() -> httpx.Client:
    router = APIRouter()

    @router.get("/own")
    def own() -> str | None:
        return request_id()

    return test_http.client(router)


@pytest.mark.parametrize(("method", "path", "status"), [*ROADS, ("POST", "/file", 405)])
def test_every_answer_has_the_callers_id(settled: None, method: str, path: str, status: int) -> None:
    answer = client().request(method, path, headers={HEADER: "of-the-caller"})
    assert (answer.status_code, answer.headers.get_list(HEADER)) == (status, ["of-the-caller"])


def test_one_that_is_not_plain_is_replaced(settled: None) -> None:
    answer = client().get("/own", headers={HEADER: "two words"})
    assert answer.json() == answer.headers[HEADER] != "two words"
    assert client().get("/own", headers={HEADER: "x" * 129}).headers[HEADER] != "x" * 129


def test_without_one_the_id_of_the_gateway_is_taken(settled: None) -> None:
    answer = client().get("/own")
    assert answer.json() == answer.headers[HEADER] == "test", "what the gateway writes into its access log"


def test_a_page_of_another_origin_may_read_it(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_CORS_ORIGIN", "https://app.example.com")
    answer = client().get("/missing", headers={"Origin": "https://app.example.com"})
    assert HEADER in answer.headers["access-control-expose-headers"]


def test_a_job_has_the_id_of_the_request_that_submitted_it(probe: JobProbe, bucket: ObjectStore) -> None:
    seen: list[str | None] = []

    def handler(*_: Any) -> dict[str, Any]:
        seen.append(request_id())
        return {}

    with serving_request("submitter"):
        job = submit_job(home(), StepsCommand())
    assert read_job(job.job_id).request_id == "submitter"
    with serving_request("of-the-worker"):
        run_job(home(), job.job_id, {StepsCommand: handler}, seconds=60)
        assert request_id() == "of-the-worker"
    assert seen == ["submitter"]


@pytest.mark.parametrize("body", ["", "no JSON", "[]", "{}", json.dumps({"request_id": 7})])
def test_a_message_without_an_id_names_none(body: str) -> None:
    assert submitter_of(body) is None
