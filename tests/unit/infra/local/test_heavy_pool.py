"""Heavy work is done in processes of its own, which may be killed, and whose errors and results come back."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.deadlines import deadline
from core.departures import DepartedError, ending_with
from core.errors import DeadlineError, InvalidInputError, OutcomeUnknownError, UnavailableError
from core.storage.changes import NOTHING, UNKNOWN, recording
from core.storage.container import container
from core.telemetry.request_id import serving_request
from infra.local import heavy_process
from infra.local.child_process import Program
from infra.local.crew import Crew
from infra.local.heavy_pool import HeavyPool
from infra.local.lifeline import BEAT, IDLE
from infra.local.processes import LONG_NICENESS, NICENESS
from infra.local.work import LONG_AT_ONCE
from tests.support import heavy_jobs
from tests.support.waiting import wait_for

pytestmark = pytest.mark.usefixtures("bucket")

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a queue of work."""
    taking, sending = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with taking, sending:
        yield taking, sending


@pytest.fixture(scope="module")
def crew(sockets: tuple[socket.socket, socket.socket], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """Heavy processes, one more than are busy, tended by a thread as a server does."""
    folder, stopping = tmp_path_factory.mktemp("files"), threading.Event()
    program = Program("tests.support.lean_heavy_process", heavy_process.main, forks=False)
    own = Crew("heavy", program, [sockets[0]], folder, lambda busy: busy + 1, niceness=NICENESS)

    def tend() -> None:
        while not stopping.wait(0.02):
            own.tend()

    thread = threading.Thread(target=tend)
    thread.start()
    yield own
    stopping.set()
    thread.join()
    own.stop(seconds=0)


@pytest.fixture
def run(crew: Crew, sockets: tuple[socket.socket, socket.socket]) -> Run:
    """Return a function that does work in another process for the workspace of the test."""
    pool = HeavyPool(sockets[1])

    def run_work(work: Callable[..., Any], *arguments: Any, is_long: bool = False, **options: Any) -> Any:
        return pool.run(work, container().workspace("here"), arguments, options, is_long)

    return run_work


def further(niceness: int) -> int:
    """What so much more than this process has amounts to: Linux knows no more than 19."""
    return min(19, os.getpriority(os.PRIO_PROCESS, 0) + niceness)


def test_work_is_done_in_another_process_that_gives_way(run: Run) -> None:
    name, process, niceness = run(heavy_jobs.where)
    assert name == "here"
    assert process != os.getpid()
    assert niceness == further(NICENESS)


def test_work_that_trains_gives_way_further_and_that_after_it_does_not(run: Run) -> None:
    assert run(heavy_jobs.where, is_long=True)[2] == further(LONG_NICENESS)
    assert run(heavy_jobs.where)[2] == further(NICENESS)


def test_a_process_that_may_not_take_its_priority_back_is_replaced(run: Run) -> None:
    process = run(heavy_jobs.give_way, is_long=True)
    # Where these tests give way themselves, short work may have the last priority already, and loses nothing.
    has_lost = further(LONG_NICENESS) > further(NICENESS)
    assert run(heavy_jobs.where)[1] != process or not has_lost


def test_the_next_work_is_done_by_the_process_that_is_warm(run: Run) -> None:
    # Once a further process that work before this needed has left.
    wait_for(lambda: run(heavy_jobs.where) == run(heavy_jobs.where))


def test_an_error_comes_back_whole(run: Run) -> None:
    with pytest.raises(InvalidInputError) as caught:
        run(heavy_jobs.refuse)
    assert caught.value.problem("")["errors"] == [{"field": "rows", "message": "is empty"}]


def test_deadline_and_request_id_go_along(run: Run) -> None:
    with serving_request("abc"), deadline(1000):
        name, left = run(heavy_jobs.context)
    assert name == "abc"
    assert 0 < left <= 1000


def test_a_process_that_ends_at_its_work_is_replaced_and_the_caller_is_told(run: Run, tmp_path: Path) -> None:
    process = tmp_path / "process"
    with pytest.raises(UnavailableError, match="has ended"):
        run(heavy_jobs.die, process)
    assert run(heavy_jobs.where)[1] != int(process.read_text())


def test_what_another_process_has_changed_is_known_to_the_error(run: Run) -> None:
    with pytest.raises(UnavailableError) as caught, recording():
        run(heavy_jobs.refuse_storage)
    assert caught.value.detail.endswith(NOTHING)
    with pytest.raises(OutcomeUnknownError) as caught, recording():
        run(heavy_jobs.change_and_fail)
    assert caught.value.detail.endswith(UNKNOWN)


def test_a_process_that_is_killed_may_have_changed_anything(run: Run, tmp_path: Path) -> None:
    with pytest.raises(OutcomeUnknownError) as caught, recording():
        run(heavy_jobs.die, tmp_path / "process")
    assert caught.value.detail.endswith(UNKNOWN)


def test_work_that_goes_on_after_the_deadline_may_change_anything(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, released, now = tmp_path / "started", tmp_path / "released", 0.0
    monkeypatch.setattr("core.deadlines.clock", lambda: now)

    def wait() -> None:
        with recording(), deadline(1000):
            run(heavy_jobs.wait_for_file, started, released)

    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(wait)
        wait_for(started.exists)
        now = 1001.0
        with pytest.raises(DeadlineError) as caught:
            waiting.result()
        released.touch()
    assert caught.value.detail.endswith(UNKNOWN)


def test_work_that_a_killed_process_did_not_begin_is_done_by_the_next(run: Run, crew: Crew) -> None:
    idle = run(heavy_jobs.where)[1]
    os.kill(idle, signal.SIGKILL)
    assert run(heavy_jobs.where)[1] != idle


def test_a_process_is_free_for_tables_while_others_train(run: Run, tmp_path: Path) -> None:
    released = tmp_path / "released"
    with ThreadPoolExecutor() as threads:
        started = [tmp_path / f"started-{number}" for number in range(LONG_AT_ONCE + 1)]
        training = [threads.submit(run, heavy_jobs.wait_for_file, file, released, is_long=True) for file in started]
        wait_for(lambda: sum(file.exists() for file in started) == LONG_AT_ONCE)
        busy = {int(file.read_text()) for file in started if file.exists()}
        assert run(heavy_jobs.where)[1] not in busy
        assert sum(file.exists() for file in started) == LONG_AT_ONCE
        released.touch()
        assert all(one.result() for one in training)


def test_who_waits_longer_than_the_deadline_is_told(run: Run, tmp_path: Path) -> None:
    released = tmp_path / "released"
    with deadline(0.1), pytest.raises(DeadlineError):
        run(heavy_jobs.wait_for_file, tmp_path / "started", released)
    released.touch()


def test_a_process_that_waits_for_work_says_that_it_is_alive() -> None:
    class EnoughError(Exception):
        pass

    class Line:
        def __init__(self) -> None:
            self.sent: list[bytes] = []

        def send(self, state: bytes) -> None:
            self.sent.append(state)
            if len(self.sent) == 3:
                raise EnoughError

    line = Line()
    taking, sending = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with taking, sending, pytest.raises(EnoughError):
        heavy_process.HeavyProcess(line, taking, beat_seconds=0.001).run()  # type: ignore[arg-type]
    assert line.sent == [IDLE, BEAT, BEAT]


@pytest.mark.parametrize("is_long", [False, True])
def test_work_ends_with_its_process_when_its_caller_leaves(run: Run, tmp_path: Path, is_long: bool) -> None:
    started, departure = tmp_path / "started", threading.Event()

    def wait() -> None:
        with ending_with(departure):
            run(heavy_jobs.wait_for_file, started, tmp_path / "never", is_long=is_long)

    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(wait)
        wait_for(started.exists)
        process = psutil.Process(int(wait_for(started.read_text)))
        departure.set()
        with pytest.raises(DepartedError):
            waiting.result()
    wait_for(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    assert run(heavy_jobs.where)[1] != process.pid


def test_a_job_goes_on_whoever_leaves(run: Run, tmp_path: Path) -> None:
    started, released, departure = tmp_path / "started", tmp_path / "released", threading.Event()

    def wait() -> int:
        with ending_with(departure), ending_with(None):
            found: int = run(heavy_jobs.wait_for_file, started, released)
        return found

    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(wait)
        wait_for(started.exists)
        departure.set()
        released.touch()
        assert waiting.result() > 0
