"""The object store over a bad network: what it says of a write is what became of it, and reads are repeated."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import DeadlineError, OutcomeUnknownError, UnavailableError
from core.storage import aws_calls
from core.storage.changes import NOTHING, recording
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from tests.support.fault_proxy import FaultProxy
from tests.support.faults import (
    Fault,
    access_denied,
    answer_a_page,
    internal_error,
    redirect,
    refuse_deletes,
    reset_after,
    reset_before,
    reset_in_body,
    slow_down,
    slow_down_after,
    truncate,
)

# A key that callers see, so that the store notes what became of it.
KEY = "default/models/boat/champion.json"
BODY = b"0123456789" * 100

ALWAYS = None
NEVER_LANDS: list[Fault] = [reset_before, internal_error, slow_down, access_denied, answer_a_page, redirect]


@pytest.fixture(autouse=True)
def without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat requests at once: `test_waits_have_full_jitter` and its neighbours try how long the store waits before."""
    for name in ("FIRST_WAIT_SECONDS", "FIRST_THROTTLED_WAIT_SECONDS"):
        monkeypatch.setattr(aws_calls, name, 0.0)


def put(store: ObjectStore) -> object:
    return store.put(KEY, BODY)


def create(store: ObjectStore) -> object:
    return store.create(KEY, BODY)


def replace(store: ObjectStore) -> object:
    return store.replace(KEY, BODY, store.put(KEY, b"before"))


def delete(store: ObjectStore) -> object:
    store.put(KEY, BODY)
    return store.delete([KEY])


def stored(store: ObjectStore) -> bytes | None:
    try:
        return store.get(KEY)
    except MissingObjectError:
        return None


@pytest.mark.parametrize("times", [1, ALWAYS])
@pytest.mark.parametrize("write", [put, create, replace])
@pytest.mark.parametrize("fault", [reset_after, slow_down_after])
def test_a_write_whose_answer_is_lost_or_wrong_was_made(
    store: ObjectStore, proxy: FaultProxy, write: Callable[[ObjectStore], object], times: int | None, fault: Fault
) -> None:
    first = 2 if write is replace else 1
    rule = proxy.plan(fault, method="PUT", key=KEY, nth=first, times=times)
    with recording():
        assert write(store)
    assert rule.met >= 1
    assert stored(store) == BODY


def test_a_deletion_whose_answer_is_lost_was_made(store: ObjectStore, proxy: FaultProxy) -> None:
    proxy.plan(reset_after, method="POST", key=KEY, times=ALWAYS)
    delete(store)
    assert stored(store) is None


def test_a_lost_race_is_not_taken_for_a_write_of_ours(store: ObjectStore, proxy: FaultProxy) -> None:
    other = store.put(KEY, b"other")
    proxy.plan(reset_before, method="PUT", key=KEY)
    assert store.create(KEY, BODY) is None
    assert store.replace(KEY, BODY, '"0123456789abcdef0123456789abcdef"') is None
    assert store.head(KEY).etag == other


@pytest.mark.parametrize("fault", NEVER_LANDS)
@pytest.mark.parametrize(
    ("before", "write"),
    [
        (None, lambda store, etag: store.put(KEY, BODY)),
        (b"before", lambda store, etag: store.put(KEY, BODY)),
        (None, lambda store, etag: store.create(KEY, BODY)),
        (b"before", lambda store, etag: store.replace(KEY, BODY, etag)),
        (b"before", lambda store, etag: store.delete([KEY])),
    ],
)
def test_a_write_that_never_arrives_has_changed_nothing(
    store: ObjectStore,
    proxy: FaultProxy,
    before: bytes | None,
    write: Callable[[ObjectStore, str], object],
    fault: Fault,
) -> None:
    etag = store.put(KEY, before) if before is not None else ""
    proxy.plan_for(fault, lambda request: request.is_write and KEY in request.keys, times=ALWAYS)
    with pytest.raises(UnavailableError, match=NOTHING), recording():
        write(store, etag)
    assert stored(store) == before


@pytest.mark.parametrize("write", [put, create])
def test_where_nobody_can_say_whether_it_was_written_the_error_says_so(
    store: ObjectStore, proxy: FaultProxy, write: Callable[[ObjectStore], object]
) -> None:
    proxy.plan(reset_after, method="PUT", key=KEY, times=ALWAYS)
    proxy.plan(reset_before, method="HEAD", key=KEY, times=ALWAYS)
    with pytest.raises(OutcomeUnknownError, match="may have been carried out"), recording():
        write(store)


