"""Datasets: whole or not there at all."""

from pathlib import Path

import pytest

from core.errors import NoCurrentFileError, NoSuchFileError, UnavailableError
from core.manifests import Recipe
from core.storage.dataset_repository import COLUMNS, PROFILE, SOURCE, TABLE
from core.storage.s3.object_store import ObjectStore
from tests.support.object_stores import FailingStore
from tests.support.storage import WORKSPACE, Parts, dataset_manifest
from tests.support.storage import add as add_dataset

ONE, TWO = "0198c0ffee1", "0198c0ffee2"
BODIES = {name: name.encode() for name in (SOURCE, TABLE, COLUMNS, PROFILE)}


def add(parts: Parts, file_id: str = ONE) -> None:
    add_dataset(parts.datasets, dataset_manifest(file_id), BODIES)


def test_a_dataset_is_read_as_it_was_added(parts: Parts) -> None:
    add(parts)
    assert parts.datasets.manifest(ONE) == dataset_manifest(ONE)
    assert {name: parts.datasets.read(ONE, name) for name in BODIES} == BODIES


def test_the_last_added_is_current_until_another_is_chosen(parts: Parts) -> None:
    add(parts, ONE)
    add(parts, TWO)
    assert parts.datasets.manifest(None).file_id == TWO
    assert parts.datasets.switch(ONE).file_id == ONE
    assert parts.datasets.current() == ONE


@pytest.mark.parametrize("ending", [SOURCE, TABLE, COLUMNS, PROFILE, "manifest.json", "current.json"])
def test_a_write_that_fails_leaves_nothing_behind(bucket: ObjectStore, ending: str) -> None:
    parts = Parts(FailingStore(bucket, ending))
    with pytest.raises(UnavailableError):
        add(parts)
    assert [item.key for item in bucket.list("")] == []
    assert parts.datasets.list() == []


def test_a_write_that_fails_leaves_the_other_dataset_current(bucket: ObjectStore) -> None:
    parts = Parts(bucket)
    add(parts, ONE)
    before = parts.keys()
    with pytest.raises(UnavailableError):
        add(Parts(FailingStore(bucket, PROFILE)), TWO)
    assert parts.keys() == before
    assert parts.datasets.current() == ONE


def test_deleting_removes_everything(parts: Parts) -> None:
    add(parts, ONE)
    before = parts.keys()
    add(parts, TWO)
    parts.datasets.switch(ONE)
    parts.datasets.delete(TWO)
    assert parts.keys() == before
    parts.datasets.delete(ONE)
    assert parts.keys() == []
    assert parts.datasets.list() == []


def test_after_deleting_the_current_one_none_is_current(parts: Parts) -> None:
    add(parts, ONE)
    add(parts, TWO)
    parts.datasets.delete(TWO)
    assert parts.datasets.current() is None
    with pytest.raises(NoCurrentFileError):
        parts.datasets.manifest(None)
    assert parts.datasets.manifest(ONE).file_id == ONE


def test_a_recipe_is_kept_with_the_dataset(parts: Parts) -> None:
    add(parts)
    recipe = Recipe(handle_missing="drop", target_column="a")
    assert parts.datasets.set_recipe(ONE, recipe).recipe == recipe
    assert parts.datasets.manifest(ONE, fresh=True) == dataset_manifest(ONE, recipe=recipe)


@pytest.mark.parametrize("file_id", [TWO, "", "../../etc", "a" * 41, "current", f"{ONE}/", "X" * 20])
def test_an_id_that_is_not_there_is_no_such_file(parts: Parts, file_id: str) -> None:
    add(parts)
    for call in (parts.datasets.switch, parts.datasets.delete):
        with pytest.raises(NoSuchFileError):
            call(file_id or "none")
    with pytest.raises(NoSuchFileError):
        parts.datasets.set_recipe(file_id or "none", Recipe())


def test_workspaces_do_not_see_each_other(parts: Parts) -> None:
    add(parts)
    elsewhere = Parts(parts.objects, workspace="elsewhere")
    assert elsewhere.datasets.list() == []
    with pytest.raises(NoSuchFileError):
        elsewhere.datasets.manifest(ONE)
    with pytest.raises(NoCurrentFileError):
        elsewhere.datasets.manifest(None)


def test_datasets_are_listed_oldest_first_and_a_damaged_one_hides_no_other(parts: Parts) -> None:
    add(parts, TWO)
    add(parts, ONE)
    parts.objects.put(f"{WORKSPACE}/datasets/0198c0ffee0/manifest.json", b"{half")
    assert [manifest.file_id for manifest in parts.datasets.list()] == [ONE, TWO]


def test_a_file_that_vanished_is_no_such_file(parts: Parts) -> None:
    add(parts)
    parts.objects.delete([f"{WORKSPACE}/datasets/{ONE}/{PROFILE}"])
    with pytest.raises(NoSuchFileError, match=PROFILE):
        parts.datasets.read(ONE, PROFILE)


def test_files_on_disk_are_stored_and_come_back(parts: Parts, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 1000)
    add_dataset(parts.datasets, dataset_manifest(ONE), {SOURCE: source, TABLE: b"table"})
    parts.datasets.download(ONE, SOURCE, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()


def test_a_file_that_is_not_there_is_named(parts: Parts, tmp_path: Path) -> None:
    add_dataset(parts.datasets, dataset_manifest(ONE), BODIES)
    with pytest.raises(NoSuchFileError, match=r"no other\.json"):
        parts.datasets.download(ONE, "other.json", tmp_path / "copy")


def test_what_is_attached_is_read_and_goes_with_the_dataset(parts: Parts) -> None:
    add_dataset(parts.datasets, dataset_manifest(ONE), BODIES)
    parts.datasets.attach(ONE, "target-3.json", b"{}")
    assert parts.datasets.read(ONE, "target-3.json") == b"{}"
    parts.datasets.delete(ONE)
    assert parts.keys() == []


def test_a_source_that_is_in_the_bucket_already_is_copied_there(parts: Parts) -> None:
    parts.objects.put("uploads/big.csv", b"a,b")
    with parts.datasets.draft(ONE) as draft:
        draft.copy(SOURCE, "uploads/big.csv")
        draft.commit(dataset_manifest(ONE))
    assert parts.datasets.read(ONE, SOURCE) == b"a,b"


def test_a_draft_that_is_given_up_leaves_nothing_of_what_was_sent(parts: Parts) -> None:
    with pytest.raises(KeyError), parts.datasets.draft(ONE) as draft:
        draft.send(SOURCE, b"a,b")
        raise KeyError("a column")
    assert parts.keys() == []
