"""Models: numbered without gaps, whole or not there, published once by a job, and believed only with a signature."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from core.errors import BadSignatureError, NoSuchModelError, UnavailableError
from core.model_manifest import VersionId
from core.storage.artifacts import EVALUATION, GRAPH, PICKLE
from core.storage.s3.object_store import ObjectStore
from core.storage.signed_models import LENGTH_BYTES, decode_model
from core.storage.versions import MODEL_NAME
from tests.support.former_signatures import sign_before
from tests.support.model_versions import publish, publish_beside_manifest
from tests.support.object_stores import AtomicStore, FailingStore
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, WORKSPACE, Repositories, model_draft


def manifest_key(version: int) -> str:
    return f"{WORKSPACE}/models/boat/{version}/manifest.json"


def file_key(repositories: Repositories, file: str, version: int = 1) -> str:
    return f"{WORKSPACE}/artifacts/{repositories.models.manifest('boat', version).artifacts}/{file}"


def test_a_model_is_loaded_as_it_was_published(repositories: Repositories) -> None:
    assert publish(repositories) == 1
    loaded = repositories.models.load("boat", 1)
    assert loaded.graph == GRAPH_BYTES
    unplaced = loaded.manifest.model_copy(update={"signature": "", "version": 0, "artifacts": None})
    assert unplaced == model_draft(GRAPH_BYTES, PICKLE_BYTES)
    assert repositories.models.file(loaded.manifest, PICKLE) == PICKLE_BYTES


def test_the_evaluation_is_there_where_training_wrote_one(repositories: Repositories) -> None:
    files = {GRAPH: GRAPH_BYTES, PICKLE: PICKLE_BYTES, EVALUATION: b'{"importance": [{"column": "\xe5\x9f\x8e"}]}'}
    repositories.models.publish(model_draft(GRAPH_BYTES, PICKLE_BYTES), files)
    assert repositories.models.evaluation("boat", 1) == {"importance": [{"column": "城"}]}
    publish(repositories)
    assert repositories.models.evaluation("boat", 2) is None


def test_versions_count_up_and_the_newest_serves(repositories: Repositories) -> None:
    assert [publish(repositories) for _ in range(3)] == [1, 2, 3]
    assert repositories.models.resolve("boat", None) == 3
    assert repositories.models.manifest("boat").version == 3
    assert repositories.models.manifest("boat", 1).version == 1
    assert publish(repositories, "ship") == 1


@pytest.mark.parametrize("named", [None, "ridge"])
def test_of_two_models_of_one_second_the_later_is_the_newest(repositories: Repositories, named: str | None) -> None:
    publish(repositories, "old")  # as versions before 0.2 wrote it, without microseconds
    publish(repositories, "boat", created_us=7)
    publish(repositories, "boat", created_us=9)
    assert repositories.models.find(named) == VersionId("boat", 2)
    publish(repositories, "barge", created_us=10)
    publish(repositories, "a next second", created_at="2026-01-01T00:00:01+00:00", created_us=1)
    assert repositories.models.find(named) == VersionId("a next second", 1)
    repositories.models.delete("a next second")
    assert repositories.models.find(named) == VersionId("barge", 1)


def test_another_process_finds_the_newest_of_all_at_once(bucket: ObjectStore, repositories: Repositories) -> None:
    other = Repositories(bucket)
    publish(repositories, "boat", created_us=1)
    assert other.models.find(None).name == "boat"
    publish(repositories, "ship", created_us=2)
    assert other.models.find(None).name == "ship"


def test_eight_trainings_at_once_get_eight_versions_and_one_champion(bucket: ObjectStore) -> None:
    numbers = at_once(
        bucket, 8, lambda repositories, thread: publish(repositories, body=b"graph of thread %d" % thread)
    )
    assert sorted(numbers) == list(range(1, 9))
    fresh = Repositories(bucket)
    assert fresh.models.resolve("boat", None) == 8
    for thread, number in enumerate(numbers):
        assert fresh.models.load("boat", number).graph == b"graph of thread %d" % thread


@pytest.mark.parametrize("ending", [GRAPH, PICKLE])
def test_files_that_cannot_be_stored_leave_nothing_behind(bucket: ObjectStore, ending: str) -> None:
    repositories = Repositories(bucket)
    publish(repositories)
    before = repositories.keys()
    with pytest.raises(UnavailableError):
        publish(Repositories(FailingStore(bucket, ending)))
    assert repositories.keys() == before
    assert publish(repositories) == 2


@pytest.mark.parametrize("ending", ["manifest.json", "champion.json"])
def test_a_training_cut_off_before_its_end_leaves_the_old_version_serving_and_no_gap(
    bucket: ObjectStore, ending: str
) -> None:
    repositories = Repositories(bucket)
    publish(repositories)
    with pytest.raises(UnavailableError):
        publish(Repositories(FailingStore(bucket, ending)))
    stored = {"manifest.json": [1], "champion.json": [1, 2]}[ending]
    assert [manifest.version for manifest, _ in repositories.models.page(10).models] == stored
    assert all(repositories.models.load("boat", version).graph == GRAPH_BYTES for version in stored)
    assert repositories.models.resolve("boat", None) == 1
    assert publish(repositories) == len(stored) + 1
    assert repositories.models.resolve("boat", None) == len(stored) + 1


def test_a_commit_whose_answer_was_lost_is_recognised(bucket: ObjectStore) -> None:
    """The store wrote the manifest and the connection broke; the client's second attempt meets the first one."""

    class Forgetful(ObjectStore):
        def create(self, key: str, body: bytes) -> str | None:
            super().create(key, body)
            return super().create(key, body)

    store = Forgetful(bucket.bucket, None)
    store._client = bucket.client
    assert [publish(Repositories(store)), publish(Repositories(store))] == [1, 2]
    assert [number.number for number in Repositories(bucket).models._versions.listed()] == [1, 2]


