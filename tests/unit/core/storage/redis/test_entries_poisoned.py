"""Whatever somebody has written into Redis under our keys, answers stay right, and the entries become ours again."""

import csv
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, cast

import httpx
import pytest
from redis import Redis

from core.access.allowances import Allowances
from core.access.caller import Caller
from core.access.roles import Role
from core.jobs.commands import IngestCommand
from core.jobs.service import new_job
from core.storage import documents
from core.storage.container import container
from core.storage.job_repository import Job, JobProgress
from core.storage.quota_repository import KnownQuotas, set_quota
from core.storage.redis import keys
from core.storage.redis.division_token import DivisionToken
from core.storage.redis.entries import pack, unpack
from core.storage.redis.keys import KEY_PATTERNS, KeyPattern
from core.storage.redis.request_counts import RequestCounts
from core.storage.s3.object_store import ObjectStore
from tests.support.kept_objects import KeptObjects
from tests.support.process_state import connect_container
from tests.support.redis_keys import patterns_of
from tests.support.storage import WORKSPACE
from tests.support.tables import CSVS

HUGE = b"x" * (5 << 20)
ROW = next(csv.DictReader(CSVS["mpg"][0].read_text(encoding="utf-8").splitlines()))
ORDER = {"model_type": "ridge", "target_column": "mpg"}
# By name what stands in the place of every value of a pattern: a value for a value that was there.
Poison = Callable[[str, bytes, list[bytes]], bytes | None]
State = Mapping[str, bytes | dict[bytes, bytes]]


def another_value(_: str, value: bytes, values: list[bytes]) -> bytes:
    return values[(values.index(value) + 1) % len(values)] if len(values) > 1 else value[::-1]


def forged_as_before_codes(key: str, value: bytes, values: list[bytes]) -> bytes:
    """Another's value under a digest over key and value, which anybody can compute."""
    body = another_value(key, value, values)[16:]
    return hashlib.blake2b(key.encode() + b"\0" + body, digest_size=16).digest() + body


POISONS: dict[str, Poison] = {
    "the value of another key": another_value,
    "a forged value": forged_as_before_codes,
    "garbage": lambda *_: b'\xff{"version": 99}',
    "JSON": lambda *_: b'{"status": 200, "headers": [["content-type", "text/html"]], "body": "PGI+", "version": 99}',
    "a huge value": lambda *_: HUGE,
    "another type": lambda *_: None,
}


