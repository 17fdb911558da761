"""Jobs on the running stack: ordered over HTTP, done by the deployed worker, whatever happens to it."""

import json
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import pytest
from redis import Redis

from core.jobs.commands import TrainCommand
from core.jobs.orders import ordered
from core.jobs.service import job_status, submit_job
from core.jobs.worker import MOST_ATTEMPTS
from core.services.processing.ingest import ingest
from core.services.training.commands import check_train
from core.storage.container import container
from core.storage.job_repository import Job
from core.types import Json
from infra.emulator_account import REGION
from tests.support.forked_server import start_module
from tests.support.process_state import process_environment
from tests.support.stack import Stack, running_processes
from tests.support.waiting import wait_for

ASYNC = {"Prefer": "respond-async"}
LEASE_SECONDS = 4
# Trains long enough to be killed or cancelled, one tree after the other, and not so long that the test waits for it.
SLOW = {"model_type": "random_forest", "params": {"n_estimators": 150, "max_features": 1.0}}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose killed workers are missed soon."""
    own = Stack(
        tmp_path_factory.mktemp("jobs") / "home", REGATTA_WORKERS="1", REGATTA_JOB_LEASE_SECONDS=str(LEASE_SECONDS)
    )
    yield own.start()
    own.kill_all()


@pytest.fixture
def client(own: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=own.base_url, timeout=300) as client:
        yield client


def flats(seed: int, rows: int = 2000) -> str:
    """A CSV of so many flats."""
    chance = random.Random(seed)
    drawn = ((chance.random(), chance.random(), chance.random(), chance.random()) for _ in range(rows))
    return "area,age,floor,price\n" + "".join(f"{a:.4f},{b:.4f},{c:.4f},{a - b + d / 9:.4f}\n" for a, b, c, d in drawn)


@pytest.fixture(scope="module")
def file_id(own: Stack) -> str:
    """The flats, uploaded."""
    return upload_flats(own)


def upload_flats(stack: Stack, rows: int = 2000) -> str:
    answer = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("flats.csv", flats(5, rows))}, timeout=300)
    return str(answer.raise_for_status().json()["file_id"])


def submit_training(
    client: httpx.Client, name: str, file_id: str, headers: Json = ASYNC, **fields: Any
) -> httpx.Response:
    body = {"model_type": "ridge", "target_column": "price", "model_name": name, "file_id": file_id, **fields}
    answer = client.post("/model/train", json=body, headers=headers)
    assert answer.status_code in (200, 202), answer.text
    return answer


def wait_for_job(client: httpx.Client, job_id: str, is_done: Callable[[Json], object]) -> Json:
    return wait_for(lambda: client.get(f"/jobs/{job_id}").raise_for_status().json(), is_done)


def is_over(job: Json) -> bool:
    return job["status"] in ("succeeded", "failed", "cancelled")


def is_training(job: Json) -> bool:
    return job["status"] == "running" and job["stage"] == "training"


def versions(client: httpx.Client, name: str) -> list[int]:
    return [
        model["version"]
        for model in client.get("/model/trained", params={"model_name": name}).json()["models"]
        if model["model_name"] == name
    ]


def workers(own: Stack) -> list[psutil.Process]:
    """The processes of the worker's Lambda function."""
    return running_processes(own.processes(), lambda p: "regatta-worker" in " ".join([p.name(), *p.cmdline()]))


@pytest.mark.parametrize("road", ["server", "gateway"])
def test_training_is_answered_with_a_job_that_succeeds(own: Stack, file_id: str, road: str) -> None:
    with httpx.Client(base_url=own.base_url if road == "server" else own.api_url, timeout=300) as client:
        answer = submit_training(client, f"later-{road}", file_id, return_model=True)
        assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
        # Behind the gateway a link begins with the path of its stage.
        place = client.base_url.raw_path.decode().rstrip("/") + f"/jobs/{answer.json()['job_id']}"
        assert (answer.headers["location"], answer.json()["status"]) == (place, "queued")
        job = wait_for_job(client, answer.json()["job_id"], is_over)
        assert (job["status"], job["progress"], job["kind"], job["error"]) == ("succeeded", 1.0, "train", None)
        now = submit_training(client, f"now-{road}", file_id, {}, return_model=True).json()
        result = job["result"]
        assert set(result) == set(now)
        assert (result["metrics"], result["cross_validation"]) == (now["metrics"], now["cross_validation"])
        row = {"area": 0.5, "age": 0.5, "floor": 0.5}
        answers = [
            client.post("/predict", json={"data": row, **model}).json()["prediction"]
            for model in ({"model_name": f"later-{road}"}, {"model_data": result["model_data"]})
        ]
        assert answers[0] == answers[1]
        assert job["job_id"] in {listed["job_id"] for listed in client.get("/jobs").json()["jobs"]}