def test_a_late_training_does_not_push_a_newer_version_aside(repositories: Repositories) -> None:
    publish(repositories)
    publish(repositories)
    repositories.models._champions.promote("boat", 1)
    assert Repositories(repositories.objects).models.resolve("boat", None) == 2


def test_a_challenger_is_stored_and_does_not_serve(repositories: Repositories) -> None:
    files = {GRAPH: GRAPH_BYTES, PICKLE: PICKLE_BYTES}
    draft = model_draft(GRAPH_BYTES, PICKLE_BYTES)
    assert repositories.models.publish(draft, files, promote=False).version == 1
    with pytest.raises(NoSuchModelError, match="No model 'boat' serves"):
        repositories.models.resolve("boat", None)
    publish(repositories)
    assert repositories.models.publish(draft, files, promote=False).version == 3
    assert repositories.models.resolve("boat", None) == 2
    assert repositories.models.load("boat", 3).graph == GRAPH_BYTES


def test_a_job_publishes_once_under_a_name(repositories: Repositories) -> None:
    assert repositories.models.published_by("boat", "job-1") is None
    assert publish(repositories, job_id="job-1") == 1
    before = repositories.keys()
    assert publish(repositories, body=b"another fit of the same", job_id="job-1") == 1
    assert repositories.keys() == before
    assert publish(repositories, "ship", job_id="job-1") == 1
    assert publish(repositories, job_id="job-10") == 2
    found = repositories.models.published_by("boat", "job-1")
    assert found is not None
    assert found.version == 1


def test_a_job_killed_before_it_promoted_is_finished_by_its_next_delivery(bucket: ObjectStore) -> None:
    repositories = Repositories(bucket)
    publish(repositories)
    with pytest.raises(UnavailableError):
        publish(Repositories(FailingStore(bucket, "champion.json")), job_id="job-1")
    assert publish(repositories, job_id="job-1") == 2
    assert repositories.models.resolve("boat", None) == 2


def test_a_job_delivered_again_does_not_undo_a_rollback(repositories: Repositories) -> None:
    publish(repositories)
    publish(repositories, job_id="job-1")
    repositories.models.choose("boat", 1)
    assert publish(repositories, job_id="job-1") == 2
    assert repositories.models.resolve("boat", None) == 1