@pytest.fixture(autouse=True)
def believed_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no entry be too old to be believed, and quotas be known at once."""
    monkeypatch.setattr(KnownQuotas, "_read_later", KnownQuotas._read)
    monkeypatch.setattr(documents, "BELIEVED_SECONDS", 3600.0)


class Asked:
    """The operations that read what Redis has, in a process that remembers nothing."""

    def __init__(self, client: httpx.Client, bucket: ObjectStore) -> None:
        self.client, self.bucket = client, bucket
        self.job: Job = new_job("0" * 20, IngestCommand(file_id="0" * 20, filename="a.csv")).model_copy(
            update={"status": "running", "owner": "me"}
        )

    def storage(self) -> Any:
        """Answers of datasets and models."""
        connect_container(self.bucket)
        one = {"model_name": "car"}
        answers = [
            self.client.get(path, params=params)
            for path, params in (
                ("/data/info", None),
                ("/data/files", None),
                ("/data/profile", None),
                ("/model/trained", None),
                ("/model/info", one),
                ("/model/info", {"model_name": "van"}),
                ("/model/metrics/car", None),
                ("/series", None),
                ("/jobs", None),
            )
        ]
        answers += [
            self.client.post("/predict", json={"model_name": name, "data": ROW, "interval": 0.9})
            for name in ("car", "van")
        ]
        assert [answer.status_code for answer in answers] == [200] * len(answers)
        return [answer.json() for answer in answers]

    def announced_upload(self) -> Any:
        """The answer to the announcement of an upload with a key, but for what is made anew each time."""
        connect_container(self.bucket)
        headers, body = {"Idempotency-Key": "one"}, {"filename": "a.csv", "size_bytes": 9}
        first, second = (self.client.post("/data/uploads", json=body, headers=headers) for _ in range(2))
        assert (second.headers["idempotency-replayed"], second.json()) == ("true", first.json())
        return first.status_code, first.headers["content-type"], sorted(first.json())

    def progress(self) -> Any:
        """What a job shows of its worker, which reports once more afterwards."""
        connect_container(self.bucket)
        progress = JobProgress(WORKSPACE, container().redis)
        before = progress.with_progress(self.job)
        progress.report(self.job, stage="fitting", progress=0.5, parts={}, standings=[])
        assert progress.with_progress(self.job).progress == 0.5
        return before.progress in (0.0, 0.5)

    def stop(self) -> Any:
        """Whether a worker that nobody has asked to stop is asked, and one that somebody has."""
        connect_container(self.bucket)
        progress = JobProgress(WORKSPACE, container().redis)
        other = self.job.model_copy(update={"owner": "another"})
        asked = progress.report(other, stage="fitting", progress=0.5, parts={}, standings=[])
        progress.stop(self.job)
        return asked, progress.report(self.job, stage="fitting", progress=0.5, parts={}, standings=[])

    def divisions(self) -> Any:
        """Whether the token is another one once a job was divided, and is no longer than a token."""
        connect_container(self.bucket)
        token = DivisionToken(container().redis)
        before = token.read()
        token.change()
        after = token.read()
        return after != before, len(after or b"")

    def requests(self) -> Any:
        """Whether requests of a key with limits are taken."""
        connect_container(self.bucket)
        key = Caller(WORKSPACE, Role.READ, "k", per_second=5, per_day=50)
        return Allowances(None, shared=RequestCounts(container().redis)).take(key)

    def counts(self) -> Any:
        """Whether the counts of caches are numbers."""
        connect_container(self.bucket)
        self.client.get("/model/info", params={"model_name": "car"}).raise_for_status()
        container().counters.flush()
        caches = self.client.get("/system/status").json()["cache"]
        counts = [count for level in caches.values() for count in level.values() if isinstance(level, dict)]
        return all(0 <= count < 10**6 for count in counts)


READERS = {
    keys.CACHED_OBJECT: Asked.storage,
    keys.CACHED_NAMES: Asked.storage,
    keys.DOCUMENT: Asked.storage,
    keys.MANIFEST_INDEX: Asked.storage,
    keys.JOB_PROGRESS: Asked.progress,
    keys.JOB_STOP: Asked.stop,
    keys.DIVISION_TOKEN: Asked.divisions,
    keys.IDEMPOTENT_ANSWER: Asked.announced_upload,
    keys.REQUEST_COUNT: Asked.requests,
    keys.CACHE_COUNTS: Asked.counts,
}


def stored(redis: Redis, pattern: KeyPattern) -> dict[str, Any]:
    """Return what Redis has of a pattern."""
    names = [name.decode() for name in sorted(redis.keys())]
    return {name: read(redis, name) for name in names if pattern in patterns_of(name)}


def read(redis: Redis, name: str) -> Any:
    match redis.type(name):
        case b"string":
            return redis.get(name)
        case b"hash":
            return redis.hgetall(name)
        case kind:
            return kind


def write(redis: Redis, name: str, value: Any) -> None:
    redis.delete(name)
    if value is None:
        redis.rpush(name, "a list")
    elif isinstance(value, dict):
        redis.hset(name, mapping=value)
    else:
        redis.set(name, value)


def poisoned(state: State, poison: Poison) -> dict[str, Any]:
    """Return what stands in place of these values."""
    flat = [v for value in state.values() for v in (value.values() if isinstance(value, dict) else [value])]
    return {
        name: {field: poison(field.decode(), one, flat) for field, one in value.items()}
        if isinstance(value, dict) and poison(name, flat[0], flat) is not None
        else poison(name, value if isinstance(value, bytes) else flat[0], flat)
        for name, value in state.items()
    }


def is_mended(now: Any, poison: Any) -> bool:
    """Return whether nothing of the poison is left under a key."""
    if isinstance(poison, dict):
        return not isinstance(now, dict) or all(now.get(field) != value for field, value in poison.items())
    return bool(now != (b"list" if poison is None else poison))


@pytest.fixture
def asked(client: httpx.Client, bucket: ObjectStore, kept_objects: KeptObjects) -> Asked:
    """Two models of two files, in a workspace whose share of Redis is limited."""

    def make() -> None:
        set_quota(bucket, WORKSPACE, redis_bytes=1 << 40)
        for name, rows in (("car", None), ("van", 200)):
            lines = CSVS["mpg"][0].read_bytes().splitlines()[:rows]
            client.post("/data/upload", files={"file": (f"{name}.csv", b"\n".join(lines))}).raise_for_status()
            client.post("/model/train", json={**ORDER, "model_name": name}).raise_for_status()

    kept_objects.fill(bucket, make)
    return Asked(client, bucket)


@pytest.mark.parametrize("pattern", KEY_PATTERNS, ids=lambda pattern: pattern.pattern)
def test_a_poisoned_entry_changes_no_answer_and_is_replaced(asked: Asked, redis: Redis, pattern: KeyPattern) -> None:
    ask = READERS[pattern]
    redis.flushall()
    expected = ask(asked)
    state = stored(redis, pattern)
    assert state, f"no work makes {pattern.pattern}"
    poisons = dict(POISONS)
    if pattern is keys.CACHE_COUNTS:
        del poisons["the value of another key"]  # any number is a count, and nothing depends on it
    for name, poison in poisons.items():
        for key, value in state.items():
            write(redis, key, value)
        bad = poisoned(state, poison)
        for key, value in bad.items():
            write(redis, key, value)
        assert ask(asked) == expected, name
        now = stored(redis, pattern)
        assert [key for key, value in bad.items() if not is_mended(now.get(key), value)] == [], name


def test_an_old_value_of_the_same_key_is_believed_for_a_second_at_most(
    asked: Asked, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between old and new a second version was trained and took over."""
    asked.storage()
    old = {pattern: stored(redis, pattern) for pattern in KEY_PATTERNS}
    asked.client.post("/model/train", json={**ORDER, "model_name": "van", "model_type": "lasso"}).raise_for_status()
    expected = asked.storage()
    for state in old.values():
        for key, value in state.items():
            write(redis, key, value)
    monkeypatch.setattr(documents, "BELIEVED_SECONDS", 0.0)
    assert asked.storage() == expected


