"""The janitor: what nobody needs any more goes, with a reason; what is in use or in flight stays."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.jobs import service as jobs
from core.jobs.commands import IngestCommand
from core.jobs.worker import run_job
from core.manifests import Reading
from core.services.datasets import uploads as uploading
from core.services.handlers import HANDLERS
from core.services.upkeep.cleanup import DAY
from core.services.upkeep.janitor import CleanupResult, clean_up
from core.settings import settings
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from core.storage.series_repository import Arrival
from core.storage.workspace import Workspace
from core.telemetry import metrics
from core.telemetry.shared_metrics import SharedMetrics
from functions.janitor.handler import handler
from tests.support.job_commands import JobProbe, StepsCommand
from tests.support.lambda_context import LambdaContext
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, WORKSPACE, add_dataset, dataset_manifest, home, model_draft

LATER = 3 * DAY


def sweep(after: float = LATER, *, dry_run: bool = False) -> list[CleanupResult]:
    """Return the results of a cleanup after so many seconds."""
    return list(clean_up(container(), dry_run=dry_run, now=time.time() + after))


def keys() -> set[str]:
    return {item.key for item in container().objects.list("")}


def train(kept: Workspace, name: str = "boat", *, promote: bool = True, **changes: object) -> int:
    files = {"model.onnx": GRAPH_BYTES, "model.pkl": PICKLE_BYTES}
    return kept.models.publish(model_draft(*files.values(), name, **changes), files, promote=promote).version


def test_what_is_in_use_stays_whatever_its_age(kept: Workspace, probe: JobProbe) -> None:
    add_dataset(kept.datasets, dataset_manifest(), {"source.csv": b"a\n1\n"})
    train(kept)
    job = jobs.submit_job(home(), StepsCommand())
    kept.objects.put("incoming/default/flats/a.csv", b"a\n1\n")
    kept.series.change("flats", lambda series: series)
    before = keys()
    assert sweep() == []
    assert keys() == before
    assert f"queue/{WORKSPACE}/{job.job_id}" in before


def test_a_dry_run_lists_with_reason_and_bytes_and_removes_nothing(kept: Workspace) -> None:
    kept.objects.put("default/artifacts/0123/model.onnx", b"12345")
    before = keys()
    (found,) = sweep(dry_run=True)
    assert found == CleanupResult("default/artifacts/0123/", "no model names these files", 5, "found")
    assert keys() == before
    assert [result.outcome for result in sweep()] == ["done"]
    assert keys() == set()


def test_files_without_a_manifest_go_after_a_day(kept: Workspace) -> None:
    train(kept)
    left = {
        "default/artifacts/0123/model.onnx",
        "default/artifacts/0123/model.pkl",
        "default/datasets/0198c0ffee9/source.csv",
        "default/models/boat/7/model.onnx",
    }
    whole = keys()
    for key in left:
        kept.objects.put(key, b"left")
    assert sweep(DAY - 60) == []
    assert {result.what for result in sweep(DAY + 60)} == {key.rpartition("/")[0] + "/" for key in left}
    assert keys() == whole


def test_the_number_of_a_deleted_version_stays_taken(kept: Workspace) -> None:
    train(kept)
    train(kept)
    kept.models.delete("boat", 1)
    kept.objects.put("default/models/boat/1/model.onnx", b"left by a deletion")
    assert [result.what for result in sweep()] == ["default/models/boat/1/"]
    assert "default/models/boat/1/manifest.json" in keys()
    assert train(kept) == 3


def test_a_damaged_manifest_may_name_any_files_so_none_go(kept: Workspace) -> None:
    train(kept)
    kept.objects.put("default/artifacts/0123/model.onnx", b"whose?")
    for damage in (b"{", b"[]", b'{"model_name": "boat"}'):
        kept.objects.put("default/models/boat/2/manifest.json", damage)
        assert sweep() == []
    kept.objects.delete(["default/models/boat/2/manifest.json"])
    assert [result.outcome for result in sweep()] == ["done"]


def test_files_that_a_model_came_to_name_meanwhile_stay(kept: Workspace) -> None:
    kept.objects.put("default/artifacts/0123/model.onnx", GRAPH_BYTES)
    found = clean_up(container(), now=time.time() + LATER)
    audit = kept.index["models"].audit

    def commits_first(*since: float) -> object:
        if since:  # the second look, right before the files go
            kept.models._versions.commit(model_draft(GRAPH_BYTES, PICKLE_BYTES, artifacts="0123"), 1, once_a_job=True)
        return audit(*since)

    kept.index["models"].audit = commits_first
    assert [result.outcome for result in found] == ["kept"]
    assert "default/artifacts/0123/model.onnx" in keys()


def test_an_ingestion_that_is_tried_again_keeps_what_it_has_sent(kept: Workspace) -> None:
    key = "default/datasets/0198c0ffee9/source.csv"
    kept.objects.put(key, b"sent by a killed attempt")
    finding = next(iter(_findings()))
    kept.objects.put(key, b"sent by its next attempt")
    assert finding.do() is False
    assert key in keys()


def _findings() -> Iterator[object]:
    from core.services.upkeep import orphans

    return orphans.datasets(home(), time.time() + LATER)


def test_uploads_that_ran_out_go_with_their_parts(kept: Workspace) -> None:
    form = uploading.start_upload(home(), "b.csv", 9, Reading())
    kept.objects.put(f"uploads/{WORKSPACE}/{form.ticket.file_id}.csv", b"a\n1\n")
    assert sweep(DAY) == []
    uploading.start_upload(home(), "a.csv", 9, Reading(), "multipart")  # moto says that it was begun in 2010
    assert [result.outcome for result in sweep(3 * DAY)] == ["done"] * 4
    assert keys() == set()
    assert list(kept.objects.open_parts()) == []


def test_an_upload_that_is_being_ingested_stays(kept: Workspace) -> None:
    file_id = uploading.start_upload(home(), "b.csv", 9, Reading()).ticket.file_id
    kept.objects.put(f"uploads/{WORKSPACE}/{file_id}.csv", b"a\n1\n")
    job = jobs.new_job(file_id, IngestCommand(file_id=file_id, filename="b.csv"))
    leased = job.model_copy(update={"status": "running", "owner": "x", "leased_until": time.time() + 60})
    kept.uploads.change(file_id, lambda _: {"job": leased})
    assert [result.outcome for result in sweep()] == ["kept", "kept"]
    assert kept.uploads.is_received(file_id)


def test_exports_go_when_no_url_of_theirs_works_any_more(kept: Workspace, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(b"a\n1\n")
    kept.exports.store("table.csv", tmp_path / "table.csv", "text/csv")
    assert sweep(DAY) == []
    assert [result.reason for result in sweep(DAY + 3660)] == ["it was kept for a day"]


def test_old_versions_go_but_never_the_champion_nor_what_is_newer(kept: Workspace) -> None:
    for _ in range(5):
        train(kept)
    kept.models.choose("boat", 3)  # a rollback
    assert [result.what for result in sweep()] == ["boat version 2", "boat version 1"]
    assert [n.version for n, _ in kept.models.page(9).models] == [3, 4, 5]


def test_versions_of_today_and_those_a_job_waits_for_stay(kept: Workspace, probe: JobProbe) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    train(kept)
    for _ in range(3):
        train(kept, created_at=now)
    job = jobs.submit_job(home(), StepsCommand(model_name="boat", version=1))
    assert sweep(DAY / 2) == []
    run_job(home(), job.job_id, HANDLERS, seconds=9)
    assert [result.what for result in sweep(DAY / 2)] == ["boat version 1"]


def test_all_versions_are_kept_where_nobody_says_how_many(kept: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_KEEP_VERSIONS", "0")
    settings.cache_clear()
    for _ in range(4):
        train(kept)
    assert sweep() == []


def test_a_version_that_is_chosen_at_the_last_moment_stays(kept: Workspace) -> None:
    for _ in range(3):
        train(kept)
    found = clean_up(container(), now=time.time() + LATER)
    delete = kept.models.delete

    def chosen_first(*arguments: object) -> object:
        kept.models.choose("boat", 1)
        return delete(*arguments)

    kept.models.delete = chosen_first
    assert [result.outcome for result in found] == ["kept"]
    assert kept.models.load("boat", 1).manifest.version == 1


def test_a_deletion_that_was_interrupted_is_finished(kept: Workspace) -> None:
    train(kept)
    train(kept)
    kept.models._champions.withdraw("boat", [1], serving_too=False)
    assert [(result.reason, result.outcome) for result in sweep(0)] == [("its deletion was interrupted", "done")]
    assert sweep(0) == []


def test_a_model_that_is_getting_another_name_keeps_its_files(kept: Workspace) -> None:
    train(kept)
    kept.models._champions.claim("boat", "ship")
    moved = kept.models._changes._move("boat", "ship", kept.models._changes._movable("boat"))
    kept.models._champions.settle("boat", "ship", moved)  # and is killed
    assert [result.outcome for result in sweep()] == ["kept"]
    kept.models.rename("boat", "ship")
    assert kept.models.load("ship", 1).graph == GRAPH_BYTES
    assert sweep() == []


def test_jobs_go_a_month_after_they_were_over(kept: Workspace, probe: JobProbe) -> None:
    done, waiting = (jobs.submit_job(home(), StepsCommand()) for _ in range(2))
    run_job(home(), done.job_id, HANDLERS, seconds=9)
    assert [result.what for result in sweep(29 * DAY)] == [f"queue/{WORKSPACE}/{done.job_id}"]
    assert [result.what for result in sweep(31 * DAY)] == [f"job {done.job_id}"]
    assert [job.job_id for job in jobs.list_jobs(home(), 9)[0]] == [waiting.job_id]


def test_the_job_of_a_file_in_a_series_stays_as_long_as_the_file(kept: Workspace, probe: JobProbe) -> None:
    key = "incoming/default/flats/a.csv"
    kept.objects.put(key, b"a\n1\n")
    job = jobs.submit_job(home(), StepsCommand(key=key))
    run_job(home(), job.job_id, HANDLERS, seconds=9)
    kept.objects.delete([f"queue/{WORKSPACE}/{job.job_id}"])
    assert sweep(31 * DAY) == []
    kept.objects.delete([key])
    assert [result.outcome for result in sweep(31 * DAY)] == ["done"]


def test_two_janitors_at_a_time_harm_nothing(kept: Workspace) -> None:
    train(kept)
    whole = keys()
    for number in range(30):
        kept.objects.put(f"default/artifacts/{number:04}/model.onnx", b"left")
        kept.objects.put(f"default/datasets/0198c0ffee{number:02}/source.csv", b"left")
    with ThreadPoolExecutor(2) as janitors:
        outcomes = [result.outcome for done in janitors.map(lambda _: sweep(), range(2)) for result in done]
    assert keys() == whole
    assert "failed" not in outcomes
    assert outcomes.count("done") >= 60


def test_one_thing_that_cannot_go_does_not_keep_the_rest(kept: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.errors import UnavailableError

    for number in range(3):
        kept.objects.put(f"default/artifacts/{number:04}/model.onnx", b"left")
    delete = kept.objects.delete

    def delete_or_fail(keys: list[str]) -> None:
        if "0001" in keys[0]:
            raise UnavailableError("The object store did not answer.")
        delete(keys)

    monkeypatch.setattr(kept.objects, "delete", delete_or_fail)
    assert [result.outcome for result in sweep()] == ["done", "failed", "done"]


def test_the_function_does_the_same_and_stops_in_time(kept: Workspace) -> None:
    kept.exports._objects.put("exports/default/old", b"x")
    assert handler({}, LambdaContext()) == {}
    for number in range(3):
        kept.objects.put(f"default/models/boat/{number}/manifest.json", json.dumps({}).encode())
    assert handler({}, LambdaContext(seconds=1)) == {}


def test_the_function_measures_how_series_stand(bucket: ObjectStore) -> None:
    renewed = datetime.now(UTC) - timedelta(days=2)
    arrival = Arrival(
        job_id="0198c0ffee1",
        file_id="0198c0ffee1",
        key="incoming/default/strength/a.csv",
        etag="1",
        filename="a.csv",
        size_bytes=1,
        last_modified=renewed.isoformat(),
        state="accepted",
        promoted=True,
        reason="",
        decided_at=renewed.isoformat(timespec="seconds"),
    )
    home().series.change("strength", lambda series: series.with_arrival(arrival))
    before, own = metrics.recorder(), SharedMetrics(None)
    metrics.record_with(own)
    try:
        handler({}, LambdaContext())
    finally:
        metrics.record_with(before)
    assert own.totals()["series_held",] == 0
    assert own.totals()["champion_age_seconds",] == pytest.approx(2 * 86400, abs=3600)


def test_tasks_stay_a_week_for_the_retry_of_their_job(kept: Workspace, probe: JobProbe) -> None:
    job_id = jobs.submit_job(home(), StepsCommand()).job_id
    kept.objects.put(f"{kept.tasks.folder(job_id)}done/000000.json", b"{}")
    assert sweep(9 * DAY) == []
    jobs.cancel_job(home(), job_id)
    tasks = "its job is over", "done"
    assert tasks not in {(found.reason, found.outcome) for found in sweep(6 * DAY) if "/tasks/" in found.what}
    assert tasks in {(found.reason, found.outcome) for found in sweep(8 * DAY) if "/tasks/" in found.what}
    assert not any("/tasks/" in key for key in keys())
