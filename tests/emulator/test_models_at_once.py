"""Processes that train one name at the same time, on a real endpoint, and some of them killed: no number is missing."""

import random
import signal
import subprocess
import sys
import time

import pytest

from core.storage.artifacts import PICKLE
from tests.support.process_state import process_environment
from tests.support.stack import Stack
from tests.support.storage import PICKLE_BYTES, home

# A graph says who trained it; each number is printed once its version serves.
TRAINING = """
import sys
from core.storage.artifacts import GRAPH, PICKLE
from tests.support.storage import PICKLE_BYTES, home, model_draft

name, trainer, rounds, job = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
for attempt in range(int(rounds)):
    graph = f"{trainer} {attempt}".encode() * 1000
    draft = model_draft(graph, PICKLE_BYTES, name, job_id=job or None)
    print(home().models.publish(draft, {GRAPH: graph, PICKLE: PICKLE_BYTES}).version, flush=True)
"""


def trainer(stack: Stack, name: str, number: int, rounds: int, job: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", TRAINING, name, f"trainer {number}", str(rounds), job]
    environment = {**stack.shell, **stack.env}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


def start(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def numbers(process: subprocess.Popen[str]) -> list[int]:
    output, error = process.communicate(timeout=300)
    assert process.returncode in (0, -signal.SIGKILL), error
    return [int(line) for line in output.split()]


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
    processes = [trainer(stack, "at once", number, rounds=10) for number in range(2)]
    start(processes)
    given = [numbers(process) for process in processes]
    assert sorted(given[0] + given[1]) == list(range(1, 21))
    assert all(each == sorted(each) for each in given)
    assert check_whole(stack, "at once") == list(range(1, 21))


def test_one_job_in_two_processes_publishes_once(stack: Stack) -> None:
    processes = [trainer(stack, "delivered twice", number, rounds=3, job="job-7") for number in range(2)]
    start(processes)
    assert [numbers(process) for process in processes] == [[1, 1, 1]] * 2
    assert check_whole(stack, "delivered twice") == [1]


@pytest.mark.parametrize("seed", range(3))
def test_killed_trainings_leave_no_gap(stack: Stack, seed: int) -> None:
    chance, name = random.Random(seed), f"killed {seed}"
    killed = [trainer(stack, name, number, rounds=1000) for number in range(3)]
    steady = trainer(stack, name, 9, rounds=10)
    start([*killed, steady])
    for process in killed:
        time.sleep(chance.uniform(0.02, 0.15))
        process.kill()
    printed = [number for process in [*killed, steady] for number in numbers(process)]
    found = check_whole(stack, name)
    assert found == list(range(1, len(found) + 1))
    assert len(printed) == len(set(printed))
    # A version that was told of is there; one that was not, of a process killed in between, may be.
    assert set(printed) <= set(found)
