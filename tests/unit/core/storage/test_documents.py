"""Documents that change: the newest text wins, and nobody's change is lost."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.errors import ConflictError
from core.storage.documents import ATTEMPTS, Documents
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import ObjectStore
from tests.support.object_stores import AtomicStore


@pytest.fixture
def documents(bucket: ObjectStore) -> Documents:
    return Documents(bucket, RedisClient(None))


def test_a_document_is_read_as_it_was_written(documents: Documents) -> None:
    assert documents.read("d.json") is None
    documents.write("d.json", {"name": "船", "n": [1, None]})
    assert documents.read("d.json") == {"name": "船", "n": [1, None]}
    documents.delete("d.json")
    assert documents.read("d.json") is None


def test_a_change_starts_from_nothing_or_from_the_newest(documents: Documents) -> None:
    assert documents.change("d.json", lambda d: {"n": 1} if d is None else None) == {"n": 1}
    assert documents.change("d.json", lambda d: {"n": d["n"] + 1} if d else None) == {"n": 2}
    assert documents.read("d.json") == {"n": 2}


def test_a_change_to_none_leaves_what_is_there(documents: Documents, bucket: ObjectStore) -> None:
    assert documents.change("d.json", lambda d: None) is None
    assert list(bucket.list("")) == []
    documents.write("d.json", {"n": 1})
    assert documents.change("d.json", lambda d: None) == {"n": 1}


@pytest.mark.parametrize("exists", [True, False])
def test_a_change_starts_again_when_another_writer_was_first(documents: Documents, exists: bool) -> None:
    if exists:
        documents.write("d.json", {"n": 0})
    seen: list[Any] = []

    def edit(document: dict[str, Any] | None) -> dict[str, Any]:
        seen.append(document)
        if len(seen) < 3:
            documents.write("d.json", {"n": 10 * len(seen)})
        return {"n": (document or {"n": -1})["n"] + 1}

    assert documents.change("d.json", edit) == {"n": 21}
    assert seen == [{"n": 0} if exists else None, {"n": 10}, {"n": 20}]
    assert documents.read("d.json") == {"n": 21}


def test_a_change_gives_up_when_others_always_win(documents: Documents) -> None:
    count = 0

    def edit(document: dict[str, Any] | None) -> dict[str, Any]:
        nonlocal count
        count += 1
        documents.write("d.json", {"other": count})
        return {"ours": True}

    with pytest.raises(ConflictError):
        documents.change("d.json", edit)
    assert count == ATTEMPTS
    assert documents.read("d.json") == {"other": ATTEMPTS}


def test_a_change_that_raises_writes_nothing(documents: Documents) -> None:
    documents.write("d.json", {"n": 1})
    with pytest.raises(KeyError):
        documents.change("d.json", lambda d: {"n": d["m"]} if d else None)
    assert documents.read("d.json") == {"n": 1}


def test_changes_at_the_same_moment_all_count(bucket: ObjectStore) -> None:
    documents = Documents(AtomicStore(bucket), RedisClient(None))
    documents.write("d.json", {"n": 0})

    def increase(_: int) -> None:
        while True:
            try:
                documents.change("d.json", lambda d: {"n": d["n"] + 1} if d else None)
            except ConflictError:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(increase, range(12)))
    assert documents.read("d.json") == {"n": 12}
