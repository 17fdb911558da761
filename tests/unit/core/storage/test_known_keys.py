"""What a process knows of the keys, and how soon it hears of their end."""

from collections.abc import Callable

import pytest

from core.access.keys import NewKey
from core.errors import UnavailableError
from core.storage.key_repository import KeyRepository, StoredKey
from core.storage.known_keys import KEY_SECONDS, REFRESH_SECONDS, USE_SECONDS, KnownKeys
from core.storage.s3.object_store import ObjectStore

STALE_SECONDS = 900.0


class CountedKeys(KeyRepository):
    """Keys in the bucket, of which each look is counted; `is_down` lets all of them fail."""

    is_down = False

    def __init__(self, objects: ObjectStore, clock: Callable[[], float]) -> None:
        super().__init__(objects, clock)
        self.revisions = self.reads = 0
        self.uses: list[str] = []

    def revision(self) -> str:
        self.revisions += 1
        self._fail()
        return super().revision()

    def get(self, key_id: str) -> StoredKey | None:
        self.reads += 1
        self._fail()
        return super().get(key_id)

    def note_use(self, key_id: str, at: float) -> None:
        self.uses.append(key_id)

    def _fail(self) -> None:
        if self.is_down:
            raise UnavailableError("down")


class Process:
    """A process with a clock of the test; what it does later is done by `go_on`."""

    def __init__(self, bucket: ObjectStore) -> None:
        self.now = 1_800_000_000.0
        self.repository = CountedKeys(bucket, lambda: self.now)
        self.waiting: list[Callable[[], None]] = []
        self.known = KnownKeys(self.repository, STALE_SECONDS, clock=lambda: self.now, later=self.waiting.append)

    def go_on(self) -> None:
        while self.waiting:
            self.waiting.pop()()

    def serves(self, made: NewKey) -> bool:
        """Return whether a request with this key is served, as the guard asks."""
        known = self.known.recall(made.key_id)
        if known is None:
            known = self.known.ask(made.key_id)
        return self.known.caller(made.text, known) is not None


@pytest.fixture
def process(bucket: ObjectStore) -> Process:
    return Process(bucket)


def test_a_key_is_read_once_and_then_known(process: Process) -> None:
    _, made = process.repository.create("acme", "read")
    for _ in range(100):
        assert process.serves(made)
    assert (process.repository.reads, process.repository.revisions) == (1, 1)


def test_in_steady_traffic_no_request_waits_and_the_bucket_is_asked_twice_a_second(process: Process) -> None:
    _, made = process.repository.create("acme", "read")
    assert process.serves(made)
    asked = process.repository.revisions
    for _ in range(1000):
        process.now += 0.01
        assert process.known.recall(made.key_id) is not None
        process.go_on()
    assert process.repository.revisions - asked <= 10 / REFRESH_SECONDS
    assert process.repository.reads == 1


def test_a_revoked_key_is_refused_within_a_second(process: Process, bucket: ObjectStore) -> None:
    _, made = process.repository.create("acme", "read")
    assert process.serves(made)
    KeyRepository(bucket).revoke(made.key_id)
    process.now += 1
    assert not process.serves(made)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_delays_no_revocation(process: Process, hours: int) -> None:
    _, made = process.repository.create("acme", "read")
    assert process.serves(made)
    process.now += 3600 * hours
    assert process.serves(made)
    process.repository.revoke(made.key_id)
    process.now += 1
    assert not process.serves(made)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_key_ends_when_the_clock_says_so(process: Process, hours: int) -> None:
    _, made = process.repository.create("acme", "read", expires=process.now + 1800)
    assert process.serves(made)
    process.now += 3600 * hours
    assert process.serves(made) == (hours < 0)
    process.now -= 3600 * hours
    assert process.serves(made)


def test_a_key_that_was_being_read_while_it_was_revoked_is_not_kept(process: Process, bucket: ObjectStore) -> None:
    _, made = process.repository.create("acme", "read")
    before = KeyRepository.get

    def get_slowly(repository: KeyRepository, key_id: str) -> StoredKey | None:
        found = before(repository, key_id)
        KeyRepository(bucket).revoke(key_id)
        process.now += 1
        # Another request hears of it first.
        process.known._confirm()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KeyRepository, "get", get_slowly)
        process.known.ask(made.key_id)
    assert not process.serves(made)


def test_a_key_that_was_revoked_by_a_killed_command_is_refused_within_a_minute(
    process: Process, bucket: ObjectStore
) -> None:
    _, made = process.repository.create("acme", "read")
    assert process.serves(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ObjectStore, "put", lambda *_: None)  # the revision
        KeyRepository(bucket).revoke(made.key_id)
    process.now += KEY_SECONDS
    assert not process.serves(made)


def test_a_new_key_is_known_at_once(process: Process) -> None:
    _, first = process.repository.create("acme", "read")
    assert process.serves(first)
    _, second = process.repository.create("acme", "read")
    assert process.serves(second)


def test_an_expired_key_is_refused_on_time(process: Process) -> None:
    _, made = process.repository.create("acme", "read", expires=process.now + 0.5)
    assert process.serves(made)
    process.now += 0.5
    assert not process.serves(made)


def test_another_secret_of_the_same_id_is_refused(process: Process) -> None:
    _, made = process.repository.create("acme", "read")
    _, other = process.repository.create("acme", "admin")
    assert process.known.caller(other.text, process.known.ask(made.key_id)) is None


def test_known_keys_outlive_an_outage_for_a_while(process: Process) -> None:
    _, made = process.repository.create("acme", "read")
    assert process.serves(made)
    process.repository.is_down = True
    asked = process.repository.revisions
    for _ in range(100):
        process.now += 2.5
        assert process.serves(made)
        process.go_on()
    # One request waited for the bucket, the others went on.
    assert process.repository.revisions - asked <= 101
    process.now += STALE_SECONDS
    with pytest.raises(UnavailableError):
        process.serves(made)


def test_a_key_that_ended_in_an_outage_is_refused_after_it(process: Process, bucket: ObjectStore) -> None:
    _, made = process.repository.create("acme", "read")
    assert process.serves(made)
    process.repository.is_down = True
    process.now += 2
    assert process.serves(made)
    process.repository.is_down = False
    KeyRepository(bucket).revoke(made.key_id)
    process.now += 10
    assert not process.serves(made)


def test_an_unknown_key_is_unavailable_in_an_outage(process: Process) -> None:
    _, made = process.repository.create("acme", "read")
    process.repository.is_down = True
    with pytest.raises(UnavailableError):
        process.serves(made)


def test_its_use_is_noted_every_ten_minutes(process: Process) -> None:
    _, made = process.repository.create("acme", "read")
    for _ in range(5):
        assert process.serves(made)
    process.go_on()
    assert process.repository.uses == [made.key_id]
    process.now += USE_SECONDS
    assert process.serves(made)
    process.go_on()
    assert process.repository.uses == [made.key_id] * 2


def test_a_damaged_key_is_no_key(process: Process, bucket: ObjectStore) -> None:
    _, made = process.repository.create("acme", "read")
    bucket.put(f"access/keys/{made.key_id}.json", b"garbage")
    assert not process.serves(made)
