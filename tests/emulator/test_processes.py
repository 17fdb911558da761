"""Processes of a stack that are killed: replaced, told of, and none left behind."""

import json
import signal

import httpx
import psutil
import pytest

from infra.local import parts
from infra.local.restarts import MOST_RESTARTS
from tests.support.stack import Stack, running_processes
from tests.support.waiting import wait_for

CSV = b"area,price\n" + b"".join(b"%d,%d\n" % (row, 3 * row) for row in range(60))


def web_state(stack: Stack) -> dict[str, int]:
    """Return what the web apps say of their workers."""
    return parts.read(stack.home)["web"]


def test_redis_may_end_again_and_again(running: Stack) -> None:
    before = restarts(running)
    # Once more than what the stack cannot do without; the pauses double.
    for killed in range(1, MOST_RESTARTS + 2):
        redis = wait_for(lambda: redis_processes(running))[0]
        redis.kill()
        wait_for(lambda killed=killed: restarts(running) >= before + killed)
    assert running.supervisor.poll() is None
    assert httpx.get(f"{running.base_url}/system/status", timeout=300).status_code == 200
    assert "the stack goes on without it" in running.log.read_text()
    assert "redis was started again" in running.call("status").stderr


def test_a_killed_worker_is_replaced_and_the_status_tells(running: Stack) -> None:
    replaced = web_state(running)["replaced"] + 1
    victim, other = running.workers()
    victim.kill()
    web = wait_for(lambda: web_state(running), lambda web: web["replaced"] == replaced and web["serving"] == 2)
    assert web["workers"] == 2
    told = json.loads(running.call("status", "--json").stdout)["parts"]["web"]
    assert (told["replaced"], told["serving"]) == (replaced, 2)
    assert other in running.workers()
    assert victim not in running.workers()


def test_a_server_answers_while_its_workers_are_killed(running: Stack) -> None:
    with httpx.Client(base_url=running.base_url, timeout=300) as client:
        client.post("/data/upload", files={"file": ("flats.csv", CSV)}).raise_for_status()
    running.workers()[0].kill()
    for _ in range(20):
        assert httpx.get(f"{running.base_url}/data/info", timeout=300).status_code == 200


def redis_processes(stack: Stack) -> list[psutil.Process]:
    """Return the Redis of the stack, which may be away for the moment."""
    return running_processes(stack.processes(), lambda process: process.name().startswith(("redis", "valkey")))


def restarts(stack: Stack) -> int:
    """Return how often Redis was started again."""
    return json.loads((stack.home / "parts.json").read_text())["redis"]["restarts"]


# The supervisor last: no test after that has to start the stack again.
@pytest.mark.parametrize("victim", ["web", "supervisor"])
def test_nothing_outlives_what_started_it(running: Stack, victim: str) -> None:
    if victim == "supervisor":
        family = running.processes()
        running.kill_supervisor()
    else:
        family = running.workers()
        running.process("web").send_signal(signal.SIGKILL)
    assert family
    wait_for(lambda: [one for one in family if one.is_running()], lambda alive: not alive)
    if victim == "supervisor":
        wait_for(lambda: not (running.home / "tmp").exists())