def at_once(bucket: ObjectStore, count: int, act: Callable[[Repositories, int], int]) -> list[int]:
    """Call `act` in `count` threads at the same moment, each with repositories of its own, and return the results."""
    barrier = Barrier(count)
    shared = AtomicStore(bucket)

    def run(number: int) -> int:
        repositories = Repositories(shared)
        barrier.wait()
        return act(repositories, number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_a_job_that_four_workers_do_at_once_publishes_once(bucket: ObjectStore) -> None:
    assert at_once(bucket, 4, lambda repositories, _: publish(repositories, job_id="job-1")) == [1] * 4
    repositories = Repositories(bucket)
    # The files of those that came too late are gone.
    assert len(list(bucket.list(f"{WORKSPACE}/artifacts/"))) == 2
    assert repositories.models.load("boat", 1).graph == GRAPH_BYTES


def test_what_a_killed_training_left_is_no_version_and_takes_no_number(repositories: Repositories) -> None:
    repositories.objects.put(f"{WORKSPACE}/artifacts/0123/{GRAPH}", b"of a training that died")
    # As it was done before: the number was claimed by the graph.
    repositories.objects.put(f"{WORKSPACE}/models/boat/1/{GRAPH}", b"of another one")
    assert repositories.models.page(10).models == []
    assert publish(repositories) == 1
    assert repositories.models.load("boat", 1).graph == GRAPH_BYTES


def test_a_model_stored_beside_its_manifest_is_still_read(repositories: Repositories) -> None:
    publish_beside_manifest(repositories, 3)
    assert repositories.models.resolve("boat", None) == 3
    model = repositories.models.load("boat", 3)
    assert (model.graph, model.manifest.artifacts) == (GRAPH_BYTES, None)
    assert repositories.models.file(model.manifest, PICKLE) == PICKLE_BYTES
    assert repositories.models.evaluation("boat", 3) is None
    assert publish(repositories) == 4
    assert [(m.version, serves) for m, serves in repositories.models.page(10).models] == [(3, False), (4, True)]


@pytest.mark.parametrize("damage", [b"{", b"[]", b"{}", b'{"version": 1}', b"\xff"])
def test_a_damaged_manifest_fails_only_itself(repositories: Repositories, damage: bytes) -> None:
    for _ in range(2):
        publish(repositories)
    repositories.objects.put(manifest_key(1), damage)
    assert [manifest.version for manifest, _ in repositories.models.page(10).models] == [2]
    with pytest.raises(BadSignatureError, match="version 1 of model 'boat' is damaged"):
        repositories.models.manifest("boat", 1)
    assert repositories.models.resolve("boat", None) == 2
    assert publish(repositories) == 3
    assert repositories.models.delete("boat", 1) == [1]


def test_pages_go_by_name_and_number(repositories: Repositories) -> None:
    for _ in range(11):
        publish(repositories)
    publish(repositories, "a ship")
    publish(repositories, "船")
    seen: list[tuple[str, int]] = []
    after, pages = None, 0
    while True:
        page = repositories.models.page(4, after)
        seen += [(manifest.model_name, manifest.version) for manifest, _ in page.models]
        after, pages = page.last, pages + 1
        if after is None:
            break
    assert seen == [("a ship", 1), *(("boat", number) for number in range(1, 12)), ("船", 1)]
    assert pages == 4
    assert repositories.models.page(13).last is None
    only = repositories.models.page(100, VersionId("boat", 9), "boat")
    assert [manifest.version for manifest, _ in only.models] == [10, 11]
    assert repositories.models.page(100, None, "bo").models == []
    assert Repositories(repositories.objects, workspace="elsewhere").models.page(100).models == []


@pytest.mark.parametrize("name", ["ship", "", "../boat", "boat/1", "boat\n"])
def test_a_model_that_is_not_there_says_so(repositories: Repositories, name: str) -> None:
    publish(repositories)
    for version in (None, 1):
        with pytest.raises(NoSuchModelError):
            repositories.models.manifest(name, version)
    with pytest.raises(NoSuchModelError):
        Repositories(repositories.objects, workspace="elsewhere").models.resolve("boat", None)


def test_a_version_that_is_not_there_is_named(repositories: Repositories) -> None:
    publish(repositories)
    with pytest.raises(NoSuchModelError, match="no version 7"):
        repositories.models.load("boat", 7)


def test_a_graph_that_was_changed_in_the_bucket_is_not_run(repositories: Repositories) -> None:
    publish(repositories)
    repositories.objects.put(file_key(repositories, GRAPH), GRAPH_BYTES[:-1] + b"x")
    with pytest.raises(BadSignatureError, match="bytes"):
        repositories.models.load("boat", 1)


@pytest.mark.parametrize(
    ("old", "new"), [(b'"ridge"', b'"lasso"'), (b'"version":1', b'"version":2'), (b"a note", b"no note")]
)
def test_a_manifest_that_was_changed_in_the_bucket_is_not_believed(
    repositories: Repositories, old: bytes, new: bytes
) -> None:
    publish(repositories)
    body = repositories.objects.get(manifest_key(1))
    assert old in body
    repositories.objects.put(manifest_key(1), body.replace(old, new))
    with pytest.raises(BadSignatureError, match="not signed"):
        repositories.models.load("boat", 1)


def test_a_model_from_before_dates_is_still_believed(repositories: Repositories) -> None:
    """Its features have no format and its recipe only one handling; it was signed with the fields of its time."""
    publish(repositories)
    stored = json.loads(repositories.objects.get(manifest_key(1)))
    for feature in stored["features"]:
        assert feature.pop("format") is None
    stored["recipe"] = {"handle_missing": "median", "target_column": "y"}
    del stored["signature"]
    text = json.dumps(stored, sort_keys=True, ensure_ascii=False)
    old = {**stored, "signature": sign_before(text.encode())}
    body = json.dumps(old).encode()
    repositories.objects.put(manifest_key(1), body)
    model = Repositories(repositories.objects).models.load("boat", 1)
    assert (model.manifest.features[0].format, model.manifest.recipe.columns) == (None, {})
    kept = decode_model(
        base64.b64encode(len(body).to_bytes(LENGTH_BYTES, "big") + body + GRAPH_BYTES).decode(), WORKSPACE
    )
    signature = {"signature": model.manifest.signature}
    assert replace(kept, manifest=kept.manifest.model_copy(update=signature)) == model
    repositories.objects.put(manifest_key(1), json.dumps({**old, "target_column": "z"}).encode())
    with pytest.raises(BadSignatureError, match="not signed"):
        Repositories(repositories.objects).models.load("boat", 1)


def test_names_hold_chinese_and_blanks_and_no_paths() -> None:
    assert all(MODEL_NAME.fullmatch(name) for name in ("房价-ridge", "a b.c_d", "7"))
    assert not any(MODEL_NAME.fullmatch(name) for name in ("", ".", "..", "a/b", "-a", " a", "a\n", "a" * 101))
