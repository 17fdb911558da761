"""Processes that end or hang are replaced, leave no litter, and do not outlive their supervisor."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from infra.local.child_process import Program
from infra.local.crew import (
    LOOK_SECONDS,
    MOST_FAILED_STARTS,
    SILENCE_SECONDS,
    START_SECONDS,
    SURPLUS_SECONDS,
    Crew,
)
from tests.support import toy_member
from tests.support.waiting import wait_for

Hire = Callable[..., Crew]
# By how a process is started, the program that is started so.
PROGRAMS = {
    "forked": Program("tests.support.toy_member", toy_member.main, forks=True),
    "spawned": Program("tests.support.toy_member", toy_member.main, forks=False),
}
SUPERVISOR = """
import sys, time
from pathlib import Path
from infra.local.child_process import Program
from infra.local.crew import Crew
from tests.support import toy_member
program = Program("tests.support.toy_member", toy_member.main, forks=sys.argv[2] == "forked")
crew = Crew("toy", program, [], Path(sys.argv[1]), lambda busy: 2)
while crew.serving < 2:
    crew.tend()
    time.sleep(0.01)
print(*(member.pid for member in crew.members), flush=True)
time.sleep(600)
"""


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def read(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=PROGRAMS)
def way(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def hire(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, way: str) -> Iterator[Hire]:
    """Return a function that makes a crew of toy processes with a behaviour."""
    hired = []

    def make(behaviour: str = "serving", size: Callable[[int], int] = lambda busy: 1) -> Crew:
        monkeypatch.setenv("TOY_BEHAVIOUR", behaviour)
        hired.append(Crew("toy", PROGRAMS[way], [], tmp_path / "files", size, clock=clock.read))
        return hired[-1]

    yield make
    for crew in hired:
        crew.stop(seconds=0)


def tend_until(crew: Crew, condition: Callable[[], bool]) -> None:
    """Tend the crew, at the time that the clock has, until something is true."""

    def look() -> bool:
        crew.tend()
        return condition()

    wait_for(look)


def pass_time(crew: Crew, clock: Clock, seconds: float) -> None:
    """Let time pass in the steps of a supervisor that is never late."""
    for _ in range(int(seconds)):
        clock.advance(1)
        crew.tend()


def test_a_killed_process_is_replaced_at_once(hire: Hire) -> None:
    crew = hire(size=lambda busy: 2)
    tend_until(crew, lambda: crew.serving == 2)
    victim, other = crew.members
    victim.send_signal(signal.SIGKILL)
    tend_until(crew, lambda: crew.serving == 2 and victim not in crew.members)
    assert other in crew.members
    assert crew.replaced == 1


def test_a_process_that_is_killed_before_it_serves_is_replaced_at_once(hire: Hire) -> None:
    crew = hire("loading")
    crew.tend()
    for killed in range(1, 2 * MOST_FAILED_STARTS):
        crew.members[0].send_signal(signal.SIGKILL)
        tend_until(crew, lambda killed=killed: crew.replaced == killed and len(crew.members) == 1)
    assert not crew.is_broken


def test_a_killed_process_leaves_no_temporary_file(hire: Hire) -> None:
    crew = hire()
    tend_until(crew, lambda: crew.serving == 1)
    victim = crew.members[0]
    assert list(victim.folder.iterdir())
    victim.send_signal(signal.SIGKILL)
    tend_until(crew, lambda: victim not in crew.members)
    assert not victim.folder.exists()


def test_processes_that_cannot_start_are_tried_with_growing_pauses_and_then_given_up(hire: Hire, clock: Clock) -> None:
    crew = hire("broken")
    for pause in (0.5, 1.0):
        tend_until(crew, lambda: not crew.members)
        assert not crew.is_broken
        clock.advance(pause - 0.1)
        crew.tend()
        assert not crew.members
        clock.advance(0.2)
        crew.tend()
        assert len(crew.members) == 1
    tend_until(crew, lambda: crew.is_broken)


@pytest.mark.parametrize(("behaviour", "seconds"), [("serving", SILENCE_SECONDS), ("loading", START_SECONDS)])
def test_a_process_that_hangs_is_replaced(hire: Hire, clock: Clock, behaviour: str, seconds: float) -> None:
    crew = hire(behaviour)
    tend_until(crew, lambda: bool(crew.members) and crew.serving == (behaviour == "serving"))
    hung = crew.members[0]
    pass_time(crew, clock, seconds - 1)
    assert crew.members == [hung]
    pass_time(crew, clock, 3)
    assert crew.members != [hung]
    assert hung.process.returncode == -signal.SIGKILL


def test_a_process_that_works_may_be_silent(hire: Hire, clock: Clock) -> None:
    crew = hire("busy")
    tend_until(crew, lambda: crew.serving == 1)
    working = crew.members[0]
    pass_time(crew, clock, 10 * SILENCE_SECONDS)
    assert crew.members == [working]


def test_a_process_that_is_stopped_at_its_work_is_replaced(hire: Hire, clock: Clock) -> None:
    crew = hire("busy")
    tend_until(crew, lambda: crew.serving == 1)
    stopped = crew.members[0]
    stopped.send_signal(signal.SIGSTOP)
    wait_for(lambda: psutil.Process(stopped.pid).status() == psutil.STATUS_STOPPED)
    pass_time(crew, clock, SILENCE_SECONDS)
    assert crew.members == [stopped]
    pass_time(crew, clock, 2 * LOOK_SECONDS + 2)
    assert stopped not in crew.members
    assert stopped.process.returncode == -signal.SIGKILL


def test_a_supervisor_that_was_stopped_itself_kills_nobody(hire: Hire, clock: Clock) -> None:
    crew = hire()
    tend_until(crew, lambda: crew.serving == 1)
    before = list(crew.members)
    clock.advance(3600)
    crew.tend()
    assert crew.members == before


def test_a_process_that_is_not_needed_any_more_leaves(hire: Hire, clock: Clock) -> None:
    wanted = 2
    crew = hire(size=lambda busy: wanted)
    tend_until(crew, lambda: crew.serving == 2)
    wanted = 1
    pass_time(crew, clock, SURPLUS_SECONDS + 2)
    tend_until(crew, lambda: len(crew.members) == 1)
    assert crew.replaced == 0


def test_processes_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path, way: str) -> None:
    environment = {**os.environ, "TOY_BEHAVIOUR": "serving"}
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path / "files"), way]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as supervisor:
        members = [psutil.Process(int(pid)) for pid in supervisor.stdout.readline().split()]
        supervisor.kill()
    assert len(members) == 2
    wait_for(lambda: not any(member.is_running() for member in members))


def test_a_process_that_cannot_be_made_is_tried_again(hire: Hire, clock: Clock, monkeypatch) -> None:
    def refuse() -> tuple[socket.socket, socket.socket]:
        raise OSError(24, "Too many open files")

    crew = hire()
    with monkeypatch.context() as full:
        full.setattr("infra.local.crew.socket.socketpair", refuse)
        crew.tend()
        assert not crew.members
    clock.advance(1)
    tend_until(crew, lambda: crew.serving == 1)
