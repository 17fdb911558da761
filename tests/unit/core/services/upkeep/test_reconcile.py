"""What was lost is found without anybody: files without a job, jobs whose message is gone, jobs that are over."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import boto3
import httpx
import pytest

from core.errors import UnavailableError
from core.jobs import service as jobs
from core.jobs.backlog import SILENT_SECONDS, read_backlog
from core.services.upkeep import reconcile
from core.services.upkeep.reconcile import EVENT_SECONDS, Reconciled, Reconciler
from core.storage.container import container
from core.storage.s3.object_metadata import ObjectSummary
from core.storage.s3.object_store import ObjectStore
from core.storage.sqs_queue import SqsQueue
from functions.reconcile.handler import handler
from tests.support.arrivals import linear_table, put_file, submit_arrival
from tests.support.gateway import HandlerTransport
from tests.support.job_commands import JobProbe
from tests.support.jobs import carry_out, kill_worker_of, submit
from tests.support.process_state import connect_container
from tests.support.storage import WORKSPACE, home

pytestmark = pytest.mark.usefixtures("bucket")
Advance = Callable[..., None]


@pytest.fixture
def queue(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqsQueue]:
    """An empty SQS queue that the container uses."""
    sqs = boto3.client("sqs", region_name="us-east-1")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    monkeypatch.setenv("REGATTA_JOBS_QUEUE_URL", url)
    connect_container(bucket)
    found = container().queue
    assert isinstance(found, SqsQueue)
    yield found
    sqs.delete_queue(QueueUrl=url)


def lose_messages(queue: SqsQueue) -> None:
    """Receive every message for longer than any worker lives, as a worker does that is killed at once."""
    while queue.client.receive_message(QueueUrl=queue.url, VisibilityTimeout=960).get("Messages"):
        pass


def reconciler(**options: float) -> Reconciler:
    return Reconciler(container(), turn_seconds=30, **options)


def test_a_file_whose_event_was_lost_gets_a_job_once_the_event_had_time_to_come(advance_clock: Advance) -> None:
    key = put_file("1.csv", linear_table(1))
    one = reconciler()
    assert one.run() == Reconciled()
    advance_clock(EVENT_SECONDS + 1)
    assert one.run() == Reconciled(submitted=1)
    assert [job.order["key"] for job in home().jobs.list()] == [key]
    assert one.run() == reconciler().run() == Reconciled()


def test_files_are_submitted_in_the_order_in_which_they_came(
    advance_clock: Advance, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [put_file(f"{n}.csv", linear_table(n)) for n in (3, 1, 2)]
    listed = bucket.list
    ages = dict(zip(keys, (1.0, 2.0, 3.0), strict=True))

    def list_with_ages(prefix: str) -> Iterator[ObjectSummary]:
        for item in listed(prefix):
            yield item if item.key not in ages else replace(item, modified=ages[item.key])

    submitted: list[str] = []
    monkeypatch.setattr(container().objects, "list", list_with_ages)
    monkeypatch.setattr(
        "core.services.series.arrivals.submit_retraining", lambda storage, key, etag: submitted.append(key)
    )
    reconciler().run()
    assert submitted == keys


def test_what_is_settled_costs_three_listings(
    advance_clock: Advance, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit_arrival(put_file("1.csv", linear_table(1)))
    home().jobs.change(job.job_id, lambda _: jobs.ended("succeeded", result={}))
    advance_clock(2 * SILENT_SECONDS)
    one = reconciler()
    assert one.run() == Reconciled(closed=1)
    calls: list[str] = []
    client = container().objects.client
    client.meta.events.register("before-call.s3", lambda model, **_: calls.append(model.name))
    assert one.run() == Reconciled()
    assert set(calls) == {"ListObjectsV2"}
    assert len(calls) <= 3


def test_a_job_whose_worker_was_killed_before_its_first_line_is_offered_again(
    queue: SqsQueue, probe: JobProbe, advance_clock: Advance
) -> None:
    job_id = submit("steps")
    lose_messages(queue)
    assert reconciler().run() == Reconciled()
    advance_clock(SILENT_SECONDS + 1)
    assert read_backlog(container()).silent[0].job_id == job_id
    assert reconciler().run() == Reconciled(offered=1)
    assert queue.depth() == 1
    assert reconciler().run() == Reconciled()
    assert carry_out(job_id).status == "succeeded"


def test_a_job_whose_worker_was_killed_later_is_offered_again_when_its_lease_has_ended(
    queue: SqsQueue, probe: JobProbe, advance_clock: Advance
) -> None:
    job_id = submit("failing", errors=["kill"])
    lose_messages(queue)
    kill_worker_of(job_id)
    assert read_backlog(container()).running == 1
    advance_clock()
    assert reconciler().run() == Reconciled()  # its worker may have renewed the lease a moment ago
    advance_clock(SILENT_SECONDS)
    assert reconciler().run() == Reconciled(offered=1)
    assert carry_out(job_id).status == "succeeded"


def test_jobs_that_wait_for_a_busy_worker_are_not_silent(
    queue: SqsQueue, probe: JobProbe, advance_clock: Advance
) -> None:
    busy = submit("steps")
    submit("steps")
    home().jobs.change(busy, lambda job: {**job.lease("it", "worker", 600), "status": "running"})
    advance_clock(SILENT_SECONDS + 1)
    backlog = read_backlog(container())
    assert (backlog.waiting, backlog.running, backlog.silent) == (1, 1, [])
    assert backlog.oldest_seconds is not None
    assert backlog.oldest_seconds > SILENT_SECONDS
    lose_messages(queue)  # now no message waits, so the job's own is lost
    assert len(read_backlog(container()).silent) == 1


def test_nobody_works_and_messages_wait_so_the_jobs_are_silent(
    queue: SqsQueue, probe: JobProbe, advance_clock: Advance
) -> None:
    for _ in range(3):
        submit("steps")
    advance_clock(SILENT_SECONDS + 1)
    assert len(read_backlog(container()).silent) == 3


def test_status_is_degraded_while_jobs_are_stuck(queue: SqsQueue, probe: JobProbe, advance_clock: Advance) -> None:
    with httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client:
        job_id = submit("steps")
        status = client.get("/system/status").json()
        assert (status["status"], status["queue"]["silent"]) == ("ok", 0)
        lose_messages(queue)
        advance_clock(SILENT_SECONDS + 1)
        status = client.get("/system/status").json()
        assert (status["status"], status["queue"]["silent"]) == ("degraded", 1)
        assert status["queue"]["oldest_seconds"] > SILENT_SECONDS
        reconciler().run()
        assert client.get("/system/status").json()["status"] == "ok"
        carry_out(job_id)
        assert "oldest_seconds" not in client.get("/system/status").json()["queue"]


def test_a_damaged_job_hides_no_other(queue: SqsQueue, probe: JobProbe, advance_clock: Advance) -> None:
    damaged, silent = submit("steps"), submit("steps")
    container().objects.put(f"{WORKSPACE}/jobs/{damaged}.json", b'{"job_id": 3')
    advance_clock(SILENT_SECONDS + 1)
    assert reconciler().run() == Reconciled(offered=1)
    assert [json.loads(m["Body"])["job_id"] for m in _messages(queue)].count(silent) == 2


def _messages(queue: SqsQueue) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    while new := queue.client.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10).get("Messages"):
        found += new  # type: ignore[arg-type]
    return found


def test_a_series_that_cannot_be_read_stops_no_other(advance_clock: Advance) -> None:
    container().objects.put(f"{WORKSPACE}/series/broken/series.json", b"[]")
    put_file("1.csv", linear_table(1), "broken")
    put_file("1.csv", linear_table(1), "sound")
    advance_clock(EVENT_SECONDS + 1)
    reconciler().run()
    assert "sound" in {job.order["series"] for job in home().jobs.list()}


def test_one_process_at_a_time_has_its_turn(advance_clock: Advance) -> None:
    now = [1_000.0]
    first, second = (Reconciler(container(), turn_seconds=30, clock=lambda: now[0]) for _ in range(2))
    assert first.take_turn()
    assert not second.take_turn()
    assert first.take_turn()
    now[0] += 30
    assert second.take_turn()
    assert not first.take_turn()
    now[0] -= 3600  # the clock was an hour ahead
    assert first.take_turn()


def test_a_damaged_turn_is_nobodys() -> None:
    container().objects.put(reconcile.TURN_KEY, b"\xffgarbage")
    assert reconciler().take_turn()
    assert not reconciler().take_turn()


def test_a_step_that_storage_refuses_stops_no_other(monkeypatch: pytest.MonkeyPatch, advance_clock: Advance) -> None:
    def fail(*_: object) -> None:
        raise UnavailableError("The object store did not answer.")

    put_file("1.csv", linear_table(1))
    advance_clock(EVENT_SECONDS + 1)
    monkeypatch.setattr(reconcile, "read_backlog", lambda *_, **__: fail())
    assert reconciler().run() == Reconciled(submitted=1, complete=False)


def test_the_scheduled_function_does_it_unless_a_server_has_just_done_it(advance_clock: Advance) -> None:
    put_file("1.csv", linear_table(1))
    advance_clock(EVENT_SECONDS + 1)
    assert reconciler().take_turn()
    assert handler({}, None) == {}
    advance_clock(61)
    assert handler({}, None)["submitted"] == 1


def test_a_clock_that_is_set_back_hides_no_silent_job(queue: SqsQueue, probe: JobProbe, advance_clock: Advance) -> None:
    advance_clock(3600)
    job_id = submit("failing", errors=[])
    lose_messages(queue)
    advance_clock(-3600)
    backlog = read_backlog(container())
    assert ([entry.job_id for entry in backlog.silent], backlog.oldest_seconds) == ([job_id], 0.0)
    assert reconciler().run() == Reconciled(offered=1)
    assert carry_out(job_id).status == "succeeded"
