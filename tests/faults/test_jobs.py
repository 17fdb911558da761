"""Jobs while Redis is flushed or down, and while the queue does not answer."""

from pathlib import Path
from typing import Any

import httpx
from redis import Redis

from core.jobs.worker import run_job
from core.services.handlers import HANDLERS
from tests.support.gateway import HandlerTransport
from tests.support.process_state import forget_singletons, process_environment
from tests.support.redis_process import running_redis
from tests.support.stack import Stack
from tests.support.storage import home
from tests.support.waiting import wait_for
from tests.support.workflow import gbk_csv

ORDER = {"model_type": "ridge", "target_column": "价格"}
ASYNC = {"Prefer": "respond-async"}


def handlers(**kwargs: object) -> httpx.Client:
    return httpx.Client(transport=HandlerTransport(), base_url="http://handlers", **kwargs)


def submit_training(client: httpx.Client, name: str, **headers: str) -> httpx.Response:
    client.post("/data/upload", files={"file": ("flats.csv", gbk_csv())})
    return client.post("/model/train", json={**ORDER, "model_name": name}, headers={**ASYNC, **headers})


def versions(client: httpx.Client, name: str) -> list[int]:
    return [
        model["version"]
        for model in client.get("/model/trained", params={"model_name": name}).json()["models"]
        if model["model_name"] == name
    ]


def test_flushall_before_every_call_loses_no_job(stack: Stack) -> None:
    def flush(_: httpx.Request) -> None:
        with Redis.from_url(stack.env["REGATTA_REDIS_URL"]) as redis:
            redis.flushall()

    with httpx.Client(base_url=stack.api_url, timeout=300, event_hooks={"request": [flush]}) as client:
        job: dict[str, Any] = submit_training(client, "flushed-job").json()
        path = f"/jobs/{job['job_id']}"
        job = wait_for(lambda: client.get(path).json(), lambda job: job["status"] not in ("queued", "running"))
        assert (job["status"], job["result"]["version"], job["attempts"]) == ("succeeded", 1, 1)
        assert versions(client, "flushed-job") == [1]
        del job["standings"]  # which a list leaves out
        assert job in client.get("/jobs", params={"limit": 100}).json()["jobs"]


def test_without_redis_a_job_is_ordered_done_and_looked_at(stack: Stack, tmp_path: Path) -> None:
    with running_redis(tmp_path) as (process, port):
        variables = {**stack.env, "REGATTA_REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        del variables["REGATTA_JOBS_QUEUE_URL"]
        with process_environment(variables), handlers() as client:
            waiting = submit_training(client, "before-the-outage").json()["job_id"]
            process.kill()
            process.wait()
            forget_singletons()
            ordered = submit_training(client, "in-the-outage").json()["job_id"]
            for job_id in (waiting, ordered):
                assert client.get(f"/jobs/{job_id}").json()["status"] == "queued"
                run_job(home(), job_id, HANDLERS, seconds=60)
                assert client.get(f"/jobs/{job_id}").json()["status"] == "succeeded"
            assert (
                client.post(f"/jobs/{submit_training(client, 'given-up').json()['job_id']}/cancel").status_code == 202
            )
            keyed = [submit_training(client, "keyed", **{"Idempotency-Key": "3"}).json()["job_id"] for _ in range(2)]
            assert keyed[0] == keyed[1]


def test_an_order_that_the_queue_does_not_take_is_no_job(stack: Stack) -> None:
    variables = {**stack.env, "REGATTA_JOBS_QUEUE_URL": "http://127.0.0.1:9/000000000000/jobs"}
    with process_environment(variables), handlers() as client:
        before = client.get("/jobs").json()
        for headers in ({}, {"Idempotency-Key": "untaken"}):
            refused = submit_training(client, "untaken", **headers)
            assert (refused.status_code, refused.json()["type"]) == (503, "urn:regatta:problem:storage-unavailable")
        assert client.get("/jobs").json() == before
        status = client.get("/system/status").json()
        assert (status["status"], status["queue"]["status"]) == ("degraded", "down")
        assert submit_training(client, "untaken", Prefer="wait=60").status_code == 200
