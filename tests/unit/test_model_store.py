"""Models: numbered without gaps, one champion, whole or not there, and believed only with a signature."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from core.errors import BadSignatureError, NoSuchModelError, UnavailableError
from core.storage.models import GRAPH, LENGTH_BYTES, MODEL_NAME, PICKLE, StoredModel, seal, unseal
from core.storage.objects import ObjectStore
from core.storage.signing import sign
from tests.unit.storing import WORKSPACE, Atomic, Failing, Parts, model_draft

BODY, PICKLED = b"graph" * 100, b"pickle"


def publish(parts: Parts, name: str = "boat", body: bytes = BODY) -> int:
    return parts.models.publish(WORKSPACE, model_draft(body, PICKLED, name), body, PICKLED).version


def key(version: int, file: str) -> str:
    return f"{WORKSPACE}/models/boat/{version}/{file}"


def test_a_model_is_loaded_as_it_was_published(parts: Parts) -> None:
    assert publish(parts) == 1
    loaded = parts.models.load(WORKSPACE, "boat", 1)
    assert loaded.graph == BODY
    assert loaded.manifest.model_copy(update={"signature": "", "version": 0}) == model_draft(BODY, PICKLED)
    assert parts.objects.get(key(1, PICKLE)) == PICKLED


def test_versions_count_up_and_the_newest_serves(parts: Parts) -> None:
    assert [publish(parts) for _ in range(3)] == [1, 2, 3]
    assert parts.models.champion(WORKSPACE, "boat") == 3
    assert parts.models.manifest(WORKSPACE, "boat").version == 3
    assert parts.models.manifest(WORKSPACE, "boat", 1).version == 1
    assert publish(parts, "ship") == 1


def test_eight_trainings_at_once_get_eight_versions_and_one_champion(bucket: ObjectStore) -> None:
    barrier = Barrier(8)
    shared = Atomic(bucket)
    stores = [Parts(shared) for _ in range(8)]

    def run(number: int) -> tuple[int, bytes]:
        body = b"graph of thread %d" % number
        barrier.wait()
        return publish(stores[number], body=body), body

    with ThreadPoolExecutor(8) as pool:
        published = dict(pool.map(run, range(8)))
    assert sorted(published) == list(range(1, 9))
    fresh = Parts(bucket)
    assert fresh.models.champion(WORKSPACE, "boat") == 8
    assert {v: fresh.models.load(WORKSPACE, "boat", v).graph for v in published} == published


@pytest.mark.parametrize("ending", [PICKLE, "manifest.json"])
def test_a_write_that_fails_leaves_nothing_behind_and_the_number_free(bucket: ObjectStore, ending: str) -> None:
    parts = Parts(bucket)
    publish(parts)
    before = parts.keys()
    with pytest.raises(UnavailableError):
        publish(Parts(Failing(bucket, ending)))
    assert parts.keys() == before
    assert parts.models.champion(WORKSPACE, "boat") == 1
    assert publish(parts) == 2


def test_a_late_training_does_not_push_a_newer_version_aside(parts: Parts) -> None:
    publish(parts)
    publish(parts)
    parts.models._promote(WORKSPACE, "boat", 1)
    assert Parts(parts.objects).models.champion(WORKSPACE, "boat") == 2


def test_a_claim_without_a_manifest_is_no_version(parts: Parts) -> None:
    parts.objects.put(key(1, GRAPH), b"of a training that died")
    assert parts.models.versions(WORKSPACE, "boat") == []
    assert publish(parts) == 2
    assert [manifest.version for manifest in parts.models.list(WORKSPACE)] == [2]


@pytest.mark.parametrize("name", ["ship", "", "../boat", "boat/1", "boat\n"])
def test_a_model_that_is_not_there_says_so(parts: Parts, name: str) -> None:
    publish(parts)
    for version in (None, 1):
        with pytest.raises(NoSuchModelError):
            parts.models.manifest(WORKSPACE, name, version)
    with pytest.raises(NoSuchModelError):
        parts.models.champion("other", "boat")


def test_a_version_that_is_not_there_is_named(parts: Parts) -> None:
    publish(parts)
    with pytest.raises(NoSuchModelError, match="no version 7"):
        parts.models.load(WORKSPACE, "boat", 7)


def test_a_graph_that_was_changed_in_the_bucket_is_not_run(parts: Parts) -> None:
    publish(parts)
    parts.objects.put(key(1, GRAPH), BODY[:-1] + b"x")
    with pytest.raises(BadSignatureError, match="bytes"):
        parts.models.load(WORKSPACE, "boat", 1)


@pytest.mark.parametrize(
    ("old", "new"), [(b'"ridge"', b'"lasso"'), (b'"version":1', b'"version":2'), (b"a note", b"no note")]
)
def test_a_manifest_that_was_changed_in_the_bucket_is_not_believed(parts: Parts, old: bytes, new: bytes) -> None:
    publish(parts)
    body = parts.objects.get(key(1, "manifest.json"))
    assert old in body
    parts.objects.put(key(1, "manifest.json"), body.replace(old, new))
    with pytest.raises(BadSignatureError, match="not signed"):
        parts.models.load(WORKSPACE, "boat", 1)


def test_a_model_from_before_dates_is_still_believed(parts: Parts) -> None:
    """Its features have no format and its recipe only one handling; it was signed with the fields of its time."""
    publish(parts)
    stored = json.loads(parts.objects.get(key(1, "manifest.json")))
    for feature in stored["features"]:
        assert feature.pop("format") is None
    stored["recipe"] = {"handle_missing": "median", "target_column": "y"}
    del stored["signature"]
    text = json.dumps(stored, sort_keys=True, ensure_ascii=False)
    old = {**stored, "signature": sign(text.encode())}
    body = json.dumps(old).encode()
    parts.objects.put(key(1, "manifest.json"), body)
    model = Parts(parts.objects).models.load(WORKSPACE, "boat", 1)
    assert (model.manifest.features[0].format, model.manifest.recipe.columns) == (None, {})
    assert unseal(base64.b64encode(len(body).to_bytes(LENGTH_BYTES, "big") + body + BODY).decode()) == model
    parts.objects.put(key(1, "manifest.json"), json.dumps({**old, "target_column": "z"}).encode())
    with pytest.raises(BadSignatureError, match="not signed"):
        Parts(parts.objects).models.load(WORKSPACE, "boat", 1)


def test_a_sealed_model_comes_back_whole(parts: Parts) -> None:
    publish(parts)
    model = parts.models.load(WORKSPACE, "boat", 1)
    assert unseal(seal(model)) == model


def test_no_byte_of_a_sealed_model_may_change(parts: Parts) -> None:
    publish(parts)
    sealed = base64.b64decode(seal(parts.models.load(WORKSPACE, "boat", 1)))
    for position in [*range(0, len(sealed), 29), len(sealed) - 1]:
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(BadSignatureError):
            unseal(base64.b64encode(changed).decode())


@pytest.mark.parametrize(
    "text", ["", "no base64 at all", "AAAA", "/////w==", "船", base64.b64encode(b"\0\0\0\2{}").decode()]
)
def test_what_was_never_sealed_is_refused(settled: None, text: str) -> None:
    with pytest.raises(BadSignatureError):
        unseal(text)


def test_an_unsigned_model_is_refused(settled: None) -> None:
    with pytest.raises(BadSignatureError):
        unseal(seal(StoredModel(model_draft(BODY, PICKLED, version=1), BODY)))


def test_names_hold_chinese_and_blanks_and_no_paths() -> None:
    assert all(MODEL_NAME.fullmatch(name) for name in ("房价-ridge", "a b.c_d", "7"))
    assert not any(MODEL_NAME.fullmatch(name) for name in ("", ".", "..", "a/b", "-a", " a", "a\n", "a" * 101))
