"""A server with a queue in SQS receives its jobs from there."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.settings import load, settings
from core.storage.sqs_queue import SqsQueue
from functions.worker import messages
from infra.dead_letters import describe_dead_letters
from infra.local.receiver import Receiver
from infra.local.runner import running_jobs
from infra.local.serving import ServingError, check
from tests.support.coroutines import run
from tests.support.job_commands import JobProbe
from tests.support.jobs import read_job, submit
from tests.support.waiting import wait_for

IDLE = {"depth": 0, "in_flight": 0, "dead_letters": 0}


@pytest.fixture
def receiver(queue: SqsQueue) -> Iterator[Receiver]:
    """A server's own worker, not started."""
    own = Receiver(queue, wait_seconds=0)
    yield own
    own.stop()
    if own.ident is not None:
        own.join(300)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed comes again at once."""
    monkeypatch.setattr(messages, "FAULT_SECONDS", 0)


def test_servers_divide_the_messages_and_delete_those_of_jobs_that_are_over(
    probe: JobProbe, queue: SqsQueue, receiver: Receiver
) -> None:
    other = Receiver(queue, wait_seconds=0)
    job_ids = [submit("waiting"), submit("steps"), submit("failing", errors=["fault"])]
    receiver.start()
    assert probe.started.wait(300)
    other.start()
    wait_for(lambda: [read_job(job_id).status for job_id in job_ids[1:]] == ["succeeded"] * 2)
    probe.released.set()
    wait_for(lambda: queue.state() == IDLE)
    other.stop()
    other.join(300)
    assert [read_job(job_id).status for job_id in job_ids] == ["succeeded"] * 3
    assert queue.open_jobs.list() == []


def test_the_tasks_of_a_divided_job_are_received_one_by_one(
    probe: JobProbe, queue: SqsQueue, receiver: Receiver
) -> None:
    job_id = submit("shares", tasks=3)
    receiver.start()
    wait_for(lambda: queue.state() == IDLE)
    assert read_job(job_id).status == "succeeded"


def test_a_server_that_stops_gives_its_job_back_at_once_as_if_nobody_had_received_it(
    probe: JobProbe, queue: SqsQueue, receiver: Receiver
) -> None:
    job_id = submit("waiting")
    receiver.start()
    assert probe.started.wait(300)
    receiver.stop()
    receiver.join(300)
    assert (read_job(job_id).status, read_job(job_id).attempts) == ("queued", 0)
    assert queue.state() == {**IDLE, "depth": 1}
    message = queue.receive(0, 60)
    assert message is not None
    assert (json.loads(message.body)["job_id"], message.receives) == (job_id, 1)


def test_a_message_that_comes_while_the_server_stops_is_left_to_another(
    probe: JobProbe, queue: SqsQueue, receiver: Receiver
) -> None:
    submit("steps")
    message = queue.receive(0, 60)
    receiver.stop()
    assert message is not None
    receiver._answer(message)
    assert (probe.calls, queue.state()) == (0, {**IDLE, "depth": 1})


def test_what_no_server_can_process_is_a_dead_letter_with_its_reason_and_holds_up_nobody(
    probe: JobProbe, queue: SqsQueue, receiver: Receiver
) -> None:
    queue.client.send_message(QueueUrl=queue.url, MessageBody="no JSON")
    poisoned, sound = submit("failing", errors=["fault"] * 9), submit("steps")
    receiver.start()
    wait_for(lambda: queue.state() == {**IDLE, "dead_letters": 2})
    assert read_job(sound).status == "succeeded"
    reasons = {letter.subject: letter.reason for letter in describe_dead_letters(queue)}
    assert reasons[""] == "neither about a job nor about a file of a series"
    assert "fault of ours" in reasons[poisoned]


def test_the_job_of_a_killed_process_is_received_again(
    probe: JobProbe, queue: SqsQueue, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its message stays, hidden for the rest of a lease; here that is none."""
    monkeypatch.setattr("infra.local.receiver.lease_seconds", lambda: 0)
    real, ended = receiver._process, []

    def killed_at_first(message: Any) -> bool:
        if ended:
            return real(message)
        ended.append(message)
        raise RuntimeError("the process has ended")

    monkeypatch.setattr(receiver, "_process", killed_at_first)
    job_id = submit("steps")
    receiver.start()
    wait_for(lambda: queue.state() == IDLE)
    assert (read_job(job_id).status, len(ended)) == ("succeeded", 1)


def test_a_server_may_leave_the_jobs_to_others(
    probe: JobProbe, queue: SqsQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGATTA_RUN_JOBS", "false")
    settings.cache_clear()
    before = len(_threads())

    async def serve() -> int:
        async with running_jobs(None):  # type: ignore[arg-type]
            return len(_threads())

    assert run(serve()) == before


def test_a_server_does_not_start_with_a_queue_without_dead_letters(queue: SqsQueue) -> None:
    check(load())
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": ""})
    with pytest.raises(ServingError, match="no redrive policy"):
        check(load())
    queue.client.delete_queue(QueueUrl=queue.url)
    with pytest.raises(ServingError, match="REGATTA_JOBS_QUEUE_URL"):
        check(load())
    queue.client.create_queue(QueueName="jobs")


def _threads() -> list[str]:
    import threading

    return [thread.name for thread in threading.enumerate() if thread.name == "jobs"]
