"""API keys in the bucket."""

import json

import pytest

from core.access.roles import Role
from core.errors import InvalidInputError
from core.storage.key_repository import REVISION, KeyRepository, NoSuchKeyError
from core.storage.s3.object_store import ObjectStore
from core.stored_document import DamagedDocumentError

NOW = 1_800_000_000.0


@pytest.fixture
def keys(bucket: ObjectStore) -> KeyRepository:
    return KeyRepository(bucket, clock=lambda: NOW)


def test_a_key_is_stored_without_its_text(keys: KeyRepository, bucket: ObjectStore) -> None:
    stored, made = keys.create("acme", "train", label="nightly", expires=NOW + 60, per_second=2.5, per_day=9)
    body = bucket.get(f"access/keys/{made.key_id}.json").decode()
    assert made.text not in body
    assert made.text.rpartition("_")[2] not in body
    assert keys.get(made.key_id) == stored
    caller = stored.caller
    assert (caller.workspace, caller.role, caller.key_id) == ("acme", Role.TRAIN, made.key_id)
    assert (caller.per_second, caller.per_day) == (2.5, 9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"workspace": "A"},
        {"workspace": "incoming"},
        {"workspace": "a/b"},
        {"workspace": ".."},
        {"role": "owner"},
        {"role": "ADMIN"},
        {"expires": NOW - 1},
        {"per_second": 0},
        {"per_second": float("nan")},
        {"per_day": 0},
        {"label": "x" * 101},
    ],
)
def test_a_key_of_nonsense_is_not_made(keys: KeyRepository, bucket: ObjectStore, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        keys.create(**{"workspace": "acme", "role": "read"} | wrong)  # type: ignore[arg-type]
    assert list(bucket.list("access/")) == []


def test_a_key_is_valid_until_it_expires_or_is_revoked(keys: KeyRepository) -> None:
    stored, made = keys.create("acme", "read", expires=NOW + 60)
    assert stored.is_valid(NOW + 59)
    assert not stored.is_valid(NOW + 60)
    assert not keys.revoke(made.key_id).is_valid(NOW)


def test_whatever_ends_a_key_changes_the_revision(keys: KeyRepository) -> None:
    _, first = keys.create("acme", "read")
    assert keys.revision() == ""
    keys.revoke(first.key_id)
    after_revoking = keys.revision()
    _, second = keys.create("acme", "read")
    keys.rotate(second.key_id, 0)
    assert len({"", after_revoking, keys.revision()}) == 3


def test_a_key_stays_revoked_since_the_first_time(keys: KeyRepository, bucket: ObjectStore) -> None:
    _, made = keys.create("acme", "read")
    keys.revoke(made.key_id)
    assert KeyRepository(bucket, clock=lambda: NOW + 99).revoke(made.key_id).revoked == NOW


def test_another_key_takes_the_place_of_a_rotated_one(keys: KeyRepository) -> None:
    _, made = keys.create("acme", "train", label="nightly", per_day=7)
    stored, other = keys.rotate(made.key_id, 3600)
    assert (stored.workspace, stored.role, stored.label, stored.per_day) == ("acme", "train", "nightly", 7)
    assert other.text != made.text
    former = keys.get(made.key_id)
    assert former is not None
    assert former.expires == NOW + 3600


def test_a_rotation_never_lets_a_key_live_longer(keys: KeyRepository) -> None:
    _, made = keys.create("acme", "train", expires=NOW + 10)
    stored, _ = keys.rotate(made.key_id, 3600)
    former = keys.get(made.key_id)
    assert former is not None
    assert former.expires == stored.expires == NOW + 10


def test_a_key_that_ended_is_not_rotated(keys: KeyRepository) -> None:
    _, made = keys.create("acme", "train")
    keys.revoke(made.key_id)
    with pytest.raises(InvalidInputError, match="Make a new one"):
        keys.rotate(made.key_id, 0)


@pytest.mark.parametrize("key_id", ["abcdefgh2345", "", "../keys/x", "a/b", "ABCDEFGH2345"])
def test_there_is_no_key_of_another_id(keys: KeyRepository, key_id: str) -> None:
    with pytest.raises(NoSuchKeyError, match="regatta keys list"):
        keys.revoke(key_id)


@pytest.mark.parametrize("damage", ["nothing", "{}", "[]", "workspace", "other"])
def test_a_damaged_key_is_no_key(keys: KeyRepository, bucket: ObjectStore, damage: str) -> None:
    stored, made = keys.create("acme", "read")
    document = json.loads(stored.model_dump_json())
    body = {
        "workspace": json.dumps(document | {"workspace": "../default"}),
        "other": json.dumps(document | {"key_id": "abcdefgh2345"}),
    }.get(damage, damage)
    bucket.put(f"access/keys/{made.key_id}.json", body.encode())
    with pytest.raises(DamagedDocumentError):
        keys.get(made.key_id)


def test_the_last_use_is_known_coarsely_and_nothing_else_is_believed(keys: KeyRepository, bucket: ObjectStore) -> None:
    _, made = keys.create("acme", "read")
    assert keys.last_use(made.key_id) is None
    keys.note_use(made.key_id, NOW)
    used = keys.last_use(made.key_id)
    assert used is not None
    assert used.timestamp() == NOW
    for garbage in (b"[]", b"x", b'{"at": "x"}', b'{"at": 1e300}'):
        bucket.put(f"access/used/{made.key_id}.json", garbage)
        assert keys.last_use(made.key_id) is None


def test_all_keys_are_listed(keys: KeyRepository, bucket: ObjectStore) -> None:
    made = {keys.create("acme", "read")[1].key_id for _ in range(3)}
    keys.revoke(next(iter(made)))
    assert {key.key_id for key in keys.all()} == made
    assert bucket.get(REVISION)
