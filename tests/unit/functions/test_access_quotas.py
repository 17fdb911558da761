"""A quota refuses what would begin, with its name, limit and use, and nothing that somebody else asks for."""

from types import SimpleNamespace
from unittest import mock

import httpx
import pytest

from core import deadlines
from core.access.caller import Caller
from core.access.roles import Role
from core.errors import DeadlineError, InvalidInputError, TargetError, TooManyRequestsError, UnavailableError
from core.jobs.commands import TrainCommand
from core.services import quotas
from core.services.quotas import AGAIN_SECONDS, COUNTED_SECONDS, check_bytes, counts_training, used_bytes, used_jobs
from core.storage.container import container
from core.storage.quota_repository import BELIEVED_SECONDS, FOLDER, KnownQuotas, read_quota, set_quota
from core.storage.s3.object_store import ObjectStore
from core.storage.usage import UsageRepository
from core.storage.workspace import Workspace
from core.types import Json
from functions import access
from tests.support.jobs import carry_out
from tests.support.operations import prepare, train, upload
from tests.support.storage import WORKSPACE, Repositories, home


def refused(answer: httpx.Response, name: str, limit: int) -> None:
    assert answer.status_code == 429, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    (error,) = answer.json()["errors"]
    assert error["field"] == name
    assert error["message"].endswith(f"of {limit:,} are used")


