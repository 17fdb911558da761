"""Divided jobs in the real state machine, with the real function, in an emulator: each task counts once."""

from concurrent.futures import ThreadPoolExecutor

from core.jobs import service as jobs
from core.jobs.commands import COMMANDS
from tests.state_machine.conftest import Machine
from tests.support.jobs import carry_out, read_job, submit
from tests.support.storage import WORKSPACE, home
from tests.support.tasks_function import exists, release_key, whole
from tests.support.waiting import wait_for

TASKS = 20


def begin(**fields: object) -> str:
    """Submit a job, let a worker divide it and start its execution, and return its id."""
    job_id = submit("lines", **fields)
    assert carry_out(job_id).is_divided
    return job_id


def release(job_id: str) -> None:
    """Let the waiting task of a job go on."""
    home().objects.put(release_key(home(), job_id), b"")


def one_machine(tasks: int) -> object:
    """Return what one machine makes of so many tasks."""
    return whole(home(), COMMANDS["lines"](tasks=tasks), lambda *_: None, "")


def test_a_killed_and_a_doubled_task_count_once_and_the_result_is_that_of_one_machine(machine: Machine) -> None:
    job_id = begin(tasks=TASKS, killed=7)
    doubled = {"workspace": WORKSPACE, "job_id": job_id, "tasks": [0, 1, TASKS - 1]}
    with ThreadPoolExecutor(1) as another:
        answer = another.submit(machine.invoke, doubled)
        assert machine.wait(job_id) == "SUCCEEDED"
    assert answer.result()["outcome"] in ("done", "again")
    assert carry_out(job_id).result == one_machine(TASKS)


def test_cancelling_stops_the_execution_and_a_retry_does_the_rest_in_another_one(machine: Machine) -> None:
    job_id = begin(tasks=3, waiting=1)
    wait_for(lambda: home().tasks.is_done(job_id, 0))
    assert jobs.cancel_job(home(), job_id).status == "cancelled"
    assert machine.status(job_id) == "ABORTED"
    jobs.retry_job(home(), job_id)
    home().objects.delete([home().tasks.output_key(job_id, 0, "begun")])
    assert carry_out(job_id).is_divided
    release(job_id)
    assert machine.wait(job_id, 2) == "SUCCEEDED"
    assert carry_out(job_id).result == one_machine(3)
    assert not exists(home(), home().tasks.output_key(job_id, 0, "begun")), "the first task was not done again"


def test_an_execution_that_died_is_started_again_when_the_lease_of_its_job_has_run_out(machine: Machine) -> None:
    job_id = begin(tasks=2, waiting=1)
    wait_for(lambda: home().tasks.is_done(job_id, 0))
    machine.client("stepfunctions").stop_execution(executionArn=machine.execution(job_id))
    home().jobs.change(job_id, lambda job: {"leased_until": 0.0})
    jobs.offer_again(home(), job_id)
    assert carry_out(job_id).is_divided
    release(job_id)
    assert machine.wait(job_id, 2) == "SUCCEEDED"
    assert carry_out(job_id).result == one_machine(2)


def test_a_worker_that_begins_the_tasks_twice_starts_one_execution(machine: Machine) -> None:
    job_id = begin(tasks=2, waiting=1)
    wait_for(lambda: home().tasks.is_done(job_id, 0))
    home().state_machine.send_tasks(WORKSPACE, job_id, [1], 0.0)
    names = [
        one["name"]
        for one in machine.client("stepfunctions").list_executions(stateMachineArn=machine.arn)["executions"]
        if one["name"].startswith(job_id)
    ]
    assert names == [f"{job_id}-1"]
    jobs.cancel_job(home(), job_id)


def test_a_refusal_in_a_task_ends_the_job_with_it_and_is_no_failure_of_the_machine(machine: Machine) -> None:
    job_id = begin(tasks=3, refused=1)
    assert machine.wait(job_id) == "SUCCEEDED"
    assert read_job(job_id).error["type"] == "urn:regatta:problem:bad-target"
