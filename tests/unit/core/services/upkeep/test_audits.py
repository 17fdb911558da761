"""The janitor reads the manifests of a workspace page by page: there may be more of them than memory."""

import gc
from typing import Any
from weakref import WeakSet

import pytest

from core.jobs import service as jobs
from core.storage import manifest_index
from core.storage.manifest_index import ManifestIndex
from core.storage.s3.object_metadata import ObjectSummary
from core.storage.workspace import Workspace
from tests.support.job_commands import JobProbe, StepsCommand
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, model_draft
from tests.unit.core.services.upkeep.test_janitor import sweep

PAGE, MANIFESTS = 4, 30


class Manifest(dict[str, Any]):
    """An entry of which it is known whether it is in memory; each is equal to itself alone."""

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other


def test_no_more_than_a_page_of_manifests_is_in_memory(
    kept: Workspace, probe: JobProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, MANIFESTS + 1):
        draft = model_draft(GRAPH_BYTES, PICKLE_BYTES, f"boat{number % 3}", version=number, artifacts=f"{number:04}")
        key = f"default/models/{draft.model_name}/{number}/manifest.json"
        kept.objects.put(key, draft.model_dump_json().encode())
        kept.objects.put(f"default/datasets/0198c0ffee{number:02}/manifest.json", b'{"format": 1}')
        job = jobs.new_job(f"0198c0ffee{number:02}", StepsCommand())
        kept.objects.put(f"default/jobs/{job.job_id}.json", job.model_dump_json().encode())
    kept.objects.put("default/artifacts/left/model.onnx", b"left")
    alive: WeakSet[Manifest] = WeakSet()
    most = read = 0

    def fetch(index: ManifestIndex, keys: list[str]) -> dict[str, Any]:
        nonlocal most, read
        found = {key: Manifest(entry) for key, entry in fetched(index, keys).items()}
        gc.collect()  # what only a cycle still holds
        alive.update(found.values())
        most, read = max(most, len(alive)), read + len(found)
        return found

    fetched = ManifestIndex.fetch
    monkeypatch.setattr(ManifestIndex, "fetch", fetch)
    monkeypatch.setattr(manifest_index, "READ_TOGETHER", PAGE)
    gc.freeze()  # what is there already is none of the entries; looking through it each time takes many seconds
    try:
        assert [result.what for result in sweep()] == ["default/artifacts/left/"]
    finally:
        gc.unfreeze()
    assert read >= 3 * MANIFESTS
    # A page, the next one that is being read, and the last page of each kind that was read before.
    assert most <= 4 * PAGE < MANIFESTS


def test_a_page_of_large_manifests_has_fewer_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_index, "PAGE_BYTES", 100)
    items = [ObjectSummary(str(number), "", size, 0.0) for number, size in enumerate((60, 60, 500, 40, 40, 40))]
    pages = [[item.size for item in page] for page in manifest_index._pages(items)]
    assert pages == [[60], [60], [500], [40, 40], [40]]