def test_a_job_beyond_the_quota_is_refused_until_another_is_over(
    handlers: httpx.Client, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = prepare(handlers)
    set_quota(bucket, WORKSPACE, jobs=1, stored_bytes=None)
    assert used_jobs(home()) == 1
    refused(train(handlers, "more", Prefer="respond-async"), "jobs", 1)
    assert train(handlers, "now").status_code == 200
    handlers.post(f"/jobs/{ids['waiting']}/cancel")
    assert train(handlers, "more", Prefer="respond-async").status_code == 202
    monkeypatch.setattr(access, "ANYBODY", Caller("other-team", Role.ADMIN))
    assert upload(handlers, "theirs.csv").status_code == 200
    assert train(handlers, "theirs", Prefer="respond-async").status_code == 202


def test_bytes_beyond_the_quota_are_refused_on_every_road(handlers: httpx.Client, bucket: ObjectStore) -> None:
    assert upload(handlers, "first.csv").status_code == 200
    limit = used_bytes(home())
    set_quota(bucket, WORKSPACE, jobs=None, stored_bytes=limit)
    large = {"filename": "large.csv", "size_bytes": 1000}
    for answer in (
        upload(handlers, "second.csv"),
        handlers.post("/data/uploads", json=large),
        handlers.post("/series/tide/uploads", json=large),
    ):
        refused(answer, "stored_bytes", limit)
    assert len(handlers.get("/data/files").json()["files"]) == 1
    bucket.delete([f"{FOLDER}{WORKSPACE}.json"])
    assert upload(handlers, "second.csv").status_code == 200


def test_the_bytes_are_counted_seldom_and_what_is_announced_is_added(bucket: ObjectStore) -> None:
    own, now = home(), [1_000_000.0]
    own.usage.clock = lambda: now[0]
    bucket.put(f"{WORKSPACE}/datasets/a/source.csv", b"x" * 1000)
    set_quota(bucket, WORKSPACE, stored_bytes=5000)
    listed: list[str] = []
    real = bucket.list
    with mock.patch.object(own.objects, "list", lambda prefix, **options: listed.append(prefix) or real(prefix)):
        for _ in range(3):
            check_bytes(own, 1200)
        assert len(listed) == 2  # below {workspace}/ and uploads/{workspace}/, once
        with pytest.raises(TooManyRequestsError, match="Delete files or models") as caught:
            check_bytes(own, 1200)
        assert caught.value.retry_after == AGAIN_SECONDS
        assert len(listed) == 2  # counted a moment ago
        now[0] += AGAIN_SECONDS
        check_bytes(own, 1200)  # none of the announced files has come
        assert len(listed) == 4
        now[0] += COUNTED_SECONDS
        check_bytes(own, 1200)
        assert len(listed) == 6


def test_a_damaged_count_is_made_anew(bucket: ObjectStore) -> None:
    set_quota(bucket, WORKSPACE, stored_bytes=5000, training_seconds=10)
    for body in (b"{", b"[]", b'{"days": 3, "size_bytes": "x"}'):
        for name in ("stored", "training"):
            bucket.put(f"{WORKSPACE}/index/usage/{name}.json", body)
        check_bytes(home(), 10)
        assert home().usage.trained_today() == 0
        home().usage.add_trained(2.5)
        assert home().usage.trained_today() == 2.5


def test_training_beyond_the_seconds_of_a_day_is_refused_until_the_next(
    handlers: httpx.Client, bucket: ObjectStore
) -> None:
    now = [20_000.5 * 86_400]
    home().usage.clock = lambda: now[0]
    assert upload(handlers, "first.csv").status_code == 200
    assert train(handlers, "first").status_code == 200
    assert home().usage.trained_today() > 0
    set_quota(bucket, WORKSPACE, training_seconds=60)
    waiting = train(handlers, "waiting", Prefer="respond-async").json()["job_id"]
    # Another machine trains meanwhile: this workspace's seconds are those of all of them.
    UsageRepository(WORKSPACE, Repositories(bucket).documents, lambda: now[0]).add_trained(60)
    for headers in ({}, {"Prefer": "respond-async"}, {"Idempotency-Key": "one"}):
        answer = train(handlers, "more", **headers)
        refused(answer, "training_seconds", 60)
        assert answer.headers["Retry-After"] == str(43_200)
    job = carry_out(waiting)
    assert job is not None
    assert (job.status, (job.error or {})["status"]) == ("failed", 429)
    refused(handlers.post(f"/jobs/{waiting}/retry"), "training_seconds", 60)
    now[0] += 43_200
    assert handlers.post(f"/jobs/{waiting}/retry").status_code == 202
    done = carry_out(waiting)
    assert done is not None
    assert done.status == "succeeded"


def test_a_training_that_ends_at_its_deadline_is_counted_and_one_without_storage_stops_nobody(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(quotas, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(deadlines, "clock", lambda: now[0])

    @counts_training
    def train_for(workspace: Workspace, command: TrainCommand, error: Exception) -> Json:
        now[0] += 7
        raise error

    command = TrainCommand(model_type="ridge")
    for error, trained in ((DeadlineError("late"), 7), (TargetError("text"), 14), (UnavailableError("down"), 14)):
        with pytest.raises(type(error)), deadlines.deadline(5):
            train_for(home(), command, error)
        assert home().usage.trained_today() == trained


def test_requests_beyond_the_quota_are_refused_whatever_the_key(
    handlers: httpx.Client, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container().quotas, "_later", lambda read: read())
    set_quota(bucket, WORKSPACE, requests=3)
    callers = [Caller(WORKSPACE, Role.ADMIN, name) for name in ("one", "two")]
    answers = []
    for place in range(4):
        monkeypatch.setattr(access, "ANYBODY", callers[place % 2])
        answers.append(handlers.get("/model/available"))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refused(answers[-1], "requests", 3)
    assert "3 requests a minute" in answers[-1].json()["detail"]
    assert handlers.get("/healthz").status_code == 200
    monkeypatch.setattr(access, "ANYBODY", Caller("other-team", Role.ADMIN, "three"))
    assert handlers.get("/model/available").status_code == 200


def test_a_changed_quota_is_known_in_seconds_and_no_request_waits_for_it(bucket: ObjectStore) -> None:
    now, waiting = [0.0], []
    known = KnownQuotas(bucket, clock=lambda: now[0], later=waiting.append)
    set_quota(bucket, WORKSPACE, requests=3)
    assert [known.recall(WORKSPACE).requests for _ in range(2)] == [None, None]
    (read,) = waiting
    read()
    assert known.recall(WORKSPACE).requests == 3
    set_quota(bucket, WORKSPACE, requests=5)
    now[0] += BELIEVED_SECONDS
    assert known.recall(WORKSPACE).requests == 3
    bucket.put(f"{FOLDER}{WORKSPACE}.json", b"{")
    waiting.pop()()
    assert known.recall(WORKSPACE).requests == 3  # what cannot be read changes nothing
    assert known.ask("other-team").requests is None


def test_a_quota_is_of_a_workspace_and_a_number(bucket: ObjectStore) -> None:
    with pytest.raises(InvalidInputError):
        set_quota(bucket, "queue", jobs=1, stored_bytes=None)
    with pytest.raises(InvalidInputError):
        set_quota(bucket, "other-team", jobs=-1, stored_bytes=None)
    set_quota(bucket, "other-team", jobs=3, stored_bytes=None)
    assert (read_quota(bucket, "other-team").jobs, read_quota(bucket, WORKSPACE).jobs) == (3, None)
    assert used_bytes(container().workspace("other-team")) > 0
