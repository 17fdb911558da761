"""Models and versions are deleted whole, also by a process that is cut off, and their numbers are never used again."""

import pytest

from core.errors import ModelServesError, NoSuchModelError, UnavailableError
from core.storage import champions
from core.storage.champions import CHAMPION_SECONDS
from core.storage.s3.object_store import ObjectStore
from tests.support.model_versions import (
    each_interruption,
    graphs_by_version,
    publish,
    publish_beside_manifest,
    publish_versions,
    serving_version,
)
from tests.support.simulated_time import ShiftedTime
from tests.support.storage import WORKSPACE, Repositories


def test_a_deleted_version_is_gone_with_its_files_and_its_number_is_not_used_again(repositories: Repositories) -> None:
    graphs = publish_versions(repositories, 3)
    repositories.models.choose("boat", 2)
    assert repositories.models.delete("boat", 3) == [3]
    assert graphs_by_version(repositories) == {1: graphs[1], 2: graphs[2]}
    assert len(list(repositories.objects.list(f"{WORKSPACE}/artifacts/"))) == 4
    for ask in (
        repositories.models.manifest,
        repositories.models.load,
        repositories.models.choose,
        repositories.models.delete,
    ):
        with pytest.raises(NoSuchModelError):
            ask("boat", 3)
    assert publish(repositories) == 4


def test_the_version_that_serves_is_not_deleted_alone(repositories: Repositories) -> None:
    publish_versions(repositories, 2)
    with pytest.raises(ModelServesError, match="/model/champion/boat"):
        repositories.models.delete("boat", 2)
    assert sorted(graphs_by_version(repositories)) == [1, 2]
    repositories.models.choose("boat", 1)
    repositories.models.delete("boat", 2)
    with pytest.raises(NoSuchModelError, match="no version 2"):
        repositories.models.choose("boat", 2)


def test_a_whole_model_is_deleted_and_may_be_trained_again(repositories: Repositories) -> None:
    publish_beside_manifest(repositories, 1)
    publish(repositories)
    publish_versions(repositories, 1, "ship")
    assert repositories.models.delete("boat") == [1, 2]
    with pytest.raises(NoSuchModelError):
        repositories.models.resolve("boat", None)
    with pytest.raises(NoSuchModelError):
        repositories.models.delete("boat")
    kept = [item for item in repositories.objects.list("") if item.size and "/boat/" in item.key]
    assert [item.key for item in kept] == [f"{WORKSPACE}/models/boat/champion.json"]
    assert sorted(graphs_by_version(repositories, "ship")) == [1]
    assert publish(repositories) == 3
    assert serving_version(repositories, "boat") == 3


def test_a_deletion_cut_off_anywhere_shows_nothing_half_and_is_finished_by_the_same_call(bucket: ObjectStore) -> None:
    for _, cut_off in each_interruption(bucket):
        repositories = Repositories(bucket)
        graphs = publish_versions(repositories, 2)
        try:
            cut_off.models.delete("boat")
        except UnavailableError:
            pass
        else:
            break
        left = graphs_by_version(Repositories(bucket))
        assert left in ({}, graphs)
        if left:
            assert serving_version(repositories, "boat") == 2
        try:
            Repositories(bucket).models.delete("boat")
        except NoSuchModelError:
            # Cut off when only files without a manifest were left.
            assert left == {}
        assert graphs_by_version(Repositories(bucket)) == {}
        assert publish(Repositories(bucket)) == 3


@pytest.mark.parametrize("whole", [True, False])
def test_a_deleted_version_in_another_process_ends_within_about_a_second(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(champions, "time", clock := ShiftedTime())
    here, there = Repositories(bucket), Repositories(bucket)
    publish_versions(here, 2)
    version = None if whole else 1
    assert there.models.resolve("boat", version) == (2 if whole else 1)
    here.models.delete("boat", version)
    clock.elapse(CHAMPION_SECONDS)
    with pytest.raises(NoSuchModelError):
        there.models.resolve("boat", version)
