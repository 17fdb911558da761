"""Models: numbered without gaps, whole or not there, published once by a job, and believed only with a signature."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from core.errors import BadSignatureError, NoSuchModelError, UnavailableError
from core.storage.artifacts import EVALUATION, GRAPH, PICKLE
from core.storage.s3.object_store import ObjectStore
from core.storage.signed_models import LENGTH_BYTES, decode_model
from core.storage.signing import sign
from core.storage.versions import MODEL_NAME, VersionId
from tests.support.model_versions import publish, publish_beside_manifest
from tests.support.object_stores import AtomicStore, FailingStore
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, WORKSPACE, Parts, model_draft


def manifest_key(version: int) -> str:
    return f"{WORKSPACE}/models/boat/{version}/manifest.json"


def file_key(parts: Parts, file: str, version: int = 1) -> str:
    return f"{WORKSPACE}/artifacts/{parts.models.manifest('boat', version).artifacts}/{file}"


def test_a_model_is_loaded_as_it_was_published(parts: Parts) -> None:
    assert publish(parts) == 1
    loaded = parts.models.load("boat", 1)
    assert loaded.graph == GRAPH_BYTES
    unplaced = loaded.manifest.model_copy(update={"signature": "", "version": 0, "artifacts": None})
    assert unplaced == model_draft(GRAPH_BYTES, PICKLE_BYTES)
    assert parts.models.file(loaded.manifest, PICKLE) == PICKLE_BYTES


def test_the_evaluation_is_there_where_training_wrote_one(parts: Parts) -> None:
    files = {GRAPH: GRAPH_BYTES, PICKLE: PICKLE_BYTES, EVALUATION: b'{"importance": [{"column": "\xe5\x9f\x8e"}]}'}
    parts.models.publish(model_draft(GRAPH_BYTES, PICKLE_BYTES), files)
    assert parts.models.evaluation("boat", 1) == {"importance": [{"column": "城"}]}
    publish(parts)
    assert parts.models.evaluation("boat", 2) is None


def test_versions_count_up_and_the_newest_serves(parts: Parts) -> None:
    assert [publish(parts) for _ in range(3)] == [1, 2, 3]
    assert parts.models.resolve("boat", None) == 3
    assert parts.models.manifest("boat").version == 3
    assert parts.models.manifest("boat", 1).version == 1
    assert publish(parts, "ship") == 1


def test_eight_trainings_at_once_get_eight_versions_and_one_champion(bucket: ObjectStore) -> None:
    numbers = at_once(bucket, 8, lambda parts, thread: publish(parts, body=b"graph of thread %d" % thread))
    assert sorted(numbers) == list(range(1, 9))
    fresh = Parts(bucket)
    assert fresh.models.resolve("boat", None) == 8
    for thread, number in enumerate(numbers):
        assert fresh.models.load("boat", number).graph == b"graph of thread %d" % thread


@pytest.mark.parametrize("ending", [GRAPH, PICKLE])
def test_files_that_cannot_be_stored_leave_nothing_behind(bucket: ObjectStore, ending: str) -> None:
    parts = Parts(bucket)
    publish(parts)
    before = parts.keys()
    with pytest.raises(UnavailableError):
        publish(Parts(FailingStore(bucket, ending)))
    assert parts.keys() == before
    assert publish(parts) == 2


@pytest.mark.parametrize("ending", ["manifest.json", "champion.json"])
def test_a_training_cut_off_before_its_end_leaves_the_old_version_serving_and_no_gap(
    bucket: ObjectStore, ending: str
) -> None:
    parts = Parts(bucket)
    publish(parts)
    with pytest.raises(UnavailableError):
        publish(Parts(FailingStore(bucket, ending)))
    stored = {"manifest.json": [1], "champion.json": [1, 2]}[ending]
    assert [manifest.version for manifest, _ in parts.models.page(10).models] == stored
    assert all(parts.models.load("boat", version).graph == GRAPH_BYTES for version in stored)
    assert parts.models.resolve("boat", None) == 1
    assert publish(parts) == len(stored) + 1
    assert parts.models.resolve("boat", None) == len(stored) + 1


def test_a_commit_whose_answer_was_lost_is_recognised(bucket: ObjectStore) -> None:
    """The store wrote the manifest and the connection broke; the client's second attempt meets the first one."""

    class Forgetful(ObjectStore):
        def create(self, key: str, body: bytes) -> str | None:
            super().create(key, body)
            return super().create(key, body)

    store = Forgetful(bucket.bucket, None)
    store._client = bucket.client
    assert [publish(Parts(store)), publish(Parts(store))] == [1, 2]
    assert [number.number for number in Parts(bucket).models._versions.listed()] == [1, 2]


