"""Documents of the bucket that somebody else has written: one of them is no fault of ours, and hides no others."""

import httpx
import pytest

from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from functions.reconcile.handler import handler as reconcile
from tests.support.kept_objects import KeptObjects
from tests.support.lambda_context import LambdaContext
from tests.support.operations import prepare, train
from tests.support.process_state import connect_container
from tests.support.storage import WORKSPACE

# No JSON, JSON that no reader gets through, no object, none of ours, and one whose fields are of other types.
GARBAGE = [b"", b"[" * 100_000, b"[]", b"{}", b'{"version": 1e400, "file_id": 5, "name": 5, "filename": 5}']
DAMAGED = "urn:regatta:problem:damaged-document"
ROW = {"model_name": "boat", "data": {"x": 1.0, "z": 2.0}}


@pytest.fixture
def ids(handlers: httpx.Client, bucket: ObjectStore, kept_objects: KeptObjects) -> dict[str, str]:
    """A workspace with some of everything."""
    found: dict[str, str] = kept_objects.fill(bucket, lambda: prepare(handlers))
    return found


def put(bucket: ObjectStore, key: str, body: bytes) -> None:
    """Write into the bucket behind the back of the service."""
    bucket.put(f"{WORKSPACE}/{key}", body)
    connect_container(bucket)


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_a_damaged_document_is_named(
    handlers: httpx.Client, bucket: ObjectStore, ids: dict[str, str], garbage: bytes
) -> None:
    put(bucket, "models/boat/champion.json", garbage)
    put(bucket, "datasets/current.json", garbage)
    put(bucket, f"jobs/{ids['waiting']}.json", garbage)
    put(bucket, "series/tide/series.json", garbage)
    for answer in (
        handlers.post("/predict", json=ROW),
        handlers.get("/data/info"),
        handlers.get(f"/jobs/{ids['waiting']}"),
        handlers.get("/series/tide"),
    ):
        assert answer.json()["type"] == DAMAGED, answer.text


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_a_damaged_document_hides_no_others(
    handlers: httpx.Client, bucket: ObjectStore, ids: dict[str, str], garbage: bytes
) -> None:
    handlers.put("/series/wind", json={"window": 3})
    put(bucket, "models/raft/1/manifest.json", garbage)
    put(bucket, f"datasets/{ids['file']}/manifest.json", garbage)
    put(bucket, f"jobs/{ids['waiting']}.json", garbage)
    put(bucket, "series/tide/series.json", garbage)
    models = handlers.get("/model/trained").json()["models"]
    assert [(one["model_name"], one["version"]) for one in models] == [("boat", 1), ("boat", 2)]
    assert len(handlers.get("/data/files").json()["files"]) == 1
    assert [job["job_id"] for job in handlers.get("/jobs").json()["jobs"]] == [ids["cancelled"]]
    assert [series["name"] for series in handlers.get("/series").json()["series"]] == ["wind"]
    assert handlers.get("/system/status").status_code == 200


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_damaged_documents_stop_no_reconciling(
    handlers: httpx.Client, bucket: ObjectStore, ids: dict[str, str], garbage: bytes
) -> None:
    lost = train(handlers, "lost", Prefer="respond-async").json()["job_id"]
    for key in (
        "queue/reconciling.json",
        f"unfinished/{WORKSPACE}/note.json",
        f"{WORKSPACE}/jobs/{ids['waiting']}.json",
    ):
        bucket.put(key, garbage)
    connect_container(bucket)
    assert reconcile({}, LambdaContext())["complete"]
    assert container().workspace(WORKSPACE).jobs.read(lost) is not None


@pytest.mark.parametrize("garbage", [b"", b"[]", b'{"version": "x"}'])
def test_a_damaged_champion_is_named_hides_no_model_and_is_replaced_by_the_choice_of_another(
    handlers: httpx.Client, bucket: ObjectStore, ids: dict[str, str], garbage: bytes
) -> None:
    put(bucket, "models/boat/champion.json", garbage)
    listed = handlers.get("/model/trained").json()
    assert [(one["model_name"], one["serves"]) for one in listed["models"]] == [
        ("boat", False),
        ("boat", False),
        ("raft", True),
    ]
    assert listed["damaged"] == ["boat"]
    # A request that names no model means one that serves.
    assert handlers.get("/model/info").json()["model_name"] == "raft"
    assert handlers.post("/model/champion/boat", json={"version": 2}).status_code == 200
    assert handlers.post("/predict", json=ROW).json()["version"] == 2
    assert "damaged" not in handlers.get("/model/trained").json()
