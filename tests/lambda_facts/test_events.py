"""Events come at least once: what comes again changes nothing, whichever environment gets it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from typing import Any

import boto3
import httpx

from infra.emulator_account import REGION, STACK_NAME
from infra.environment import Environment
from tests.lambda_facts.conftest import ROW
from tests.support.gateway import EnvironmentTransport, template_limits
from tests.support.stack import Stack
from tests.support.waiting import wait_for
from tests.support.workflow import gbk_csv

NOTHING_FAILED: dict[str, Any] = {"batchItemFailures": []}


def message(body: object, times: int = 1) -> dict[str, Any]:
    """An event of a queue with one message, received for the `times`th time."""
    record = {"messageId": "m", "receiptHandle": "r", "attributes": {"ApproximateReceiveCount": str(times)}}
    return {"Records": [{**record, "body": json.dumps(body)}]}


def aws(service: str, stack: Stack) -> AbstractContextManager[Any]:
    """A client of the emulated AWS that is closed in the end."""
    return closing(boto3.client(service, endpoint_url=stack.aws_url, region_name=REGION, **stack.credentials))


def test_a_file_whose_arrival_is_told_twice_becomes_one_dataset(stack: Stack, client: httpx.Client) -> None:
    announced = client.post("/data/uploads", json={"filename": "flats.csv", "size_bytes": len(gbk_csv())}).json()
    file_id, key = announced["file_id"], announced["fields"]["key"]
    with aws("s3", stack) as s3:
        s3.put_object(Bucket="regatta", Key=key, Body=gbk_csv())
    event = message({"Records": [{"s3": {"object": {"key": key}}}]})
    environments = [Environment("ingest", stack.env, is_compiled=True, **template_limits("ingest")) for _ in range(2)]
    try:
        # At the same time to both, while the stack's own function hears of it too; and later once more.
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda environment: deliver(environment, event), environments))
        assert environments[0].invoke(event) == NOTHING_FAILED
    finally:
        for environment in environments:
            environment.close()
    assert client.get(f"/data/files/{file_id}").json()["status"] == "ready"
    # Other tests have stored more in this stack than fits on a page of the usual length.
    files = client.get("/data/files", params={"limit": 1000}).json()["files"]
    listed = [file for file in files if file["file_id"] == file_id]
    assert len(listed) == 1


def deliver(environment: Environment, event: dict[str, Any]) -> None:
    """Deliver a message as a queue does: again until nothing failed, since another worker may have the file."""
    wait_for(lambda: environment.invoke(event) == NOTHING_FAILED)


def test_a_job_that_is_told_twice_trains_once(stack: Stack, file_id: str) -> None:
    # Without the stack's queue, so that its own worker does not have the job first.
    variables = {name: value for name, value in stack.env.items() if name != "REGATTA_JOBS_QUEUE_URL"}
    transport = EnvironmentTransport(variables)
    with httpx.Client(transport=transport, base_url="http://lambda") as client:
        payload = {"model_type": "ridge", "target_column": "价格", "model_name": "told-twice", "file_id": file_id}
        queued = client.post("/model/train", json=payload, headers={"Prefer": "respond-async"})
        job_id = queued.json()["job_id"]
        event = message({"workspace": "default", "job_id": job_id})
        worker = transport.environment("worker")
        assert [worker.invoke(event) for _ in range(2)] == [NOTHING_FAILED] * 2
        job = client.get(f"/jobs/{job_id}").json()
        assert (job["status"], job["attempts"]) == ("succeeded", 1), job["error"]
        versions = client.get("/model/trained", params={"model_name": "told-twice"}).json()["models"]
        assert [model["version"] for model in versions if model["model_name"] == "told-twice"] == [1]


def test_two_environments_of_one_function_share_nothing_but_storage(stack: Stack, model: str) -> None:
    """Each takes one request at a time: with both busy, a third caller would get a third one."""
    pair = [EnvironmentTransport(stack.env) for _ in range(2)]
    clients = [httpx.Client(transport=transport, base_url="http://lambda") for transport in pair]
    key = {"Idempotency-Key": "two-environments"}
    announcement = {"filename": "flats.csv", "size_bytes": 9}
    with ThreadPoolExecutor() as threads:
        answers = list(
            threads.map(lambda client: client.post("/predict", json={"data": ROW, "model_name": model}), clients)
        )
    ids = [client.post("/data/uploads", json=announcement, headers=key).json()["file_id"] for client in clients]
    for client in clients:
        client.close()
    assert answers[0].json() == answers[1].json()
    assert ids[0] == ids[1]


def test_messages_wait_while_the_worker_may_not_run(stack: Stack, file_id: str) -> None:
    name = f"{STACK_NAME}-worker"
    payload = {"model_type": "ridge", "target_column": "价格", "model_name": "waiting", "file_id": file_id}
    with httpx.Client(base_url=stack.base_url, timeout=300) as client, aws("lambda", stack) as functions:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        try:
            answer = client.post("/model/train", json=payload, headers={"Prefer": "respond-async"})
            time.sleep(1)
            assert client.get(answer.headers["location"]).json()["status"] == "queued"
        finally:
            functions.delete_function_concurrency(FunctionName=name)
        job = wait_for(
            lambda: client.get(answer.headers["location"]).json(),
            lambda job: job["status"] not in ("queued", "running"),
        )
        assert job["status"] == "succeeded", job["error"]
        assert job["attempts"] == 1
