"""A quota refuses what would begin, with its name, limit and use, and nothing that somebody else asks for."""

import httpx
import pytest

from core.access.caller import Caller
from core.access.roles import Role
from core.errors import InvalidInputError
from core.services.quotas import FOLDER, read_quota, set_quota, used_bytes, used_jobs
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from functions import access
from tests.support.operations import prepare, train, upload
from tests.support.storage import WORKSPACE, home


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


def test_a_quota_is_of_a_workspace_and_a_number(bucket: ObjectStore) -> None:
    with pytest.raises(InvalidInputError):
        set_quota(bucket, "queue", jobs=1, stored_bytes=None)
    with pytest.raises(InvalidInputError):
        set_quota(bucket, "other-team", jobs=-1, stored_bytes=None)
    set_quota(bucket, "other-team", jobs=3, stored_bytes=None)
    assert (read_quota(bucket, "other-team").jobs, read_quota(bucket, WORKSPACE).jobs) == (3, None)
    assert used_bytes(container().workspace("other-team")) > 0
