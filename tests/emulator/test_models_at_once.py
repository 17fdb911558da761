"""Processes that train one name at the same time, on a real endpoint, and some of them killed: no number is missing."""

import random
import signal
import time
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

import pytest

from core.storage.artifacts import GRAPH, PICKLE
from tests.support.forked_server import CONTEXT, take_environment
from tests.support.process_state import process_environment
from tests.support.stack import Stack
from tests.support.storage import PICKLE_BYTES, home, model_draft

Trainer = tuple[ForkServerProcess, Connection]


def publish(environment: dict[str, str], line: Connection, name: str, trainer: int, rounds: int, job: str) -> None:
    """What a trainer does. A graph says who trained it; each number is told once its version serves."""
    take_environment(environment)
    line.send("ready")
    line.recv()
    for attempt in range(rounds):
        graph = f"trainer {trainer} {attempt}".encode() * 1000
        draft = model_draft(graph, PICKLE_BYTES, name, job_id=job or None)
        line.send(home().models.publish(draft, {GRAPH: graph, PICKLE: PICKLE_BYTES}).version)


def trainer(stack: Stack, name: str, number: int, rounds: int, job: str = "") -> Trainer:
    ours, theirs = CONTEXT.Pipe()
    arguments = ({**stack.shell, **stack.env}, theirs, name, number, rounds, job)
    process = CONTEXT.Process(target=publish, args=arguments)
    process.start()
    theirs.close()
    assert ours.recv() == "ready"
    return process, ours


def start(trainers: list[Trainer]) -> None:
    for _, line in trainers:
        line.send("start")


def numbers(trainer: Trainer) -> list[int]:
    process, line = trainer
    told = []
    with line:
        try:
            while True:
                told.append(line.recv())
        except (EOFError, ConnectionResetError):
            process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return told


def check_whole(stack: Stack, name: str) -> list[int]:
    """The numbers of a name's versions, each of which is complete."""
    with process_environment(stack.env):
        models = home().models
        found = [manifest for manifest, _ in models.page(1000, None, name).models]
        for manifest in found:
            models.load(name, manifest.version)
            assert models.file(models.manifest(name, manifest.version), PICKLE) == PICKLE_BYTES
        assert models.resolve(name, None) == found[-1].version
        return [manifest.version for manifest in found]


def test_two_processes_at_once_number_their_versions_without_gap(stack: Stack) -> None:
    trainers = [trainer(stack, "at once", number, rounds=10) for number in range(2)]
    start(trainers)
    given = [numbers(each) for each in trainers]
    assert sorted(given[0] + given[1]) == list(range(1, 21))
    assert all(each == sorted(each) for each in given)
    assert check_whole(stack, "at once") == list(range(1, 21))


def test_one_job_in_two_processes_publishes_once(stack: Stack) -> None:
    trainers = [trainer(stack, "delivered twice", number, rounds=3, job="job-7") for number in range(2)]
    start(trainers)
    assert [numbers(each) for each in trainers] == [[1, 1, 1]] * 2
    assert check_whole(stack, "delivered twice") == [1]


@pytest.mark.parametrize("seed", range(3))
def test_killed_trainings_leave_no_gap(stack: Stack, seed: int) -> None:
    chance, name = random.Random(seed), f"killed {seed}"
    killed = [trainer(stack, name, number, rounds=1000) for number in range(3)]
    steady = trainer(stack, name, 9, rounds=10)
    start([*killed, steady])
    for process, _ in killed:
        time.sleep(chance.uniform(0.02, 0.15))
        process.kill()
    printed = [number for each in [*killed, steady] for number in numbers(each)]
    found = check_whole(stack, name)
    assert found == list(range(1, len(found) + 1))
    assert len(printed) == len(set(printed))
    # A version that was told of is there; one that was not, of a process killed in between, may be.
    assert set(printed) <= set(found)