def test_the_jobs_of_other_workspaces_are_done_as_well(own: Stack, tmp_path: Path) -> None:
    """Nobody is asked on this stack, so a process with its settings submits them."""
    table = tmp_path / "flats.csv"
    table.write_text(flats(7))
    order = {"model_type": "ridge", "target_column": "price"}
    with process_environment(own.env):
        others = [container().workspace(name) for name in ("acme", "other-team")]
        submitted = []
        for other in others:
            ingest(other, "flats.csv", table)
            command, _ = check_train(other, TrainCommand.model_validate(order))
            submitted.append((other, submit_job(other, command).job_id))
        jobs = wait_for(
            lambda: [job_status(other, job_id) for other, job_id in submitted],
            lambda jobs: all(job.is_over for job in jobs),
        )
        assert [(job.status, job.error) for job in jobs] == [("succeeded", None)] * 2


def test_the_container_of_a_batch_job_is_killed_and_the_next_one_ends_the_job(
    own: Stack, file_id: str, tmp_path: Path
) -> None:
    """Its command runs as a process here. The job is in no queue, so nobody else carries it out."""
    order = {**SLOW, "target_column": "price", "model_name": "by-batch", "file_id": file_id}
    with process_environment(own.env):
        workspace = container().workspace("default")
        job_id = submit_job(workspace, TrainCommand.model_validate(order), deferred=False).job_id
        environment = {**own.shell, **own.env, "TMPDIR": str(tmp_path)}  # who is killed deletes nothing
        command = (environment, tmp_path / "log", "functions.worker.run_one", "default", job_id)
        first = start_module(*command)
        wait_for(lambda: workspace.jobs.read(job_id, fresh=True).status == "running")
        first.kill()
        first.join()
        assert first.exitcode == -signal.SIGKILL
        second = start_module(*command)
        second.join()
        assert second.exitcode == 0
        job = workspace.jobs.read(job_id, fresh=True)
        assert (job.status, job.attempts, job.result["version"]) == ("succeeded", 2, 1)


@pytest.mark.parametrize("road", ["server", "gateway"])
def test_a_key_makes_one_of_two_requests_on_every_road(own: Stack, file_id: str, road: str) -> None:
    with httpx.Client(base_url=own.base_url if road == "server" else own.api_url, timeout=300) as client:
        announcement, key = {"filename": "flats.csv", "size_bytes": 9}, {"Idempotency-Key": f'"{road}"'}
        announced = [client.post("/data/uploads", json=announcement, headers=key) for _ in range(2)]
        assert announced[0].json()["file_id"] == announced[1].json()["file_id"]
        trained = [submit_training(client, f"keyed-{road}", file_id, key) for _ in range(2)]
        assert trained[0].json() == trained[1].json()
        assert versions(client, f"keyed-{road}") == [1]


