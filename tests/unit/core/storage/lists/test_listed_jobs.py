"""Jobs and models by time, in buckets of this version and of earlier ones."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.jobs.service import list_jobs, new_job
from core.storage.job_repository import Job, UnreadableJob
from core.storage.lists import listed_jobs
from core.storage.s3.object_store import ObjectStore
from core.storage.workspace import Workspace
from tests.support import job_commands
from tests.support.object_stores import FailingStore
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, WORKSPACE, Repositories, home, model_draft

ORDER = "default/jobs/order/"


@pytest.fixture
def workspace(bucket: ObjectStore) -> Workspace:
    return home()


def job(job_id: str, second: int = 0, **fields: Any) -> Job:
    made = new_job(job_id, job_commands.WaitingCommand())
    return made.model_copy(update={"created_at": f"2026-01-01T00:00:{second:02d}+00:00", **fields})


def arrival(job_id: str, second: int, series: str) -> Job:
    return job(job_id, second, kind="retrain", order={"series": series, "key": job_id})


def ids(workspace: Workspace, limit: int = 100, after: str | None = None) -> list[str]:
    return [found.job_id for found in list_jobs(workspace, limit, after)[0] if isinstance(found, Job)]


def without_order(workspace: Workspace) -> None:
    """Leave the bucket as an earlier version of Regatta does."""
    for folder in (ORDER, "default/models/.newest/"):
        workspace.objects.delete([item.key for item in workspace.objects.list(folder)])


def test_jobs_come_newest_first_whatever_their_ids(workspace: Workspace) -> None:
    for job_id, second in (("zzzzzzzz", 1), ("aaaaaaaa", 2), ("kkkkkkkk", 3), ("kkkkkkkkk", 3), ("00000000", 0)):
        workspace.jobs.create(job(job_id, second))
    newest_first = ["kkkkkkkkk", "kkkkkkkk", "aaaaaaaa", "zzzzzzzz", "00000000"]
    assert ids(workspace) == newest_first == [found.job_id for found in workspace.jobs.list()]
    assert (ids(workspace, 2), ids(workspace, 2, "kkkkkkkk")) == (newest_first[:2], newest_first[2:4])
    assert list_jobs(workspace, 2, "aaaaaaaa")[1] is None


def test_a_job_that_is_submitted_again_has_one_place(workspace: Workspace) -> None:
    for second in (1, 2):
        workspace.jobs.create(job("aaaaaaaa", second))
    assert len(list(workspace.objects.list(f"{ORDER}all/"))) == 1
    assert ids(workspace) == ["aaaaaaaa"]


def test_an_entry_without_a_job_and_a_damaged_job_are_passed_over(workspace: Workspace) -> None:
    for number in range(3):
        workspace.jobs.create(job(f"aaaaaaa{number}", number))
    workspace.objects.delete(["default/jobs/aaaaaaa2.json"])
    workspace.objects.put("default/jobs/aaaaaaa1.json", b"{")
    workspace.objects.put(f"{ORDER}all/rubbish", b"")
    assert ids(workspace) == ["aaaaaaa0"]


def test_a_page_says_which_of_its_jobs_cannot_be_read_and_shows_the_others(workspace: Workspace) -> None:
    for number in range(3):
        workspace.jobs.create(job(f"aaaaaaa{number}", number))
    newer = json.loads(workspace.objects.get("default/jobs/aaaaaaa2.json")) | {"format": 2}
    workspace.objects.put("default/jobs/aaaaaaa2.json", json.dumps(newer).encode())
    workspace.objects.put("default/jobs/aaaaaaa1.json", b"{")
    page, following = list_jobs(workspace, 9)
    reasons = {found.job_id: found.reason for found in page if isinstance(found, UnreadableJob)}
    assert "has format 2" in reasons["aaaaaaa2"]
    assert "default/jobs/aaaaaaa1.json is damaged" in reasons["aaaaaaa1"]
    assert (ids(workspace), following) == (["aaaaaaa0"], None)
    assert [found.job_id for found in workspace.jobs.list()] == ["aaaaaaa0"]


def test_the_page_after_a_job_comes_when_that_job_was_deleted(workspace: Workspace) -> None:
    for number in range(4):
        workspace.jobs.create(job(f"aaaaaaa{number}", number))
    page, following = list_jobs(workspace, 2)
    workspace.jobs.delete(page[-1].job_id)
    assert ids(workspace, 9, following) == ["aaaaaaa1", "aaaaaaa0"]


def test_the_jobs_of_an_earlier_version_are_listed_at_once(workspace: Workspace) -> None:
    for number in range(3):
        workspace.jobs.create(job(f"aaaaaaa{number}", number))
    workspace.jobs.create(arrival("bbbbbbbb", 5, "flats"))
    without_order(workspace)
    fresh = Repositories(workspace.objects).jobs()
    assert [found.job_id for found in fresh.page(9)[0]] == ["bbbbbbbb", "aaaaaaa2", "aaaaaaa1", "aaaaaaa0"]
    assert [found.job_id for found in fresh.undecided("flats")] == ["bbbbbbbb"]
    assert len(list(workspace.objects.list(f"{ORDER}all/"))) == 4


def test_too_many_jobs_of_an_earlier_version_get_their_places_after_the_answer(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed_jobs, "FEW", 2)
    for number in range(5):
        workspace.jobs.create(job(f"aaaaaaa{number}", number))
    without_order(workspace)
    calls: list[Callable[[], None]] = []
    fresh = Repositories(workspace.objects).jobs(calls.append)
    newest_first = [f"aaaaaaa{number}" for number in (4, 3, 2, 1, 0)]
    assert [found.job_id for found in fresh.page(9)[0]] == newest_first
    page, following = fresh.page(2)
    assert [found.job_id for found in page + fresh.page(9, following)[0]] == newest_first
    assert list(workspace.objects.list(f"{ORDER}all/")) == []
    fill = calls[0]
    fill()
    assert len(list(workspace.objects.list(f"{ORDER}all/"))) == 5
    assert [found.job_id for found in fresh.page(9)[0]] == newest_first


def test_a_series_knows_its_files_without_a_decision(workspace: Workspace) -> None:
    for second, job_id in enumerate(("aaaaaaaa", "bbbbbbbb", "cccccccc")):
        workspace.jobs.create(arrival(job_id, second, "flats"))
    workspace.jobs.create(arrival("dddddddd", 9, "houses"))
    workspace.jobs.change("bbbbbbbb", lambda _: {"status": "succeeded"})
    assert [found.job_id for found in workspace.jobs.undecided("flats")] == ["cccccccc", "aaaaaaaa"]
    assert len(list(workspace.objects.list(f"{ORDER}series/flats/"))) == 2
    workspace.jobs.delete("cccccccc")
    assert [found.job_id for found in workspace.jobs.undecided("flats")] == ["aaaaaaaa"]


def test_verifying_finds_a_job_without_its_place_and_rebuilding_gives_it_one(workspace: Workspace) -> None:
    for number in range(3):
        workspace.jobs.create(job(f"aaaaaaa{number}", number))
    ids(workspace)
    (first, *_) = workspace.objects.list(f"{ORDER}all/")
    workspace.objects.delete([first.key])
    workspace.objects.put(f"{ORDER}all/rubbish", b"")
    report = workspace.jobs.listed.verify()
    assert (report.documents, report.missing, report.gone, report.is_right) == (3, 1, 1, False)
    workspace.jobs.listed.rebuild(before=first.modified - 1)
    assert workspace.jobs.listed.verify().gone == 1  # it is too young to be sure of
    workspace.jobs.listed.rebuild(before=first.modified + 3600)
    report = workspace.jobs.listed.verify()
    assert (report.missing, report.gone, report.is_right) == (0, 0, True)


def publish(repositories: Repositories, name: str, second: int, model_type: str = "ridge") -> None:
    draft = model_draft(GRAPH_BYTES, PICKLE_BYTES, name, model_type=model_type)
    draft = draft.model_copy(update={"created_at": f"2026-01-01T00:00:{second:02d}+00:00", "job_id": f"{name}{second}"})
    repositories.models.publish(draft, {"model.onnx": GRAPH_BYTES, "pipeline.pkl": PICKLE_BYTES})


def test_the_newest_model_is_found_without_reading_the_others(bucket: ObjectStore) -> None:
    repositories = Repositories(bucket)
    for second, (name, model_type) in enumerate((("a", "ridge"), ("b", "lasso"), ("c", "ridge"))):
        publish(repositories, name, second, model_type)
    newest = repositories.models.newest
    assert [newest.name(kind) for kind in (None, "ridge", "lasso", "svr")] == ["c", "c", "b", None]
    repositories.models.delete("c")
    assert [newest.name(kind) for kind in (None, "ridge")] == ["b", "a"]
    repositories.models.rename("a", "z")
    assert newest.name("ridge") == "z"
    assert newest.verify().is_right
    assert newest.verify().gone == 0


@pytest.mark.parametrize("stray", ["0", "0-1-a", "0-abcdefg-a", "0-1-", "0-9999999", "0-9999999-"])
def test_what_is_no_entry_of_a_version_is_passed_over(bucket: ObjectStore, stray: str) -> None:
    repositories = Repositories(bucket)
    publish(repositories, "a", 1, "ridge")
    bucket.put(f"{WORKSPACE}/models/.newest/all/{stray}", b"")
    bucket.put(f"{WORKSPACE}/models/.newest/type/ridge/{stray}", b"")
    assert [repositories.models.newest.name(kind) for kind in (None, "ridge")] == ["a", "a"]


def test_the_models_of_an_earlier_version_are_found_at_once(bucket: ObjectStore) -> None:
    repositories = Repositories(bucket)
    for second, name in enumerate(("a", "b")):
        publish(repositories, name, second)
    bucket.delete([item.key for item in bucket.list("default/models/.newest/")])
    assert Repositories(bucket).models.newest.name("ridge") == "b"
    assert Repositories(bucket).models.newest.verify().missing == 0


def test_who_may_not_write_lists_the_jobs_of_an_earlier_version_all_the_same(workspace: Workspace) -> None:
    for number in range(3):
        workspace.jobs.create(job(f"aaaaaaa{number}", number))
    without_order(workspace)
    refusing = FailingStore(workspace.objects, "~")
    for _ in range(2):
        assert [found.job_id for found in Repositories(refusing).jobs().page(2)[0]] == ["aaaaaaa2", "aaaaaaa1"]
    assert list(workspace.objects.list(ORDER)) == []


def test_the_pages_of_a_type_are_those_of_the_model_that_began_them(bucket: ObjectStore) -> None:
    repositories = Repositories(bucket)
    for second in range(3):
        publish(repositories, "a", second)
    first = repositories.models.page(2, name="ridge")
    publish(repositories, "b", 5)  # the newest model of the type from now on
    repositories.models.newest.forget()
    second_page = repositories.models.page(2, first.last, "ridge")
    assert [(row.model_name, row.version) for row, _ in second_page.models] == [("a", 3)]
