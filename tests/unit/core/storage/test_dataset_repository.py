"""Datasets: whole or not there at all."""

from pathlib import Path

import pytest

from core.errors import NoCurrentFileError, NoSuchFileError, UnavailableError
from core.manifests import Recipe
from core.storage.dataset_repository import COLUMNS, PROFILE, SOURCE, TABLE
from core.storage.s3.object_store import ObjectStore
from tests.support.object_stores import FailingStore
from tests.support.storage import WORKSPACE, Repositories, add_dataset, dataset_manifest

ONE, TWO = "0198c0ffee1", "0198c0ffee2"
BODIES = {name: name.encode() for name in (SOURCE, TABLE, COLUMNS, PROFILE)}


def store_dataset(repositories: Repositories, file_id: str = ONE) -> None:
    add_dataset(repositories.datasets, dataset_manifest(file_id), BODIES)


def test_a_dataset_is_read_as_it_was_added(repositories: Repositories) -> None:
    store_dataset(repositories)
    assert repositories.datasets.manifest(ONE) == dataset_manifest(ONE)
    assert {name: repositories.datasets.read(ONE, name) for name in BODIES} == BODIES


def test_the_last_added_is_current_until_another_is_chosen(repositories: Repositories) -> None:
    store_dataset(repositories, ONE)
    store_dataset(repositories, TWO)
    assert repositories.datasets.manifest(None).file_id == TWO
    assert repositories.datasets.switch(ONE).file_id == ONE
    assert repositories.datasets.current() == ONE


@pytest.mark.parametrize("ending", [SOURCE, TABLE, COLUMNS, PROFILE, "manifest.json", "current.json"])
def test_a_write_that_fails_leaves_nothing_behind(bucket: ObjectStore, ending: str) -> None:
    repositories = Repositories(FailingStore(bucket, ending))
    with pytest.raises(UnavailableError):
        store_dataset(repositories)
    assert [item.key for item in bucket.list("")] == []
    assert repositories.datasets.list() == []


def test_a_write_that_fails_leaves_the_other_dataset_current(bucket: ObjectStore) -> None:
    repositories = Repositories(bucket)
    store_dataset(repositories, ONE)
    before = repositories.keys()
    with pytest.raises(UnavailableError):
        store_dataset(Repositories(FailingStore(bucket, PROFILE)), TWO)
    assert repositories.keys() == before
    assert repositories.datasets.current() == ONE


def test_deleting_removes_everything(repositories: Repositories) -> None:
    store_dataset(repositories, ONE)
    before = repositories.keys()
    store_dataset(repositories, TWO)
    repositories.datasets.switch(ONE)
    repositories.datasets.delete(TWO)
    assert repositories.keys() == before
    repositories.datasets.delete(ONE)
    assert repositories.keys() == []
    assert repositories.datasets.list() == []


def test_after_deleting_the_current_one_none_is_current(repositories: Repositories) -> None:
    store_dataset(repositories, ONE)
    store_dataset(repositories, TWO)
    repositories.datasets.delete(TWO)
    assert repositories.datasets.current() is None
    with pytest.raises(NoCurrentFileError):
        repositories.datasets.manifest(None)
    assert repositories.datasets.manifest(ONE).file_id == ONE


def test_a_recipe_is_kept_with_the_dataset(repositories: Repositories) -> None:
    store_dataset(repositories)
    recipe = Recipe(handle_missing="drop", target_column="a")
    assert repositories.datasets.set_recipe(ONE, recipe).recipe == recipe
    assert repositories.datasets.manifest(ONE, fresh=True) == dataset_manifest(ONE, recipe=recipe)


@pytest.mark.parametrize("file_id", [TWO, "", "../../etc", "a" * 41, "current", f"{ONE}/", "X" * 20])
def test_an_id_that_is_not_there_is_no_such_file(repositories: Repositories, file_id: str) -> None:
    store_dataset(repositories)
    for call in (repositories.datasets.switch, repositories.datasets.delete):
        with pytest.raises(NoSuchFileError):
            call(file_id or "none")
    with pytest.raises(NoSuchFileError):
        repositories.datasets.set_recipe(file_id or "none", Recipe())


def test_workspaces_do_not_see_each_other(repositories: Repositories) -> None:
    store_dataset(repositories)
    elsewhere = Repositories(repositories.objects, workspace="elsewhere")
    assert elsewhere.datasets.list() == []
    with pytest.raises(NoSuchFileError):
        elsewhere.datasets.manifest(ONE)
    with pytest.raises(NoCurrentFileError):
        elsewhere.datasets.manifest(None)


