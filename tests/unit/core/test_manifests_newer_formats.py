"""A bucket that a newer version wrote: every document of a newer format is named, and nothing of it is removed."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import NewerFormatError
from core.manifests import DatasetManifest
from core.model_manifest import ModelManifest
from core.services.upkeep.cleanup import DAY
from core.services.upkeep.janitor import clean_up
from core.storage.artifacts import GRAPH, PICKLE
from core.storage.container import container
from core.storage.job_repository import Job
from core.storage.s3.object_store import ObjectStore
from core.storage.series_repository import Series
from core.storage.tickets import Ticket
from core.stored_document import FormattedDocument
from tests.support.process_state import connect_container
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, add_dataset, dataset_manifest, home, model_draft


@pytest.fixture
def newer(bucket: ObjectStore) -> Callable[[], int]:
    """A bucket with a dataset and a model; the call rewrites both manifests as a newer version would."""
    connect_container(bucket)
    add_dataset(home().datasets, dataset_manifest(), {"source.csv": b"a\n1\n"})
    home().models.publish(model_draft(GRAPH_BYTES, PICKLE_BYTES, "boat"), {GRAPH: GRAPH_BYTES, PICKLE: PICKLE_BYTES})

    def rewrite() -> int:
        keys = [item.key for item in container().objects.list("") if item.key.endswith("/manifest.json")]
        for key in keys:
            body = container().objects.get(key)
            container().objects.put(key, json.dumps(json.loads(body) | {"format": 2}).encode())
        connect_container(bucket)
        return len(keys)

    return rewrite


def test_a_manifest_of_a_newer_format_is_named_and_never_passed_over(newer: Callable[[], int]) -> None:
    assert newer() == 2
    reads: list[Callable[[], Any]] = [
        lambda: home().models.manifest("boat"),
        lambda: home().models.page(10),
        lambda: home().datasets.manifest(dataset_manifest().file_id),
        home().datasets.list,
    ]
    for read in reads:
        with pytest.raises(NewerFormatError, match="has format 2, and this version of Regatta reads formats up to 1"):
            read()


def test_the_janitor_leaves_what_a_newer_version_wrote_alone(
    newer: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    newer()
    before = {item.key for item in container().objects.list("")}
    list(clean_up(container(), now=time.time() + 100 * DAY))
    assert {item.key for item in container().objects.list("")} == before
    assert "The stored ModelManifest 'boat' has format 2" in caplog.text


@pytest.mark.parametrize("kind", [DatasetManifest, ModelManifest, Series, Ticket, Job])
def test_every_document_with_a_format_refuses_a_newer_one_before_anything_else(kind: type[FormattedDocument]) -> None:
    for read in (kind.model_validate, lambda document: kind.model_validate_json(json.dumps(document))):
        with pytest.raises(NewerFormatError):
            read({"format": 2, "entirely": "different"})
