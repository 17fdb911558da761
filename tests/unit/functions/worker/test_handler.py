"""The worker's Lambda function and its queue: visibility, partial failures, dead letters."""

import json
from typing import Any

import pytest

from core.jobs import service as jobs
from core.jobs.turns import Turns
from core.settings import settings
from core.storage.container import container
from core.storage.sqs_queue import SqsQueue
from core.types import Json
from functions.remaining_time import MARGIN_SECONDS
from functions.worker import messages as worker
from functions.worker.handler import handler
from infra.dead_letters import describe_dead_letters, redrive
from tests.support.job_commands import FailingCommand, JobProbe, StepsCommand
from tests.support.jobs import submit
from tests.support.lambda_context import LambdaContext
from tests.support.recorded_batch import RecordedBatch
from tests.support.sqs import RECEIVES
from tests.support.storage import WORKSPACE, home
from tests.support.waiting import wait_for


def receive(queue: SqsQueue) -> list[Json]:
    """Receive up to ten messages."""
    answer = queue.client.receive_message(
        QueueUrl=queue.url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["ApproximateReceiveCount"]
    )
    return as_lambda_gets(answer)


def as_lambda_gets(answer: Any) -> list[Json]:
    """Return messages in the form in which Lambda gets them."""
    return [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        for message in answer.get("Messages", [])
    ]


def deliver(queue: SqsQueue, context: LambdaContext | None = None) -> list[str]:
    """Do what Lambda does with a batch; returns which messages were reported as failed."""
    messages = receive(queue)
    answer = handler({"Records": messages}, context or LambdaContext())
    failed = {entry["itemIdentifier"] for entry in answer["batchItemFailures"]}
    for message in messages:
        if message["messageId"] not in failed:
            queue.client.delete_message(QueueUrl=queue.url, ReceiptHandle=message["receiptHandle"])
    return sorted(failed)


def test_a_message_becomes_a_finished_job(queue: SqsQueue, probe: JobProbe) -> None:
    job_id = submit("steps")
    assert queue.state() == {"depth": 1, "in_flight": 0, "dead_letters": 0}
    assert deliver(queue) == []
    assert jobs.job_status(home(), job_id).result == {"calls": 1}
    assert queue.state() == {"depth": 0, "in_flight": 0, "dead_letters": 0}


def deliver_one(queue: SqsQueue) -> list[str]:
    """Deliver the next message alone, as the worker gets them; return the ids of the jobs that are over since."""
    before = {entry.job_id for entry in queue.open_jobs.list()}
    answer = queue.client.receive_message(
        QueueUrl=queue.url, MaxNumberOfMessages=1, MessageSystemAttributeNames=["ApproximateReceiveCount"]
    )
    (message,) = as_lambda_gets(answer)
    if not handler({"Records": [message]}, LambdaContext())["batchItemFailures"]:
        queue.client.delete_message(QueueUrl=queue.url, ReceiptHandle=message["receiptHandle"])
    return sorted(before - {entry.job_id for entry in queue.open_jobs.list()})


