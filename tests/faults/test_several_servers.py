"""Three servers share a bucket, a Redis and perhaps a queue: they divide the jobs, and one of them may die."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import pytest

from core.storage.container import container
from core.storage.key_repository import KeyRepository
from infra.local.credentials import credentials_of
from infra.local.processes import REGION
from tests.faults.conftest import variables
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.faults import Exchange
from tests.support.forked_server import start_server
from tests.support.memory_s3 import MemoryS3
from tests.support.process_state import process_environment
from tests.support.redis_process import running_redis
from tests.support.sqs import jobs_queue
from tests.support.stack import Stack, free_ports
from tests.support.tables import first_rows
from tests.support.waiting import wait_for

SERVERS = 3
QUOTA = 20
OVER = ("succeeded", "failed", "cancelled")


@dataclass
class Server:
    """A `regatta serve` of its own home, and a client with a key that may do everything; one that has a quota."""

    process: ForkServerProcess
    client: httpx.Client
    limited: dict[str, str]
    # The bucket that it shares with the others, and the proxy in front of it.
    bucket: MemoryS3
    proxy: FaultProxy

    @property
    def is_alive(self) -> bool:
        """Whether its host was not killed."""
        return self.process.is_alive()

    def kill_all(self) -> None:
        """Kill every process of it at once, as the end of its host does."""
        supervisor = psutil.Process(self.process.pid)
        supervisor.suspend()
        for process in (*supervisor.children(recursive=True), supervisor):
            process.kill()
        self.process.join()


@pytest.fixture(scope="module", params=["the bucket is the queue", "a queue in SQS"])
def servers(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[list[Server]]:
    tmp_path = tmp_path_factory.mktemp("servers")
    with ExitStack() as running:
        bucket = MemoryS3()
        proxy = running.enter_context(fault_proxy(bucket.answer))
        redis_folder = tmp_path / "redis"
        redis_folder.mkdir()
        _, redis_port = running.enter_context(running_redis(redis_folder))
        shared = {
            **variables(proxy.url),
            "REGATTA_REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
            "REGATTA_AUTH": "keys",
            "REGATTA_JOB_LEASE_SECONDS": "4",
        }
        if request.param == "a queue in SQS":
            stack: Stack = request.getfixturevalue("stack")
            shared |= credentials_of(stack.home).variables
            sqs = boto3.client("sqs", endpoint_url=stack.aws_url, region_name=REGION, **stack.credentials)
            running.callback(sqs.close)
            shared["REGATTA_JOBS_QUEUE_URL"] = running.enter_context(jobs_queue(sqs, "several-servers"))
        with process_environment(shared):
            keys = KeyRepository(container().objects)
            admin = _headers(keys.create("default", "admin")[1].text)
            limited = _headers(keys.create("default", "read", per_day=QUOTA)[1].text)
        started = [_start(tmp_path / str(n), port, shared) for n, port in enumerate(free_ports(SERVERS))]
        found = []
        for process, url in started:
            running.callback(_end, process)
            client = running.enter_context(httpx.Client(base_url=url, timeout=300, headers=admin))
            wait_for(lambda client=client: _is_up(client))  # type: ignore[misc]
            found.append(Server(process, client, limited, bucket, proxy))
        yield found


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _start(home: Path, port: int, shared: dict[str, str]) -> tuple[ForkServerProcess, str]:
    home.mkdir()
    own = {"REGATTA_HOME": str(home), "REGATTA_PORT": str(port), "TMPDIR": str(home)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGATTA_", "AWS_"))}
    process = start_server({**kept, **shared, **own}, home / "log", "--workers", "1")
    return process, f"http://127.0.0.1:{port}"


def _is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False


def _end(process: ForkServerProcess) -> None:
    process.terminate()
    process.join()


@pytest.mark.parametrize("servers", ["the bucket is the queue"], indirect=True)
def test_servers_count_the_requests_of_a_key_together(servers: list[Server]) -> None:
    alive = [server for server in servers if server.is_alive]
    answers = Counter(
        server.client.get("/jobs", headers=server.limited).status_code for _ in range(QUOTA) for server in alive
    )
    assert answers == {200: QUOTA, 429: QUOTA * (len(alive) - 1)}


def test_the_jobs_of_a_host_that_dies_are_finished_by_the_others_once(servers: list[Server]) -> None:
    dying, other, third = servers
    file_id = _upload(other, "mpg.csv")

    def submit(path: str, **body: object) -> str:
        order = {"target_column": "mpg", "file_id": file_id, **body}
        answer = dying.client.post(path, json=order, headers={"Prefer": "respond-async"})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def status(job_id: str) -> str:
        return str(third.client.get(f"/jobs/{job_id}").raise_for_status().json()["status"])

    # The server that takes the submission begins it at once, and does not come to its end.
    dying.proxy.plan(_hold, method="PUT", key="/artifacts/", times=None)
    race = submit("/model/compare", ensemble=True, time_limit=1)
    wait_for(lambda: status(race) == "running")
    waiting = [submit("/model/train", model_type="ridge", model_name=f"ridge{n}") for n in range(3)]
    dying.kill_all()
    dying.proxy.clear()
    jobs = [race, *waiting]
    ends = wait_for(lambda: [status(job) for job in jobs], lambda found: all(one in OVER for one in found))
    assert ends == ["succeeded"] * len(jobs)
    versions = Counter(one["model_name"] for one in other.client.get("/model/trained").json()["models"])
    assert {"ridge0", "ridge1", "ridge2"} <= set(versions)
    assert list(versions.values()) == [1] * len(jobs)
    wait_for(lambda: other.client.get("/system/status").json()["queue"], _is_empty)


@pytest.mark.parametrize("servers", ["the bucket is the queue"], indirect=True)
def test_hosts_share_the_trials_of_a_comparison_and_one_of_them_dies_at_its_trial(servers: list[Server]) -> None:
    alive = [server for server in servers if server.is_alive]
    staying, dying = alive[0], alive[-1]
    order = {"target_column": "mpg", "file_id": _upload(staying, "cars.csv")}
    dying.proxy.plan(_hold, method="PUT", key="/output/", times=None)
    job_id = dying.client.post("/model/compare", json={**order, "parallel": True}).raise_for_status().json()["job_id"]

    # Each host has one worker: where as many trials are in hand as there are hosts, each has one.
    def have_one_each(done: set[str]) -> set[str]:
        """Wait until each host has a trial that is none of these, and has sent its output; return these trials."""

        def found() -> set[str]:
            return (_in_hand(dying.bucket) & _sent(dying.proxy)) - done

        return wait_for(found, lambda trials: len(trials) == len(alive))

    first = have_one_each(set())
    dying.proxy.release()
    have_one_each(first)
    dying.kill_all()
    dying.proxy.clear()

    job = wait_for(lambda: staying.client.get(f"/jobs/{job_id}").json(), lambda found: found["status"] in OVER)
    assert job["status"] == "succeeded"
    versions = [one["model_name"] for one in staying.client.get("/model/trained").json()["models"]]
    alone = staying.client.post("/model/compare", json=order).raise_for_status().json()
    assert _scores(job["result"]) == _scores(alone)
    trained = [name for name in versions if name.startswith("cars-")]
    assert sorted(trained) == sorted(row["model_name"] for row in alone["results"] if row["model_name"])


def _upload(server: Server, filename: str) -> str:
    """Upload some cars; return the identifier of the file."""
    files = {"file": (filename, first_rows("mpg", 80))}
    return str(server.client.post("/data/upload", files=files).raise_for_status().json()["file_id"])


def _hold(exchange: Exchange) -> None:
    """Keep a request from the store until the test releases it."""
    exchange.released.wait()
    exchange.pass_on()


def _in_hand(bucket: MemoryS3) -> set[str]:
    """Return the names of the trials that workers have and that are not done."""
    with bucket.lock:
        objects = {key: found.body for key, found in bucket.objects.items() if "/tasks/" in key}
    leases = {_name(key): json.loads(body) for key, body in objects.items() if "/leases/" in key}
    done = {_name(key) for key in objects if "/done/" in key}
    return {name for name, lease in leases.items() if lease["owner"] and name not in done}


def _sent(proxy: FaultProxy) -> set[str]:
    """Return the names of the trials whose output a worker has sent."""
    sent = [key for request in proxy.requests if request.method == "PUT" for key in request.keys]
    return {_name(key) for key in sent if "/output/" in key}


def _name(key: str) -> str:
    return key.rpartition("/")[2].partition(".")[0]


def _scores(comparison: dict[str, Any]) -> dict[str, object]:
    """Return by type of model how a comparison scored it."""
    assert comparison["failed"] == []
    return {row["model_type"]: row["cross_validation"] for row in comparison["results"]}


def _is_empty(queue: dict[str, object]) -> bool:
    return (queue["depth"], queue["in_flight"], queue["dead_letters"]) == (0, 0, 0)
