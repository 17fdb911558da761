"""A part of the stack that hangs is told of, killed and started again, and so is the guard that was killed."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from core.settings import Settings
from infra.local import parts, stack
from infra.local.processes import Child
from infra.local.silence import COMPUTES_SECONDS, HANGS_AFTER, TOLD_AFTER, Silence
from infra.local.stack import Stack
from tests.support.waiting import wait_for

IDLE = [sys.executable, "-c", "import time; print('started', flush=True); time.sleep(600)"]


@dataclass
class Part:
    """What a check sees of a part."""

    silent: bool = True
    computed: float = 0.0

    def is_silent(self) -> bool:
        return self.silent

    def processor_seconds(self) -> float:
        return self.computed


def test_a_part_that_neither_answers_nor_computes_is_told_of_and_then_hangs() -> None:
    silence, part = Silence(), Part()
    seen = []
    for _ in range(HANGS_AFTER):
        silence.check(part)
        seen.append((silence.is_told, silence.hangs))
    assert seen.index((True, False)) == TOLD_AFTER - 1
    assert seen.index((True, True)) == HANGS_AFTER - 1


def test_a_part_that_computes_is_told_of_and_goes_on_until_it_computes_no_more() -> None:
    silence, part = Silence(), Part()
    for _ in range(10 * HANGS_AFTER):
        part.computed += 2 * COMPUTES_SECONDS
        silence.check(part)
    assert (silence.is_told, silence.hangs) == (True, False)
    for _ in range(HANGS_AFTER):
        silence.check(part)
    assert silence.hangs


def test_an_answer_ends_the_silence() -> None:
    silence, part = Silence(), Part()
    for _ in range(10):
        for part.silent in [True] * (HANGS_AFTER - 1) + [False]:
            silence.check(part)
            assert not silence.hangs
    assert not silence.is_told


@pytest.fixture
def reports() -> list[str]:
    return []


@pytest.fixture
def running(tmp_path: Path, reports: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack of one part, which need not be asked and is checked without a pause."""
    monkeypatch.setattr(stack, "CHECK_SECONDS", 0.0)
    running = Stack(Settings(home=tmp_path), reports.append)
    part = Child("web", IDLE, {}, tmp_path / "web.log", lambda: True, asked=False)
    part.start()
    running._children["web"] = part
    running._guard = subprocess.Popen(IDLE, stdout=subprocess.DEVNULL)
    yield running
    for process in (part.process, running._guard):
        process.kill()
        process.wait()


def started(running: Stack) -> Callable[[], bool]:
    log = running._children["web"].log
    return lambda: "started" in log.read_text()


def test_a_part_that_was_stopped_is_started_again(running: Stack, reports: list[str]) -> None:
    part = running._children["web"]
    wait_for(started(running))
    stopped = part.process
    stopped.send_signal(signal.SIGSTOP)
    wait_for(lambda: psutil.Process(stopped.pid).status() == psutil.STATUS_STOPPED)
    told = []

    def restarted() -> bool:
        told.append(parts.read(running.home).get("web", {}).get("state"))
        return part.process is not stopped

    running.watch(restarted)
    assert stopped.returncode == -signal.SIGKILL
    assert part.exit_status() is None
    assert "silent" in told
    assert any("web has neither answered nor computed" in report for report in reports)


def test_a_killed_guard_is_replaced(running: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.guard.start", lambda home: subprocess.Popen(IDLE, stdout=subprocess.DEVNULL))
    killed = running._guard
    killed.kill()
    running.watch(lambda: running._guard is not killed)
    assert running._guard.poll() is None