def test_a_manifest_under_the_key_of_another_model_is_not_served(asked: Asked, redis: Redis) -> None:
    asked.storage()
    good, evil = (keys.cached_object_key(f"{WORKSPACE}/models/{name}/1/manifest.json") for name in ("car", "van"))
    for value in (redis.get(evil), forged_as_before_codes(good, redis.get(evil) or b"", [])):
        redis.set(good, value or b"")
        connect_container(asked.bucket)
        answer = asked.client.get("/model/info", params={"model_name": "car"})
        assert answer.json()["model_name"] == "car"
        assert redis.get(good) not in (value, None)


@pytest.mark.parametrize("has_code", [False, True], ids=["a record of somebody", "one with our code"])
def test_a_repeated_answer_is_never_a_page(asked: Asked, redis: Redis, has_code: bool) -> None:
    asked.announced_upload()
    (name,) = stored(redis, keys.IDEMPOTENT_ANSWER)
    kept = unpack(name, cast("bytes", redis.get(name)))
    assert kept is not None
    page = {**json.loads(kept), "headers": {"content-type": "text/html"}, "body": "PGI+"}
    content = json.dumps(page).encode()
    redis.set(name, pack(name, content) if has_code else content)
    assert asked.announced_upload()[:2] == (201, "application/json")
