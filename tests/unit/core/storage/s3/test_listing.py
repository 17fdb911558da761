"""Listings of the bucket: what they say, where they begin, and that they are parsed without botocore's parser."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from core.storage.s3 import listing
from core.storage.s3.object_store import ObjectStore

KEYS = ["a/1", "a/b c+d%中文&<", "a/b/1", "a/b/2", "a/c/1", "b"]


@pytest.fixture
def filled(bucket: ObjectStore) -> ObjectStore:
    for key in KEYS:
        bucket.put(key, key.encode())
    return bucket


def test_a_listing_says_what_botocore_would_say(filled: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = list(filled.list(""))
    parsed: list[dict[str, Any]] = []
    filled.client.meta.events.register_first(
        "before-parse.s3.ListObjectsV2", lambda response_dict, **_: parsed.append(dict(response_dict))
    )
    monkeypatch.setattr(listing, "_page", _fail)  # so that botocore parses the page
    theirs = list(filled.list(""))
    assert len(parsed) == 1
    assert ours == theirs
    assert [item.key for item in ours] == sorted(KEYS)
    assert all(abs(datetime.now(UTC).timestamp() - item.modified) < 86_400 for item in ours)


@pytest.mark.parametrize("body", [b"<Error><Code>InternalError</Code></Error>", b"<ListBucketResult><Conte"])
def test_a_page_that_is_an_error_or_broke_off_is_asked_for_again(filled: ObjectStore, body: bytes) -> None:
    asked: list[int] = []

    def spoil(response_dict: dict[str, Any], **_: Any) -> None:
        asked.append(response_dict["status_code"])
        if len(asked) == 1:
            response_dict["body"] = body

    filled.client.meta.events.register_first("before-parse.s3.*", spoil)
    assert [item.key for item in filled.list("")] == sorted(KEYS)
    assert asked == [200, 200]


def test_a_long_page_is_parsed_in_pieces(filled: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PIECE_BYTES", 7)
    assert [item.key for item in filled.list("")] == sorted(KEYS)


def _fail(*_: object) -> dict[str, Any]:
    raise KeyError("Key")


@pytest.mark.parametrize("page_keys", [1, 2, 1000])
def test_a_listing_begins_after_a_key_and_is_asked_for_page_by_page(filled: ObjectStore, page_keys: int) -> None:
    assert [item.key for item in filled.list("a/", "a/b/1", page_keys)] == ["a/b/2", "a/c/1"]
    assert [item.key for item in filled.list("a/", "a/c/1", page_keys)] == []
    assert list(filled.folders("a/", page_keys=page_keys)) == ["b", "c"]
    assert list(filled.folders("a/", "b", page_keys)) == ["c"]


def test_only_as_many_pages_are_asked_for_as_are_consumed(filled: ObjectStore) -> None:
    asked: list[object] = []
    filled.client.meta.events.register("before-call.s3.ListObjectsV2", lambda **_: asked.append(1))
    found = filled.list("", page_keys=2)
    assert [next(found).key for _ in range(3)] == sorted(KEYS)[:3]
    assert len(asked) == 2


def test_an_error_in_place_of_a_listing_stays_an_error(bucket: ObjectStore) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        bucket.client.list_objects_v2(Bucket="no-such-bucket")