def test_a_late_training_does_not_push_a_newer_version_aside(parts: Parts) -> None:
    publish(parts)
    publish(parts)
    parts.models._champions.promote("boat", 1)
    assert Parts(parts.objects).models.resolve("boat", None) == 2


def test_a_challenger_is_stored_and_does_not_serve(parts: Parts) -> None:
    files = {GRAPH: GRAPH_BYTES, PICKLE: PICKLE_BYTES}
    draft = model_draft(GRAPH_BYTES, PICKLE_BYTES)
    assert parts.models.publish(draft, files, promote=False).version == 1
    with pytest.raises(NoSuchModelError, match="No model 'boat' serves"):
        parts.models.resolve("boat", None)
    publish(parts)
    assert parts.models.publish(draft, files, promote=False).version == 3
    assert parts.models.resolve("boat", None) == 2
    assert parts.models.load("boat", 3).graph == GRAPH_BYTES


def test_a_job_publishes_once_under_a_name(parts: Parts) -> None:
    assert parts.models.published_by("boat", "job-1") is None
    assert publish(parts, job_id="job-1") == 1
    before = parts.keys()
    assert publish(parts, body=b"another fit of the same", job_id="job-1") == 1
    assert parts.keys() == before
    assert publish(parts, "ship", job_id="job-1") == 1
    assert publish(parts, job_id="job-10") == 2
    found = parts.models.published_by("boat", "job-1")
    assert found is not None
    assert found.version == 1


def test_a_job_killed_before_it_promoted_is_finished_by_its_next_delivery(bucket: ObjectStore) -> None:
    parts = Parts(bucket)
    publish(parts)
    with pytest.raises(UnavailableError):
        publish(Parts(FailingStore(bucket, "champion.json")), job_id="job-1")
    assert publish(parts, job_id="job-1") == 2
    assert parts.models.resolve("boat", None) == 2


def test_a_job_delivered_again_does_not_undo_a_rollback(parts: Parts) -> None:
    publish(parts)
    publish(parts, job_id="job-1")
    parts.models.choose("boat", 1)
    assert publish(parts, job_id="job-1") == 2
    assert parts.models.resolve("boat", None) == 1