def test_datasets_are_listed_oldest_first_and_a_damaged_one_hides_no_other(repositories: Repositories) -> None:
    store_dataset(repositories, TWO)
    store_dataset(repositories, ONE)
    repositories.objects.put(f"{WORKSPACE}/datasets/0198c0ffee0/manifest.json", b"{half")
    assert [manifest.file_id for manifest in repositories.datasets.list()] == [ONE, TWO]


def test_a_file_that_vanished_is_no_such_file(repositories: Repositories) -> None:
    store_dataset(repositories)
    repositories.objects.delete([f"{WORKSPACE}/datasets/{ONE}/{PROFILE}"])
    with pytest.raises(NoSuchFileError, match=PROFILE):
        repositories.datasets.read(ONE, PROFILE)


def test_files_on_disk_are_stored_and_come_back(repositories: Repositories, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 1000)
    add_dataset(repositories.datasets, dataset_manifest(ONE), {SOURCE: source, TABLE: b"table"})
    repositories.datasets.download(ONE, SOURCE, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()


def test_a_file_that_is_not_there_is_named(repositories: Repositories, tmp_path: Path) -> None:
    add_dataset(repositories.datasets, dataset_manifest(ONE), BODIES)
    with pytest.raises(NoSuchFileError, match=r"no other\.json"):
        repositories.datasets.download(ONE, "other.json", tmp_path / "copy")


def test_what_is_attached_is_read_and_goes_with_the_dataset(repositories: Repositories) -> None:
    add_dataset(repositories.datasets, dataset_manifest(ONE), BODIES)
    repositories.datasets.attach(ONE, "target-3.json", b"{}")
    assert repositories.datasets.read(ONE, "target-3.json") == b"{}"
    repositories.datasets.delete(ONE)
    assert repositories.keys() == []


def test_a_source_that_is_in_the_bucket_already_is_copied_there(repositories: Repositories) -> None:
    repositories.objects.put("uploads/big.csv", b"a,b")
    with repositories.datasets.draft(ONE) as draft:
        draft.copy(SOURCE, "uploads/big.csv")
        draft.commit(dataset_manifest(ONE))
    assert repositories.datasets.read(ONE, SOURCE) == b"a,b"


def test_a_draft_that_is_given_up_leaves_nothing_of_what_was_sent(repositories: Repositories) -> None:
    with pytest.raises(KeyError), repositories.datasets.draft(ONE) as draft:
        draft.send(SOURCE, b"a,b")
        raise KeyError("a column")
    assert repositories.keys() == []


@pytest.mark.parametrize("damaged", [b"", b"not JSON", b"[]", b"{}", b'{"file_id": 3}'])
def test_a_damaged_manifest_is_named_and_can_be_deleted(repositories: Repositories, damaged: bytes) -> None:
    store_dataset(repositories, ONE)
    store_dataset(repositories, TWO)
    repositories.objects.put(f"{WORKSPACE}/datasets/{ONE}/manifest.json", damaged)
    with pytest.raises(NoSuchFileError, match=f"DELETE /data/files/{ONE}"):
        repositories.datasets.manifest(ONE)
    assert repositories.datasets.exists(ONE)
    assert repositories.datasets.manifest(TWO).file_id == TWO
    repositories.datasets.delete(ONE)
    with pytest.raises(NoSuchFileError, match="There is no file"):
        repositories.datasets.manifest(ONE)


def test_a_renamed_file_is_listed_by_its_new_name_and_keeps_its_recipe(repositories: Repositories) -> None:
    store_dataset(repositories, ONE)
    repositories.datasets.page(10)
    before = repositories.datasets.set_recipe(ONE, Recipe(target_column="y"))

    renamed = repositories.datasets.rename(ONE, "房价 2026.csv")

    assert renamed == before.model_copy(update={"filename": "房价 2026.csv"})
    assert repositories.datasets.manifest(ONE) == renamed
    (listed,), _ = repositories.datasets.page(10)
    assert listed["filename"] == "房价 2026.csv"


def test_a_file_that_is_gone_cannot_be_renamed(repositories: Repositories) -> None:
    with pytest.raises(NoSuchFileError, match="There is no file"):
        repositories.datasets.rename(ONE, "other.csv")
