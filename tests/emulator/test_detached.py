"""`regatta up --detach`, `logs` and `status`."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.local.processes import marked
from infra.local.running_stack import find, supervisor
from tests.support.stack import CLI, READY_SECONDS, Stack
from tests.support.waiting import wait_for


@pytest.fixture(autouse=True)
def stopped_afterwards(mine: Stack) -> Iterator[None]:
    yield
    mine.call("down")


def test_up_detached_returns_when_it_is_ready_and_down_stops_it(mine: Stack) -> None:
    begun = mine.cli("up", "--detach")
    assert begun.returncode == 0, begun.stderr
    assert mine.base_url in begun.stdout
    assert httpx.get(f"{mine.base_url}/", timeout=300).status_code == 200

    second = mine.call("up", "--detach")
    assert (second.returncode, "already running" in second.stdout) == (0, True)
    assert mine.base_url in second.stdout

    # It asks the service for a short time only.
    status = wait_for(
        lambda: json.loads(mine.call("status", "--json").stdout), lambda status: status["service"]["status"] == "ok"
    )
    assert (status["state"], status["pid"]) == ("running", find(mine.home).pid)
    assert status["service"] | {"version": ""} == {
        "url": mine.base_url,
        "status": "ok",
        "version": "",
        "storage": "up",
        "redis": "up",
        "queue": "up",
    }

    logs = mine.call("logs", "--lines", "1000")
    assert logs.returncode == 0
    assert {line.split()[0] for line in logs.stdout.splitlines()} == {"ministack", "redis", "stack", "web"}
    assert f"stack     |   apps          {mine.base_url}" in logs.stdout

    assert mine.call("down").returncode == 0
    assert (supervisor(mine.home), marked(mine.home)) == (None, [])
    stopped = mine.call("status", "--json")
    assert (stopped.returncode, json.loads(stopped.stdout)) == (1, {"state": "stopped", "home": str(mine.home)})


def test_up_detached_says_why_it_does_not_start_and_leaves_nothing(mine: Stack) -> None:
    mine.settings["REGATTA_PORT"] = mine.settings["REGATTA_AWS_PORT"]
    answer = mine.cli("up", "--detach")
    assert answer.returncode == 1
    assert "The stack did not start" in answer.stderr
    assert mine.settings["REGATTA_PORT"] in answer.stderr
    assert "Traceback" not in answer.stderr
    assert (supervisor(mine.home), marked(mine.home)) == (None, [])


def test_ctrl_c_while_it_starts_detached_stops_it(mine: Stack) -> None:
    command = subprocess.Popen(
        [*CLI, "up", "--detach"],
        env=mine.shell,
        stdout=subprocess.PIPE,
        text=True,
        # Tests that a shell runs in the background ignore the signal, and what they start inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    wait_for(lambda: supervisor(mine.home))
    command.send_signal(signal.SIGINT)
    command.communicate(timeout=READY_SECONDS)
    assert command.returncode == 130
    assert (supervisor(mine.home), marked(mine.home)) == (None, [])


def test_a_home_that_cannot_be_is_said(mine: Stack, tmp_path: Path) -> None:
    mine.home.touch()
    for options in ([], ["--detach"]):
        answer = mine.cli("up", *options)
        assert (answer.returncode, "Traceback" in answer.stderr) == (1, False)
        assert "REGATTA_HOME=DIR" in answer.stderr
    mine.home.unlink()


def test_the_doctor_of_a_running_stack_finds_all_well_and_leaves_nothing(stack: Stack) -> None:
    before = set((stack.home / "aws" / "s3").rglob("*"))
    for options in ([], ["--url", stack.base_url], ["--url", stack.api_url]):
        answer = stack.call("doctor", "--json", *options)
        document = json.loads(answer.stdout)
        assert (answer.returncode, document["ok"]) == (0, True), answer.stdout
        assert {check["state"] for check in document["checks"]} == {"ok"}
    assert not [path for path in set((stack.home / "aws" / "s3").rglob("*")) - before if "doctor" in path.name]
