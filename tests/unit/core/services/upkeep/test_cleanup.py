"""A document that the janitor cannot read is logged, its dependants stay, and the cleanup goes on."""

import pytest

from core.storage.workspace import Workspace
from tests.support.storage import WORKSPACE
from tests.unit.core.services.upkeep.test_janitor import keys, sweep, train


@pytest.mark.parametrize("document", [b'{"format": 2}', b'{"status": 7}', b"{"], ids=["newer", "damaged", "no JSON"])
def test_what_cannot_be_read_counts_as_needed_and_does_not_stop_the_sweep(
    kept: Workspace, document: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    kept.objects.put(f"queue/{WORKSPACE}/0198c0ffee1", b"")
    kept.objects.put("default/jobs/0198c0ffee1.json", document)
    kept.objects.put("default/datasets/0198c0ffee2/source.csv", b"a\n1\n")
    kept.objects.put(f"uploads/{WORKSPACE}/0198c0ffee2.json", document)
    whole = keys()
    kept.objects.put("default/artifacts/0123/model.onnx", b"left")
    assert [(result.what, result.outcome) for result in sweep()] == [
        (f"uploads/{WORKSPACE}/0198c0ffee2.json", "kept"),
        ("default/artifacts/0123/", "done"),
    ]
    assert keys() == whole
    assert caplog.text.count(f"('{WORKSPACE}', '0198c0ffee1') stays") == 1


def test_a_manifest_that_cannot_be_read_is_logged_once(kept: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    kept.objects.put("default/models/boat/1/manifest.json", b'{"format": 2, "model_name": "boat"}')
    kept.objects.put("default/models/boat/2/manifest.json", b'{"model_name": "boat"}')
    assert sweep() == []
    messages = [record.getMessage() for record in caplog.records]
    assert len([message for message in messages if "ModelManifest" in message]) == 2


def test_versions_stay_while_a_job_that_cannot_be_read_may_need_them(
    kept: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        train(kept)
    kept.objects.put("default/jobs/0198c0ffee1.json", b'{"format": 2}')
    assert sweep() == []
    kept.objects.put("default/jobs/0198c0ffee1.json", b"{")
    assert sweep() == []
    assert "default/jobs/0198c0ffee1.json is damaged" in caplog.text
    kept.jobs.delete("0198c0ffee1")
    assert [result.what for result in sweep()] == ["boat version 1"]