def test_a_refused_deletion_is_no_success(store: ObjectStore, proxy: FaultProxy) -> None:
    store.put(KEY, BODY)
    proxy.plan(refuse_deletes, key=KEY, times=ALWAYS)
    with pytest.raises(UnavailableError, match=f"AccessDenied.*{NOTHING}"), recording():
        store.delete([KEY])
    assert stored(store) == BODY


def test_what_was_created_and_deleted_again_has_changed_nothing(store: ObjectStore) -> None:
    with pytest.raises(UnavailableError, match=NOTHING), recording():
        store.create(KEY, BODY)
        store.delete([KEY])
        raise UnavailableError("The queue did not answer.")


def test_a_deadline_that_ends_after_a_change_does_not_deny_it(store: ObjectStore) -> None:
    with pytest.raises(DeadlineError, match="may have been carried out"), recording():
        store.put(KEY, BODY)
        raise DeadlineError("The time is over.")


@pytest.mark.parametrize("fault", [reset_in_body, truncate])
def test_a_read_that_breaks_off_is_repeated(
    store: ObjectStore, proxy: FaultProxy, fault: Fault, tmp_path: Path
) -> None:
    store.put("key", BODY)
    reads: dict[str, Callable[[], object]] = {
        "get": lambda: store.get_with_etag("key")[0],
        "sha256": lambda: store.sha256("key"),
        "download": lambda: store.download("key", tmp_path / "file"),
        "list": lambda: [item.key for item in store.list("")],
    }
    for name, read in reads.items():
        proxy.clear()
        wanted = read()
        rule = proxy.plan(fault, method="GET")
        assert (name, read()) == (name, wanted)
        assert rule.met == 1
    assert (tmp_path / "file").read_bytes() == BODY


@pytest.mark.parametrize("fault", [reset_in_body, truncate])
def test_a_read_that_always_breaks_off_is_unavailable(
    store: ObjectStore, proxy: FaultProxy, fault: Fault, tmp_path: Path
) -> None:
    store.put("key", BODY)
    proxy.plan(fault, method="GET", times=ALWAYS)
    for read in (
        lambda: store.get_with_etag("key"),
        lambda: store.sha256("key"),
        lambda: store.download("key", tmp_path / "file"),
        lambda: list(store.list("")),
    ):
        with pytest.raises(UnavailableError):
            read()


def test_a_file_is_put_whole_or_not_at_all(store: ObjectStore, proxy: FaultProxy, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(BODY)
    proxy.plan(reset_after, method="PUT", key="^file$", times=2)
    store.put_file("file", path)
    assert store.get("file") == BODY
    proxy.plan(reset_before, method="PUT", key="^other$", times=ALWAYS)
    with pytest.raises(UnavailableError):
        store.put_file("other", path)


def test_a_redirect_is_followed_nowhere_and_asks_for_no_region(store: ObjectStore, proxy: FaultProxy) -> None:
    proxy.plan(redirect, times=ALWAYS)
    calls: list[Callable[[], object]] = [
        lambda: store.get_with_etag(KEY),
        lambda: store.head(KEY),
        lambda: store.put(KEY, BODY),
        lambda: store.delete([KEY]),
        lambda: list(store.list("")),
    ]
    for call in calls:
        with pytest.raises(UnavailableError, match=r"elsewhere \(302\).*REGATTA_S3_ENDPOINT"):
            call()
    assert len(proxy.requests) == len(calls)


def test_a_page_of_a_proxy_is_no_answer_of_the_store(
    store: ObjectStore, proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.dependency.FAILURES", 1_000_000)
    store.put(KEY, BODY)
    fresh = ObjectStore(store.bucket, store.endpoint)
    rule = proxy.plan(answer_a_page, times=ALWAYS)
    calls: list[Callable[[], object]] = [
        lambda: fresh.get(KEY),
        lambda: store.get_with_etag(KEY),
        lambda: store.download(KEY, tmp_path / "file"),
        lambda: store.head(KEY),
        lambda: list(store.list("")),
        lambda: store.copy(KEY, "copy"),
        lambda: store.begin_parts("other"),
        lambda: store.list_parts("large", "upload"),
        lambda: store.join_parts("large", "upload", {1: '"etag"'}),
        lambda: list(store.open_parts()),
    ]
    for number, call in enumerate(calls):
        before = rule.met
        with pytest.raises(UnavailableError):
            call()
        assert rule.met > before, number
    proxy.clear()
    assert [item.key for item in store.list("")] == [KEY]
