"""The object store: whole objects, conditional writes, and a clear word when nobody answers."""

import socket
from urllib.parse import parse_qs, urlsplit

import pytest

from core.errors import UnavailableError
from core.storage.s3.confirmed_writes import DELETE_BATCH
from core.storage.s3.object_store import MissingObjectError, ObjectStore, disposition


def test_what_is_put_is_got(bucket: ObjectStore) -> None:
    bucket.put("a/b c+d%中文", b"\0\xff")
    assert bucket.get("a/b c+d%中文") == b"\0\xff"
    assert [(item.key, item.size) for item in bucket.list("a/")] == [("a/b c+d%中文", 2)]


def test_a_missing_object_says_so(bucket: ObjectStore) -> None:
    with pytest.raises(MissingObjectError):
        bucket.get("nothing")


def test_only_the_first_creates(bucket: ObjectStore) -> None:
    assert bucket.create("key", b"first")
    assert not bucket.create("key", b"second")
    assert bucket.get("key") == b"first"


def test_only_who_saw_the_newest_replaces_it(bucket: ObjectStore) -> None:
    bucket.put("key", b"one")
    _, etag = bucket.get_with_etag("key")
    assert bucket.replace("key", b"two", etag)
    assert not bucket.replace("key", b"three", etag)
    assert bucket.get("key") == b"two"


def test_what_was_deleted_cannot_be_replaced(bucket: ObjectStore) -> None:
    bucket.put("key", b"one")
    _, etag = bucket.get_with_etag("key")
    bucket.delete(["key"])
    assert not bucket.replace("key", b"two", etag)
    assert list(bucket.list("")) == []


def test_a_listing_has_only_its_prefix_and_every_page(bucket: ObjectStore) -> None:
    for number in range(DELETE_BATCH + 5):
        bucket.put(f"in/{number:05}", b"")
    bucket.put("inside", b"")
    keys = [item.key for item in bucket.list("in/")]
    assert keys == [f"in/{number:05}" for number in range(DELETE_BATCH + 5)]
    bucket.delete(keys)
    assert [item.key for item in bucket.list("")] == ["inside"]


def test_deleting_what_is_not_there_is_fine(bucket: ObjectStore) -> None:
    bucket.delete(["nothing"])
    bucket.delete([])


def test_a_presigned_url_names_the_download_and_ends(bucket: ObjectStore) -> None:
    url = urlsplit(bucket.presign("exports/x", "船.csv", 60))
    query = parse_qs(url.query)
    assert url.path == f"/{bucket.bucket}/exports/x"
    assert query["response-content-disposition"] == [disposition("船.csv")]
    assert "Signature" in url.query


@pytest.mark.parametrize(
    ("filename", "plain", "encoded"),
    [
        ("boats-v1.csv", "boats-v1.csv", "boats-v1.csv"),
        ("船.csv", "download.csv", "%E8%88%B9.csv"),
        ('船 "1"-v2.xlsx', "1-v2.xlsx", "%E8%88%B9%20%221%22-v2.xlsx"),
        ("a/b\\c.json", "bc.json", "a%2Fb%5Cc.json"),
        ("x\r\nSet-Cookie: y.csv", "xSet-Cookie y.csv", "x%0D%0ASet-Cookie%3A%20y.csv"),
        ("50% 'off'*.csv", "50 off.csv", "50%25%20%27off%27%2A.csv"),
    ],
)
def test_a_file_name_is_told_twice_and_can_break_no_header(filename: str, plain: str, encoded: str) -> None:
    assert disposition(filename) == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def test_a_bucket_that_is_not_there_names_its_setting(bucket: ObjectStore) -> None:
    lost = ObjectStore("no-such-bucket", None)
    for call in (lost.ping, lambda: lost.get("key"), lambda: lost.put("key", b""), lambda: list(lost.list(""))):
        with pytest.raises(UnavailableError, match="REGATTA_BUCKET"):
            call()
    bucket.ping()


def test_an_endpoint_that_nobody_serves_is_unavailable(settled: None) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        store = ObjectStore("regatta", f"http://127.0.0.1:{free.getsockname()[1]}")
    for call in (store.ping, lambda: store.get("key"), lambda: store.create("key", b""), lambda: store.delete(["key"])):
        with pytest.raises(UnavailableError, match="did not answer"):
            call()


def test_missing_credentials_are_unavailable(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(UnavailableError):
        ObjectStore("regatta", None).get("key")
