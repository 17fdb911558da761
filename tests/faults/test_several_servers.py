"""Three servers share a bucket, a Redis and perhaps a queue: they divide the jobs, and one of them may die."""

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import boto3
import httpx
import psutil
import pytest

from core.storage.container import container
from core.storage.key_repository import KeyRepository
from infra.local.credentials import credentials_of
from infra.local.processes import REGION
from tests.faults.conftest import variables
from tests.support.fault_proxy import fault_proxy
from tests.support.memory_s3 import MemoryS3
from tests.support.process_state import process_environment
from tests.support.redis_process import running_redis
from tests.support.sqs import jobs_queue
from tests.support.stack import CLI, Stack, free_ports
from tests.support.tables import CSVS
from tests.support.waiting import wait_for

SERVERS = 3
QUOTA = 20
OVER = ("succeeded", "failed", "cancelled")


@dataclass
class Server:
    """A `regatta serve` of its own home, and a client with a key that may do everything; one that has a quota."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    limited: dict[str, str]

    def kill_all(self) -> None:
        """Kill every process of it at once, as the end of its host does."""
        supervisor = psutil.Process(self.process.pid)
        supervisor.suspend()
        for process in (*supervisor.children(recursive=True), supervisor):
            process.kill()
        self.process.wait()


@pytest.fixture(scope="module", params=["the bucket is the queue", "a queue in SQS"])
def servers(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[list[Server]]:
    tmp_path = tmp_path_factory.mktemp("servers")
    with ExitStack() as running:
        proxy = running.enter_context(fault_proxy(MemoryS3().answer))
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
            found.append(Server(process, client, limited))
        yield found


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _start(home: Path, port: int, shared: dict[str, str]) -> tuple[subprocess.Popen[bytes], str]:
    home.mkdir()
    own = {"REGATTA_HOME": str(home), "REGATTA_PORT": str(port), "TMPDIR": str(home)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGATTA_", "AWS_"))}
    with (home / "log").open("wb") as log:
        command = [*CLI, "serve", "--workers", "1"]
        return subprocess.Popen(command, env={**kept, **shared, **own}, stdout=log, stderr=log), (
            f"http://127.0.0.1:{port}"
        )


def _is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait()


@pytest.mark.parametrize("servers", ["the bucket is the queue"], indirect=True)
def test_servers_count_the_requests_of_a_key_together(servers: list[Server]) -> None:
    alive = [server for server in servers if server.process.poll() is None]
    answers = Counter(
        server.client.get("/jobs", headers=server.limited).status_code for _ in range(QUOTA) for server in alive
    )
    assert answers == {200: QUOTA, 429: QUOTA * (len(alive) - 1)}


def test_the_jobs_of_a_host_that_dies_are_finished_by_the_others_once(servers: list[Server]) -> None:
    dying, other, third = servers
    mpg = {"file": ("mpg.csv", CSVS["mpg"][0].read_bytes())}
    file_id = other.client.post("/data/upload", files=mpg).raise_for_status().json()["file_id"]

    def submit(path: str, **body: object) -> str:
        order = {"target_column": "mpg", "file_id": file_id, **body}
        answer = dying.client.post(path, json=order, headers={"Prefer": "respond-async"})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def status(job_id: str) -> str:
        return str(third.client.get(f"/jobs/{job_id}").raise_for_status().json()["status"])

    # The server that takes the submission begins it at once.
    race = submit("/model/compare", ensemble=True, time_limit=6)
    wait_for(lambda: status(race) == "running")
    waiting = [submit("/model/train", model_type="ridge", model_name=f"ridge{n}") for n in range(3)]
    dying.kill_all()
    jobs = [race, *waiting]
    ends = wait_for(lambda: [status(job) for job in jobs], lambda found: all(one in OVER for one in found))
    assert ends == ["succeeded"] * len(jobs)
    versions = Counter(one["model_name"] for one in other.client.get("/model/trained").json()["models"])
    assert {"ridge0", "ridge1", "ridge2"} <= set(versions)
    assert list(versions.values()) == [1] * len(jobs)
    wait_for(lambda: other.client.get("/system/status").json()["queue"], _is_empty)


def _is_empty(queue: dict[str, object]) -> bool:
    return (queue["depth"], queue["in_flight"], queue["dead_letters"]) == (0, 0, 0)
