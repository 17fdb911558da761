"""Models are renamed with all their versions, also by a process that is cut off, and never onto a taken name."""

from collections.abc import Iterable

import pytest

from core.errors import (
    BadSignatureError,
    ConflictError,
    InvalidInputError,
    NameTakenError,
    NoSuchModelError,
    UnavailableError,
)
from core.model_manifest import ModelManifest
from core.storage.artifacts import PICKLE
from core.storage.s3.object_store import ObjectStore
from core.storage.versions import Versions
from tests.support.memory_store import MemoryStore
from tests.support.model_versions import (
    each_interruption,
    graphs_by_version,
    publish,
    publish_beside_manifest,
    publish_versions,
    serving_version,
)
from tests.support.object_stores import CutOffStore
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, WORKSPACE, Repositories

# The writes until one of two versions has arrived: a note, two claimed names, three entries of each, a manifest.
ONE_ARRIVED = 10
# A version is read before its move and after it, has three entries by time, is created, and emptied under its old name.
REQUESTS_OF_A_VERSION = 7


def test_a_renamed_model_moves_with_all_versions_and_its_champion(repositories: Repositories) -> None:
    graphs = publish_versions(repositories, 4)
    repositories.models.choose("boat", 2)
    repositories.models.delete("boat", 3)
    assert repositories.models.rename("boat", "船 2") == [1, 2, 4]
    assert graphs_by_version(repositories, "船 2") == {1: graphs[1], 2: graphs[2], 4: graphs[4]}
    assert graphs_by_version(repositories) == {}
    assert (serving_version(repositories, "boat"), serving_version(repositories, "船 2")) == (None, 2)
    manifest = repositories.models.manifest("船 2", 1)
    assert repositories.models.file(manifest, PICKLE) == PICKLE_BYTES
    with pytest.raises(NoSuchModelError):
        repositories.models.load("boat", 1)
    assert publish(repositories, "船 2") == 5
    assert publish(repositories) == 5


def test_a_model_stored_beside_its_manifests_takes_its_files_along(repositories: Repositories) -> None:
    publish_beside_manifest(repositories, 2)
    assert repositories.models.rename("boat", "ship") == [2]
    assert graphs_by_version(repositories, "ship") == {2: GRAPH_BYTES}
    assert repositories.models.file(repositories.models.manifest("ship"), PICKLE) == PICKLE_BYTES
    assert [item.size for item in repositories.objects.list(f"{WORKSPACE}/models/boat/2/")] == [0]


def test_the_number_of_a_deleted_version_is_not_used_under_the_new_name_either(repositories: Repositories) -> None:
    publish_versions(repositories, 3)
    repositories.models.choose("boat", 2)
    repositories.models.delete("boat", 3)
    repositories.models.rename("boat", "ship")
    assert publish(repositories, "ship") == 4


def test_a_name_can_be_given_back(repositories: Repositories) -> None:
    graphs = publish_versions(repositories, 2)
    repositories.models.rename("boat", "ship")
    assert repositories.models.rename("ship", "boat") == [3, 4]
    assert list(graphs_by_version(repositories).values()) == list(graphs.values())
    assert serving_version(repositories, "boat") == 4


@pytest.mark.parametrize("taken", ["ship", "challenger", "boat"])
def test_a_name_that_a_model_has_is_not_given_again(repositories: Repositories, taken: str) -> None:
    publish_versions(repositories, 1)
    publish_versions(repositories, 1, "ship")
    publish_beside_manifest(repositories, 1, "challenger")
    repositories.objects.delete([f"{WORKSPACE}/models/challenger/champion.json"])
    with pytest.raises(NameTakenError):
        repositories.models.rename("boat", taken)
    assert sorted(graphs_by_version(repositories)) == [1]


@pytest.mark.parametrize(("old", "new"), [("nobody", "ship"), ("../boat", "ship"), ("", "ship")])
def test_only_a_model_that_is_there_is_renamed(repositories: Repositories, old: str, new: str) -> None:
    before = repositories.keys()
    with pytest.raises(NoSuchModelError):
        repositories.models.rename(old, new)
    assert repositories.keys() == before


@pytest.mark.parametrize("new", ["", "../ship", "a/b", "ship\n", "x" * 101])
def test_only_what_can_be_a_name_becomes_one(repositories: Repositories, new: str) -> None:
    publish_versions(repositories, 1)
    with pytest.raises(InvalidInputError) as raised:
        repositories.models.rename("boat", new)
    assert raised.value.errors[0]["field"] == "new_name"


def test_a_changed_version_is_not_signed_again_by_renaming_it(repositories: Repositories) -> None:
    publish_versions(repositories, 3)
    key = f"{WORKSPACE}/models/boat/1/manifest.json"
    repositories.objects.put(key, repositories.objects.get(key).replace(b"ridge", b"lasso"))
    before = repositories.keys()
    with pytest.raises(BadSignatureError):
        repositories.models.rename("boat", "ship")
    assert repositories.keys() == before
    assert repositories.models.delete("boat", 1) == [1]
    assert repositories.models.rename("boat", "ship") == [2, 3]