def test_many_messages_of_one_workspace_delay_the_first_job_of_another_by_one(
    queue: SqsQueue, probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_turns", Turns())
    many = [submit("steps") for _ in range(4)]
    theirs = [jobs.submit_job(container().workspace(name), StepsCommand()).job_id for name in ("acme", "other-team")]
    over = [deliver_one(queue) for _ in range(4)]
    # The second message of the many is that of the third delivery, too: it gave way once.
    assert over == [[many[0]], [theirs[0]], [many[1]], [theirs[1]]]
    while queue.open_jobs.list() or queue.depth():
        assert len(deliver_one(queue)) <= 1
    assert probe.calls == 6
    assert queue.state() == {"depth": 0, "in_flight": 0, "dead_letters": 0}


def test_a_job_of_another_workspace_that_fails_is_left_to_its_own_message(
    queue: SqsQueue, probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_turns", Turns())
    many = [submit("steps") for _ in range(2)]
    theirs = jobs.submit_job(container().workspace("acme"), FailingCommand(errors=["fault"] * 9)).job_id
    assert [deliver_one(queue) for _ in range(2)] == [[many[0]], []]
    assert deliver_one(queue) == [many[1]]
    for _ in range(RECEIVES):
        deliver_one(queue)
        for message in list(_backend(queue).values()):
            message.change_visibility(0)
    deliver(queue)
    (letter,) = describe_dead_letters(queue)
    assert letter.subject == theirs


def test_a_job_for_batch_is_left_to_it_and_its_message_is_done_with(
    queue: SqsQueue, probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = RecordedBatch()
    monkeypatch.setattr(container(), "batch", batch)
    monkeypatch.setattr(container(), "_workspaces", {})
    monkeypatch.setattr(worker, "_turns", Turns())
    theirs = jobs.submit_job(container().workspace("acme"), StepsCommand(), batch_bytes=1).job_id
    mine = [submit("steps") for _ in range(2)]
    assert [deliver_one(queue) for _ in mine] == [[job_id] for job_id in mine]
    queue.send("acme", theirs)
    assert deliver(queue) == []
    assert (batch.submitted, probe.calls) == ([(theirs, 1)] * 2, 2)
    assert queue.state() == {"depth": 0, "in_flight": 0, "dead_letters": 0}


def test_only_the_messages_that_failed_come_again(queue: SqsQueue, probe: JobProbe) -> None:
    queue.client.send_message(QueueUrl=queue.url, MessageBody="no JSON")
    good = submit("steps")
    gone = json.dumps({"workspace": WORKSPACE, "job_id": "00000000"})
    queue.client.send_message(QueueUrl=queue.url, MessageBody=gone)
    assert len(deliver(queue)) == 1
    assert jobs.job_status(home(), good).status == "succeeded"
    assert queue.state() == {"depth": 0, "in_flight": 1, "dead_letters": 0}


def test_while_it_works_a_message_is_hidden_no_longer_than_a_lease(
    queue: SqsQueue, probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGATTA_JOB_LEASE_SECONDS", "2")
    settings.cache_clear()
    hidden: list[int] = []
    monkeypatch.setattr(SqsQueue, "set_visibility", lambda self, receipt, seconds: hidden.append(seconds))
    submit("waiting")
    probe.released.wait = lambda _: wait_for(lambda: len(hidden) > 2)
    assert deliver(queue) == []
    assert hidden[:3] == [2, 2, 2]


def test_a_second_delivery_comes_back_when_the_lease_could_be_over(
    queue: SqsQueue, probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit("steps")
    home().jobs.change(job_id, lambda job: job.lease("it", "another", 60))
    hidden: list[int] = []
    monkeypatch.setattr(SqsQueue, "set_visibility", lambda self, receipt, seconds: hidden.append(seconds))
    message = receive(queue)[0]
    for receives in range(1, RECEIVES + 1):
        message["attributes"]["ApproximateReceiveCount"] = str(receives)
        assert len(handler({"Records": [message]}, LambdaContext())["batchItemFailures"]) == 1
    # Together longer than any worker may run: the message outlives whoever has the job.
    assert hidden[1::2] == [60, 120, 240, 480, 900]
    assert probe.calls == 0


def test_work_ends_before_the_invocation_does(queue: SqsQueue, probe: JobProbe) -> None:
    job_id = submit("waiting")
    assert deliver(queue, LambdaContext(MARGIN_SECONDS + 0.2)) == []
    assert jobs.job_status(home(), job_id).error["type"] == "urn:regatta:problem:job-timed-out"


def deliver_until_dead(queue: SqsQueue) -> None:
    """Deliver the one message as often as the queue does."""
    for _ in range(RECEIVES):
        assert len(deliver(queue)) == 1
        for message in list(_backend(queue).values()):
            message.change_visibility(0)
    assert deliver(queue) == []


def poison(queue: SqsQueue) -> str:
    """The id of a job that has ended in the dead-letter queue."""
    job_id = submit("failing", errors=["fault"] * 9)
    deliver_until_dead(queue)
    return job_id


def _backend(queue: SqsQueue) -> dict[str, Any]:
    from moto.sqs.models import sqs_backends

    messages = sqs_backends["123456789012"]["us-east-1"].queues["jobs"]._messages
    return {message.id: message for message in messages}


def test_a_job_that_fails_for_reasons_of_ours_ends_as_a_dead_letter_with_its_reason(
    queue: SqsQueue, probe: JobProbe
) -> None:
    job_id = poison(queue)
    assert queue.state() == {"depth": 0, "in_flight": 0, "dead_letters": 1}
    letter = describe_dead_letters(queue)[0]
    assert (letter.subject, letter.kind) == (job_id, "failing")
    assert "fault of ours" in letter.reason


def test_what_nobody_waits_for_is_a_dead_letter_after_its_first_failure(
    queue: SqsQueue, probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.worker.UNATTENDED", {"failing"})
    job_id = submit("failing", errors=["refusal"] * 9)
    deliver_until_dead(queue)
    assert [(letter.subject, letter.reason) for letter in describe_dead_letters(queue)] == [
        (job_id, "The target is text.")
    ]
    assert probe.calls == 1
    assert redrive(queue) == (1, 0)
    assert jobs.job_status(home(), job_id).status == "queued"


def test_a_redriven_job_begins_anew(queue: SqsQueue, probe: JobProbe) -> None:
    job_id = poison(queue)
    probe.calls = 99
    assert redrive(queue) == (1, 0)
    assert queue.state()["dead_letters"] == 0
    assert deliver(queue) == []
    job = jobs.job_status(home(), job_id)
    assert (job.status, job.attempts) == ("succeeded", 1)


def test_what_is_no_job_stays_a_dead_letter(queue: SqsQueue) -> None:
    queue.client.send_message(QueueUrl=queue._dead_letters_url(), MessageBody="no JSON")
    assert redrive(queue) == (0, 1)
    assert [letter.reason for letter in describe_dead_letters(queue)] == [
        "neither about a job nor about a file of a series"
    ]