def at_once(bucket: ObjectStore, count: int, act: Callable[[Parts, int], int]) -> list[int]:
    """What `act` returns in as many threads, each with stores of its own, all starting at the same moment."""
    barrier = Barrier(count)
    shared = AtomicStore(bucket)

    def run(number: int) -> int:
        parts = Parts(shared)
        barrier.wait()
        return act(parts, number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_a_job_that_four_workers_do_at_once_publishes_once(bucket: ObjectStore) -> None:
    assert at_once(bucket, 4, lambda parts, _: publish(parts, job_id="job-1")) == [1] * 4
    parts = Parts(bucket)
    # The files of those that came too late are gone.
    assert len(list(bucket.list(f"{WORKSPACE}/artifacts/"))) == 2
    assert parts.models.load("boat", 1).graph == GRAPH_BYTES


def test_what_a_killed_training_left_is_no_version_and_takes_no_number(parts: Parts) -> None:
    parts.objects.put(f"{WORKSPACE}/artifacts/0123/{GRAPH}", b"of a training that died")
    # As it was done before: the number was claimed by the graph.
    parts.objects.put(f"{WORKSPACE}/models/boat/1/{GRAPH}", b"of another one")
    assert parts.models.page(10).models == []
    assert publish(parts) == 1
    assert parts.models.load("boat", 1).graph == GRAPH_BYTES


def test_a_model_stored_beside_its_manifest_is_still_read(parts: Parts) -> None:
    publish_beside_manifest(parts, 3)
    assert parts.models.resolve("boat", None) == 3
    model = parts.models.load("boat", 3)
    assert (model.graph, model.manifest.artifacts) == (GRAPH_BYTES, None)
    assert parts.models.file(model.manifest, PICKLE) == PICKLE_BYTES
    assert parts.models.evaluation("boat", 3) is None
    assert publish(parts) == 4
    assert [(m.version, serves) for m, serves in parts.models.page(10).models] == [(3, False), (4, True)]


@pytest.mark.parametrize("damage", [b"{", b"[]", b"{}", b'{"version": 1}', b"\xff"])
def test_a_damaged_manifest_fails_only_itself(parts: Parts, damage: bytes) -> None:
    for _ in range(2):
        publish(parts)
    parts.objects.put(manifest_key(1), damage)
    assert [manifest.version for manifest, _ in parts.models.page(10).models] == [2]
    with pytest.raises(BadSignatureError, match="version 1 of model 'boat' is damaged"):
        parts.models.manifest("boat", 1)
    assert parts.models.resolve("boat", None) == 2
    assert publish(parts) == 3
    assert parts.models.delete("boat", 1) == [1]


def test_pages_go_by_name_and_number(parts: Parts) -> None:
    for _ in range(11):
        publish(parts)
    publish(parts, "a ship")
    publish(parts, "船")
    seen: list[tuple[str, int]] = []
    after, pages = None, 0
    while True:
        page = parts.models.page(4, after)
        seen += [(manifest.model_name, manifest.version) for manifest, _ in page.models]
        after, pages = page.last, pages + 1
        if after is None:
            break
    assert seen == [("a ship", 1), *(("boat", number) for number in range(1, 12)), ("船", 1)]
    assert pages == 4
    assert parts.models.page(13).last is None
    only = parts.models.page(100, VersionId("boat", 9), "boat")
    assert [manifest.version for manifest, _ in only.models] == [10, 11]
    assert parts.models.page(100, None, "bo").models == []
    assert Parts(parts.objects, workspace="elsewhere").models.page(100).models == []


@pytest.mark.parametrize("name", ["ship", "", "../boat", "boat/1", "boat\n"])
def test_a_model_that_is_not_there_says_so(parts: Parts, name: str) -> None:
    publish(parts)
    for version in (None, 1):
        with pytest.raises(NoSuchModelError):
            parts.models.manifest(name, version)
    with pytest.raises(NoSuchModelError):
        Parts(parts.objects, workspace="elsewhere").models.resolve("boat", None)


def test_a_version_that_is_not_there_is_named(parts: Parts) -> None:
    publish(parts)
    with pytest.raises(NoSuchModelError, match="no version 7"):
        parts.models.load("boat", 7)


def test_a_graph_that_was_changed_in_the_bucket_is_not_run(parts: Parts) -> None:
    publish(parts)
    parts.objects.put(file_key(parts, GRAPH), GRAPH_BYTES[:-1] + b"x")
    with pytest.raises(BadSignatureError, match="bytes"):
        parts.models.load("boat", 1)


@pytest.mark.parametrize(
    ("old", "new"), [(b'"ridge"', b'"lasso"'), (b'"version":1', b'"version":2'), (b"a note", b"no note")]
)
def test_a_manifest_that_was_changed_in_the_bucket_is_not_believed(parts: Parts, old: bytes, new: bytes) -> None:
    publish(parts)
    body = parts.objects.get(manifest_key(1))
    assert old in body
    parts.objects.put(manifest_key(1), body.replace(old, new))
    with pytest.raises(BadSignatureError, match="not signed"):
        parts.models.load("boat", 1)


def test_a_model_from_before_dates_is_still_believed(parts: Parts) -> None:
    """Its features have no format and its recipe only one handling; it was signed with the fields of its time."""
    publish(parts)
    stored = json.loads(parts.objects.get(manifest_key(1)))
    for feature in stored["features"]:
        assert feature.pop("format") is None
    stored["recipe"] = {"handle_missing": "median", "target_column": "y"}
    del stored["signature"]
    text = json.dumps(stored, sort_keys=True, ensure_ascii=False)
    old = {**stored, "signature": sign(text.encode())}
    body = json.dumps(old).encode()
    parts.objects.put(manifest_key(1), body)
    model = Parts(parts.objects).models.load("boat", 1)
    assert (model.manifest.features[0].format, model.manifest.recipe.columns) == (None, {})
    assert (
        decode_model(base64.b64encode(len(body).to_bytes(LENGTH_BYTES, "big") + body + GRAPH_BYTES).decode()) == model
    )
    parts.objects.put(manifest_key(1), json.dumps({**old, "target_column": "z"}).encode())
    with pytest.raises(BadSignatureError, match="not signed"):
        Parts(parts.objects).models.load("boat", 1)


def test_names_hold_chinese_and_blanks_and_no_paths() -> None:
    assert all(MODEL_NAME.fullmatch(name) for name in ("房价-ridge", "a b.c_d", "7"))
    assert not any(MODEL_NAME.fullmatch(name) for name in ("", ".", "..", "a/b", "-a", " a", "a\n", "a" * 101))