@pytest.mark.parametrize("as_before", [False, True])
def test_a_renaming_cut_off_anywhere_leaves_a_name_that_works_and_is_finished_by_the_same_call(
    bucket: ObjectStore, as_before: bool
) -> None:
    seen = set()
    for _, cut_off in each_interruption(bucket):
        repositories = Repositories(bucket)
        if as_before:
            publish_beside_manifest(repositories, 1)
        else:
            publish(repositories)
        publish(repositories, body=b"second")
        repositories.models.choose("boat", 1)
        try:
            cut_off.models.rename("boat", "ship")
        except UnavailableError:
            pass
        else:
            break
        names = tuple(name for name in ("boat", "ship") if serving_version(repositories, name) is not None)
        seen.add(names)
        assert names
        for name in names:
            assert serving_version(repositories, name) == 1
            assert graphs_by_version(Repositories(bucket), name) == {1: GRAPH_BYTES, 2: b"second"}
        fresh = Repositories(bucket)
        assert fresh.models.rename("boat", "ship") == [1, 2]
        assert graphs_by_version(fresh, "ship") == {1: GRAPH_BYTES, 2: b"second"}
        assert graphs_by_version(fresh) == {}
        assert (serving_version(fresh, "boat"), serving_version(fresh, "ship")) == (None, 1)
        assert fresh.models.delete("ship") == [1, 2]
    assert seen == {("boat",), ("boat", "ship"), ("ship",)}


def test_what_two_names_share_is_not_deleted_before_the_move_is_over(bucket: ObjectStore) -> None:
    repositories = Repositories(bucket)
    publish_versions(repositories, 2)
    with pytest.raises(UnavailableError):
        Repositories(CutOffStore(bucket, ONE_ARRIVED)).models.rename("boat", "ship")
    for name in ("boat", "ship"):
        with pytest.raises(ConflictError, match="POST /model/rename/boat"):
            repositories.models.delete(name)
    for old, new in (("boat", "raft"), ("ship", "raft")):
        with pytest.raises(ConflictError):
            repositories.models.rename(old, new)
    with pytest.raises(NameTakenError):
        publish_versions(repositories, 1, "raft")
        repositories.models.rename("raft", "ship")
    assert repositories.models.rename("boat", "ship") == [1, 2]
    assert repositories.models.delete("ship") == [1, 2]


def test_a_training_during_a_renaming_keeps_its_version(bucket: ObjectStore) -> None:
    repositories = Repositories(bucket)
    publish_versions(repositories, 2)
    with pytest.raises(UnavailableError):
        Repositories(CutOffStore(bucket, ONE_ARRIVED)).models.rename("boat", "ship")
    assert publish(repositories, "ship", b"trained meanwhile") == 2
    assert repositories.models.rename("boat", "ship") == [1, 2, 3]
    assert graphs_by_version(repositories, "ship") == {1: b"boat 1", 2: b"trained meanwhile", 3: b"boat 2"}
    assert serving_version(repositories, "ship") == 2


@pytest.mark.usefixtures("bucket")  # its settings
def test_a_renaming_asks_a_few_requests_a_version() -> None:
    asked = []
    for count in (5, 25):
        repositories = Repositories(MemoryStore())
        publish_versions(repositories, count)
        repositories.objects.requests.clear()
        assert repositories.models.rename("boat", "ship") == list(range(1, count + 1))
        asked.append(sum(repositories.objects.requests.values()))
    assert asked[1] - asked[0] <= 20 * REQUESTS_OF_A_VERSION


def test_two_processes_that_finish_a_renaming_move_each_version_once(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories = Repositories(bucket)
    publish_versions(repositories, 3)
    with pytest.raises(UnavailableError):
        Repositories(CutOffStore(bucket, ONE_ARRIVED + 3)).models.rename("boat", "ship")
    real = Versions.taken

    def taken(versions: Versions, name: str) -> list[int]:
        if name == "ship":  # the other process moves all that is left right before the first looks
            monkeypatch.setattr(Versions, "taken", real)
            assert Repositories(bucket).models.rename("boat", "ship") == [1, 2, 3]
        return real(versions, name)

    monkeypatch.setattr(Versions, "taken", taken)
    repositories.models.rename("boat", "ship")
    assert list(graphs_by_version(Repositories(bucket), "ship")) == [1, 2, 3]


def test_a_version_that_two_processes_move_at_once_stays_in_the_order_of_the_newest(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories = Repositories(bucket)
    publish_versions(repositories, 3)
    real = Versions.announce

    def announce(versions: Versions, drafts: Iterable[ModelManifest]) -> None:
        # The other process moves all right before the first creates the same versions.
        monkeypatch.setattr(Versions, "announce", real)
        assert Repositories(bucket).models.rename("boat", "ship") == [1, 2, 3]
        real(versions, drafts)

    monkeypatch.setattr(Versions, "announce", announce)
    assert repositories.models.rename("boat", "ship") == [1, 2, 3]
    assert Repositories(bucket).models.newest.verify().is_right