def test_a_comparison_tells_how_far_each_model_is(own: Stack, client: httpx.Client) -> None:
    params = {"target_column": "price", "file_id": upload_flats(own, rows=1000)}
    answer = client.post("/model/compare", params=params, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    states: list[Json] = []
    job = wait_for_job(client, answer.json()["job_id"], lambda job: states.append(job) or is_over(job))
    assert job["status"] == "succeeded", job
    assert job["result"]["best"] == job["result"]["results"][0]
    assert any(0 < job["progress"] < 1 and "ridge" in job["parts"] for job in states)
    assert [job["progress"] for job in states] == sorted(job["progress"] for job in states)


def test_another_worker_finishes_what_a_killed_one_has_begun(own: Stack, client: httpx.Client, file_id: str) -> None:
    job_id = submit_training(client, "survivor", file_id, **SLOW).json()["job_id"]
    wait_for_job(client, job_id, is_training)
    killed = workers(own)
    assert killed
    for process in killed:
        process.kill()
    job = wait_for_job(client, job_id, is_over)
    assert (job["status"], job["attempts"]) == ("succeeded", 2)
    assert versions(client, "survivor") == [1]


def test_the_champion_serves_while_retraining_is_killed_and_finished_by_the_next_worker(
    own: Stack, client: httpx.Client, file_id: str
) -> None:
    submit_training(client, "series", file_id, {}, **SLOW)
    client.put("/series/series", json={"target_column": "price", "tolerance": 1}).raise_for_status()
    s3 = boto3.client("s3", endpoint_url=own.aws_url, region_name=REGION, **own.credentials)
    s3.put_object(Bucket="regatta", Key="incoming/default/series/next.csv", Body=flats(6).encode())
    s3.close()

    def newest() -> Json:
        return next((job for job in client.get("/jobs").json()["jobs"] if job["kind"] == "retrain"), {})

    wait_for(newest, lambda job: 0.3 < job.get("progress", 0) < 0.9)  # what is between is learning
    for process in workers(own):
        process.kill()
    predicted = client.post("/predict", json={"model_name": "series", "data": {"area": 0.5, "age": 0.5, "floor": 0.5}})
    assert (predicted.status_code, predicted.json()["version"]) == (200, 1)
    job = wait_for_job(client, newest()["job_id"], is_over)
    assert (job["status"], job["attempts"], job["result"]["champion"]) == ("succeeded", 2, 2)
    assert versions(client, "series") == [1, 2]


def test_a_message_that_comes_five_times_trains_once(stack: Stack) -> None:
    # Not on the stack of its own: on a busy machine a worker may be silent for longer than the lease there is.
    sqs = boto3.client("sqs", endpoint_url=stack.aws_url, region_name=REGION, **stack.credentials)
    with closing(sqs), httpx.Client(base_url=stack.base_url, timeout=300) as client:
        job_id = submit_training(client, "once", upload_flats(stack), **SLOW).json()["job_id"]
        body = json.dumps({"workspace": "default", "job_id": job_id})
        for _ in range(5):
            sqs.send_message(QueueUrl=stack.env["REGATTA_JOBS_QUEUE_URL"], MessageBody=body)
        job = wait_for_job(client, job_id, is_over)
        assert (job["status"], job["attempts"]) == ("succeeded", 1)
        # Each has been delivered. Those that came while it trained are hidden until its lease would have been over.
        wait_for(lambda: client.get("/system/status").json()["queue"], lambda queue: queue["depth"] == 0)
        assert versions(client, "once") == [1]


@pytest.mark.parametrize("with_redis", [True, False])
def test_running_work_is_cancelled(own: Stack, client: httpx.Client, file_id: str, with_redis: bool) -> None:
    options = {"model_type": "random_forest", "tune_hyperparameters": True, "tuning_seconds": 600}
    job_id = submit_training(client, "cancelled", file_id, **options).json()["job_id"]
    wait_for_job(client, job_id, lambda job: job["status"] == "running" and job["stage"] not in ("starting", "reading"))
    answer = client.post(f"/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json()["stage"]) == (202, "cancelling")
    if not with_redis:
        with Redis.from_url(own.env["REGATTA_REDIS_URL"]) as redis:
            redis.flushall()
    job = wait_for_job(client, job_id, is_over)
    assert (job["status"], job["result"], job["error"]) == ("cancelled", None, None)


def test_poison_ends_as_a_dead_letter_that_shows_and_can_be_redriven(
    own: Stack, client: httpx.Client, file_id: str
) -> None:
    job_id = submit_training(client, "poisoned", file_id).json()["job_id"]
    wait_for_job(client, job_id, is_over)
    # A job of a kind that this worker does not know: one that a newer release has ordered, say, with the same keys.
    s3 = boto3.client("s3", endpoint_url=own.aws_url, region_name=REGION, **own.credentials)
    key = f"default/jobs/{job_id}.json"
    document = {**json.loads(s3.get_object(Bucket="regatta", Key=key)["Body"].read()), "result": None}
    with process_environment({"REGATTA_SIGNING_KEY_FILE": str(own.home / "signing.key")}):
        unheard = ordered("default", Job.model_validate({**document, "kind": "unheard", "status": "failed"}))
    s3.put_object(Bucket="regatta", Key=key, Body=unheard.model_dump_json())
    assert own.call("jobs", "--retry", job_id).returncode == 0
    job = wait_for_job(client, job_id, lambda job: job["status"] == "failed" and job["attempts"] == MOST_ATTEMPTS)
    assert job["error"]["status"] == 500
    wait_for(lambda: client.get("/system/status").json()["queue"]["dead_letters"] == 1)
    shown = own.call("jobs").stdout
    assert "dead letter" in shown
    assert shown.count(job_id) == 2

    s3.put_object(Bucket="regatta", Key=key, Body=json.dumps({**document, "status": "failed"}))
    assert "1 jobs begin anew" in own.call("redrive").stdout
    job = wait_for_job(client, job_id, is_over)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    assert client.get("/system/status").json()["queue"]["dead_letters"] == 0
    s3.close()


def test_a_job_is_followed_from_the_shell(own: Stack, client: httpx.Client, file_id: str) -> None:
    job_id = submit_training(client, "followed", file_id).json()["job_id"]
    answer = own.call("jobs", "--follow", job_id)
    assert (answer.returncode, "followed version 1" in answer.stdout) == (0, True), answer.stderr
    assert own.call("jobs", "--follow", "00000000").returncode == 1


def test_the_status_shows_the_queue(client: httpx.Client) -> None:
    queue = client.get("/system/status").json()["queue"]
    queue.pop("oldest_seconds", None)  # there only while a job waits
    assert queue.keys() == {"status", "latency_ms", "depth", "in_flight", "dead_letters", "silent"}
    assert queue["status"] == "up"
