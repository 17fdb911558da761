"""What happens to a model after training: rolled back, renamed, deleted, at any moment cut off, and never half so."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import (
    BadSignatureError,
    ConflictError,
    InvalidInputError,
    ModelServesError,
    NameTakenError,
    NoSuchModelError,
    UnavailableError,
)
from core.storage.artifacts import GRAPH, PICKLE
from core.storage.champions import CHAMPION_SECONDS, ServingState
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import (
    GRAPH_BYTES,
    PICKLE_BYTES,
    WORKSPACE,
    Parts,
    model_draft,
    publish,
    publish_as_before,
)


class Limited(ObjectStore):
    """The same bucket, which a process is cut off from after some writes, as if it was killed."""

    def __init__(self, store: ObjectStore, writes: int) -> None:
        super().__init__(store.bucket, None)
        self._client = store.client
        self._left = iter(range(writes))

    def _count(self) -> None:
        if next(self._left, None) is None:
            raise UnavailableError("gone")

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        self._count()
        return super().put(key, body, content_type)

    def _put_if(self, key: str, body: bytes, condition: dict[str, Any]) -> str | None:
        self._count()
        return super()._put_if(key, body, condition)

    def copy(self, source: str, key: str) -> None:
        self._count()
        super().copy(source, key)

    def delete(self, keys: Any) -> None:
        keys = list(keys)
        if keys:
            self._count()
        super().delete(keys)


def versions(parts: Parts, name: str = "boat") -> dict[int, bytes]:
    """The graphs of a name by number, each loaded with its signature checked."""
    listed = [manifest for manifest, _ in parts.models.page(100, None, name).models]
    assert all(manifest.model_name == name for manifest in listed)
    return {m.version: parts.models.load(name, m.version).graph for m in listed}


def serving(parts: Parts, name: str) -> int | None:
    return Parts(parts.objects).models.serving(name)


def trained(parts: Parts, count: int, name: str = "boat") -> dict[int, bytes]:
    """That many versions, each with a graph of its own."""
    graphs = {number: b"%s %d" % (name.encode(), number) for number in range(1, count + 1)}
    for graph in graphs.values():
        publish(parts, name, graph)
    return graphs


def interruptions(bucket: ObjectStore) -> Iterator[tuple[int, Parts]]:
    """An empty bucket that is lost after 0 writes, after 1, and so on."""
    for writes in range(100):
        bucket.delete([item.key for item in bucket.list("")])
        yield writes, Parts(Limited(bucket, writes))
    raise AssertionError("It never came to an end.")


def test_an_older_version_serves_again_and_training_goes_on_counting(parts: Parts) -> None:
    trained(parts, 3)
    assert parts.models.choose("boat", 1) == 3
    assert parts.models.resolve("boat", None) == 1
    assert parts.models.choose("boat", 1) == 1
    assert publish(parts) == 4
    assert parts.models.resolve("boat", None) == 4


def test_a_version_succeeds_only_the_one_that_it_was_judged_beside(parts: Parts) -> None:
    publish(parts, body=b"one")
    parts.models.publish(model_draft(b"two", b""), {GRAPH: b"two", PICKLE: b""}, promote=False)
    publish(parts, body=b"three")
    assert not parts.models.succeed("boat", 2, 1)
    assert parts.models.serving("boat", fresh=True) == 3
    assert parts.models.succeed("boat", 2, 3)
    assert parts.models.succeed("boat", 2, 3)
    assert parts.models.serving("boat") == 2
    parts.models.delete("boat", 1)
    assert not parts.models.succeed("boat", 1, 2)
    assert not parts.models.succeed("ship", 1, 2)


def test_what_serves_must_exist_and_be_ours(parts: Parts) -> None:
    trained(parts, 2)
    for name, version in (("boat", 3), ("ship", 1), ("../boat", 1)):
        with pytest.raises(NoSuchModelError):
            parts.models.choose(name, version)
    key = f"{WORKSPACE}/models/boat/1/manifest.json"
    parts.objects.put(key, parts.objects.get(key).replace(b"ridge", b"lasso"))
    with pytest.raises(BadSignatureError):
        parts.models.choose("boat", 1)
    assert serving(parts, "boat") == 2
    assert serving(parts, "ship") is None


def test_a_deleted_version_is_gone_with_its_files_and_its_number_is_not_used_again(parts: Parts) -> None:
    graphs = trained(parts, 3)
    parts.models.choose("boat", 2)
    assert parts.models.delete("boat", 3) == [3]
    assert versions(parts) == {1: graphs[1], 2: graphs[2]}
    assert len(list(parts.objects.list(f"{WORKSPACE}/artifacts/"))) == 4
    for ask in (parts.models.manifest, parts.models.load, parts.models.choose, parts.models.delete):
        with pytest.raises(NoSuchModelError):
            ask("boat", 3)
    assert publish(parts) == 4


def test_the_version_that_serves_is_not_deleted_alone(parts: Parts) -> None:
    trained(parts, 2)
    with pytest.raises(ModelServesError, match="/model/champion/boat"):
        parts.models.delete("boat", 2)
    assert sorted(versions(parts)) == [1, 2]
    parts.models.choose("boat", 1)
    parts.models.delete("boat", 2)
    with pytest.raises(NoSuchModelError, match="no version 2"):
        parts.models.choose("boat", 2)


def test_a_whole_model_is_deleted_and_may_be_trained_again(parts: Parts) -> None:
    publish_as_before(parts, 1)
    publish(parts)
    trained(parts, 1, "ship")
    assert parts.models.delete("boat") == [1, 2]
    with pytest.raises(NoSuchModelError):
        parts.models.resolve("boat", None)
    with pytest.raises(NoSuchModelError):
        parts.models.delete("boat")
    kept = [item for item in parts.objects.list("") if item.size and "/boat/" in item.key]
    assert [item.key for item in kept] == [f"{WORKSPACE}/models/boat/champion.json"]
    assert sorted(versions(parts, "ship")) == [1]
    assert publish(parts) == 3
    assert serving(parts, "boat") == 3


def test_a_deletion_cut_off_anywhere_shows_nothing_half_and_is_finished_by_the_same_call(bucket: ObjectStore) -> None:
    for _, cut_off in interruptions(bucket):
        parts = Parts(bucket)
        graphs = trained(parts, 2)
        try:
            cut_off.models.delete("boat")
        except UnavailableError:
            pass
        else:
            break
        left = versions(Parts(bucket))
        assert left in ({}, graphs)
        if left:
            assert serving(parts, "boat") == 2
        try:
            Parts(bucket).models.delete("boat")
        except NoSuchModelError:
            # Cut off when only files without a manifest were left.
            assert left == {}
        assert versions(Parts(bucket)) == {}
        assert publish(Parts(bucket)) == 3


@pytest.mark.parametrize("whole", [True, False])
def test_a_deleted_version_in_another_process_ends_within_about_a_second(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    here, there = Parts(bucket), Parts(bucket)
    trained(here, 2)
    asked = None if whole else 1
    assert there.models.resolve("boat", asked) == (2 if whole else 1)
    here.models.delete("boat", asked)
    later = time.monotonic() + CHAMPION_SECONDS
    monkeypatch.setattr("core.storage.champions.time.monotonic", lambda: later)
    with pytest.raises(NoSuchModelError):
        there.models.resolve("boat", asked)


def test_a_renamed_model_moves_with_all_versions_and_its_champion(parts: Parts) -> None:
    graphs = trained(parts, 4)
    parts.models.choose("boat", 2)
    parts.models.delete("boat", 3)
    assert parts.models.rename("boat", "船 2") == [1, 2, 4]
    assert versions(parts, "船 2") == {1: graphs[1], 2: graphs[2], 4: graphs[4]}
    assert versions(parts) == {}
    assert (serving(parts, "boat"), serving(parts, "船 2")) == (None, 2)
    manifest = parts.models.manifest("船 2", 1)
    assert parts.models.file(manifest, PICKLE) == PICKLE_BYTES
    with pytest.raises(NoSuchModelError):
        parts.models.load("boat", 1)
    assert publish(parts, "船 2") == 5
    assert publish(parts) == 5


def test_a_model_stored_beside_its_manifests_takes_its_files_along(parts: Parts) -> None:
    publish_as_before(parts, 2)
    assert parts.models.rename("boat", "ship") == [2]
    assert versions(parts, "ship") == {2: GRAPH_BYTES}
    assert parts.models.file(parts.models.manifest("ship"), PICKLE) == PICKLE_BYTES
    assert [item.size for item in parts.objects.list(f"{WORKSPACE}/models/boat/2/")] == [0]


def test_the_number_of_a_deleted_version_is_not_used_under_the_new_name_either(parts: Parts) -> None:
    trained(parts, 3)
    parts.models.choose("boat", 2)
    parts.models.delete("boat", 3)
    parts.models.rename("boat", "ship")
    assert publish(parts, "ship") == 4


def test_a_name_can_be_given_back(parts: Parts) -> None:
    graphs = trained(parts, 2)
    parts.models.rename("boat", "ship")
    assert parts.models.rename("ship", "boat") == [3, 4]
    assert list(versions(parts).values()) == list(graphs.values())
    assert serving(parts, "boat") == 4


@pytest.mark.parametrize("taken", ["ship", "challenger", "boat"])
def test_a_name_that_a_model_has_is_not_given_again(parts: Parts, taken: str) -> None:
    trained(parts, 1)
    trained(parts, 1, "ship")
    publish_as_before(parts, 1, "challenger")
    parts.objects.delete([f"{WORKSPACE}/models/challenger/champion.json"])
    with pytest.raises(NameTakenError):
        parts.models.rename("boat", taken)
    assert sorted(versions(parts)) == [1]


@pytest.mark.parametrize(("old", "new"), [("nobody", "ship"), ("../boat", "ship"), ("", "ship")])
def test_only_a_model_that_is_there_is_renamed(parts: Parts, old: str, new: str) -> None:
    before = parts.keys()
    with pytest.raises(NoSuchModelError):
        parts.models.rename(old, new)
    assert parts.keys() == before


@pytest.mark.parametrize("new", ["", "../ship", "a/b", "ship\n", "x" * 101])
def test_only_what_can_be_a_name_becomes_one(parts: Parts, new: str) -> None:
    trained(parts, 1)
    with pytest.raises(InvalidInputError) as raised:
        parts.models.rename("boat", new)
    assert raised.value.errors[0]["field"] == "new_name"


def test_a_changed_version_is_not_signed_again_by_renaming_it(parts: Parts) -> None:
    trained(parts, 3)
    key = f"{WORKSPACE}/models/boat/1/manifest.json"
    parts.objects.put(key, parts.objects.get(key).replace(b"ridge", b"lasso"))
    before = parts.keys()
    with pytest.raises(BadSignatureError):
        parts.models.rename("boat", "ship")
    assert parts.keys() == before
    assert parts.models.delete("boat", 1) == [1]
    assert parts.models.rename("boat", "ship") == [2, 3]


@pytest.mark.parametrize("as_before", [False, True])
def test_a_renaming_cut_off_anywhere_leaves_a_name_that_works_and_is_finished_by_the_same_call(
    bucket: ObjectStore, as_before: bool
) -> None:
    seen = set()
    for _, cut_off in interruptions(bucket):
        parts = Parts(bucket)
        if as_before:
            publish_as_before(parts, 1)
        else:
            publish(parts)
        publish(parts, body=b"second")
        parts.models.choose("boat", 1)
        try:
            cut_off.models.rename("boat", "ship")
        except UnavailableError:
            pass
        else:
            break
        names = tuple(name for name in ("boat", "ship") if serving(parts, name) is not None)
        seen.add(names)
        assert names
        for name in names:
            assert serving(parts, name) == 1
            assert versions(Parts(bucket), name) == {1: GRAPH_BYTES, 2: b"second"}
        fresh = Parts(bucket)
        assert fresh.models.rename("boat", "ship") == [1, 2]
        assert versions(fresh, "ship") == {1: GRAPH_BYTES, 2: b"second"}
        assert versions(fresh) == {}
        assert (serving(fresh, "boat"), serving(fresh, "ship")) == (None, 1)
        assert fresh.models.delete("ship") == [1, 2]
    assert seen == {("boat",), ("boat", "ship"), ("ship",)}


def test_what_two_names_share_is_not_deleted_before_the_move_is_over(bucket: ObjectStore) -> None:
    parts = Parts(bucket)
    trained(parts, 2)
    # Both names are claimed, and one manifest has arrived.
    with pytest.raises(UnavailableError):
        Parts(Limited(bucket, 3)).models.rename("boat", "ship")
    for name in ("boat", "ship"):
        with pytest.raises(ConflictError, match="POST /model/rename/boat"):
            parts.models.delete(name)
    for old, new in (("boat", "raft"), ("ship", "raft")):
        with pytest.raises(ConflictError):
            parts.models.rename(old, new)
    with pytest.raises(NameTakenError):
        trained(parts, 1, "raft")
        parts.models.rename("raft", "ship")
    assert parts.models.rename("boat", "ship") == [1, 2]
    assert parts.models.delete("ship") == [1, 2]


def test_a_training_during_a_renaming_keeps_its_version(bucket: ObjectStore) -> None:
    parts = Parts(bucket)
    trained(parts, 2)
    with pytest.raises(UnavailableError):
        Parts(Limited(bucket, 3)).models.rename("boat", "ship")
    assert publish(parts, "ship", b"trained meanwhile") == 2
    assert parts.models.rename("boat", "ship") == [1, 2, 3]
    assert versions(parts, "ship") == {1: b"boat 1", 2: b"trained meanwhile", 3: b"boat 2"}
    assert serving(parts, "ship") == 2


def test_a_pointer_from_before_rollbacks_is_understood(parts: Parts) -> None:
    publish_as_before(parts, 5)
    assert parts.models._champions.serving_state("boat") == ServingState(version=5, newest=5)
    publish(parts)
    assert parts.models.choose("boat", 5) == 6
