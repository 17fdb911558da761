"""Whatever Redis answers, a document is as the bucket had it a second ago or later, and as this process wrote it."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from core.jobs.commands import IngestCommand
from core.jobs.service import new_job
from core.storage.cache import CachedObjects, Counters
from core.storage.dependency import FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS
from core.storage.documents import BELIEVED_SECONDS, OWN_WRITE_SECONDS, Documents
from core.storage.job_repository import JobProgress
from core.storage.redis.entries import DocumentEntry
from core.storage.redis.keys import cache_counts_key, cached_object_key, document_key, job_progress_key
from core.storage.redis.redis_client import (
    COMMAND_SECONDS,
    CONNECT_SECONDS,
    SLOW_COMMANDS,
    SLOW_SECONDS,
    RedisClient,
)
from core.storage.s3.object_store import ObjectStore
from tests.support.redis_process import running_redis

KEY = "default/models/m/champion.json"
NAME = document_key(KEY)


class Clock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class MemoryStore(ObjectStore):
    """Objects in memory; `reads` counts how often one was read. What happens meanwhile is called once."""

    def __init__(self) -> None:
        super().__init__("bucket", None)
        self.bodies: dict[str, bytes] = {}
        self.reads = 0
        self.after_put: Callable[[], None] | None = None
        self.after_get: Callable[[], None] | None = None

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        body = self.bodies[key]
        self.reads += 1
        self._run("after_get")
        return body, str(hash(body))

    def get(self, key: str) -> bytes:
        return self.get_with_etag(key)[0]

    def put(self, key: str, body: bytes, content_type: str = "") -> str:
        self.bodies[key] = body
        self._run("after_put")
        return str(hash(body))

    def _put_if(self, key: str, body: bytes, condition: dict[str, Any]) -> str | None:
        return self.put(key, body)

    def delete(self, keys: Any) -> None:
        for key in keys:
            self.bodies.pop(key, None)

    def _run(self, name: str) -> None:
        hook = getattr(self, name)
        setattr(self, name, None)
        if hook:
            hook()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running_redis(tmp_path_factory.mktemp("redis")) as (_, port):
        yield port


@pytest.fixture
def redis(redis_port: int) -> Iterator[Redis]:
    with Redis.from_url(f"redis://127.0.0.1:{redis_port}/0") as client:
        client.config_set("maxmemory", 0)
        client.flushall()
        yield client


@pytest.fixture
def process(
    store: MemoryStore, clock: Clock, redis_port: int, redis: Redis, patient_with_redis: None
) -> Callable[[], Documents]:
    """Make the documents of another process, which share the store, the clock and Redis."""
    return lambda: Documents(store, RedisClient(f"redis://127.0.0.1:{redis_port}/0"), clock)


Process = Callable[[], Documents]


def test_documents_are_shared_through_redis_for_a_second(process: Process, store: MemoryStore, clock: Clock) -> None:
    writer, reader, other = process(), process(), process()
    writer.write(KEY, {"version": 1})
    assert reader.read(KEY) == other.read(KEY) == {"version": 1}
    assert store.reads == 0
    clock.now += BELIEVED_SECONDS
    assert reader.read(KEY) == other.read(KEY) == {"version": 1}
    assert store.reads == 1


def test_a_write_that_redis_missed_is_seen_by_others_within_the_second(
    process: Process, store: MemoryStore, clock: Clock
) -> None:
    reader, cut_off = process(), Documents(store, RedisClient("redis://127.0.0.1:9/0"), clock)
    process().write(KEY, {"version": 1})
    clock.now += BELIEVED_SECONDS / 2
    cut_off.write(KEY, {"version": 2})
    assert cut_off.read(KEY) == {"version": 2}
    assert reader.read(KEY) == {"version": 1}  # the documented second
    clock.now += BELIEVED_SECONDS / 2
    assert reader.read(KEY) == {"version": 2}


def test_what_another_process_wrote_for_this_one_is_read_from_the_bucket(
    process: Process, store: MemoryStore, clock: Clock
) -> None:
    reader, cut_off = process(), Documents(store, RedisClient("redis://127.0.0.1:9/0"), clock)
    process().write(KEY, {"version": 1})
    cut_off.write(KEY, {"version": 2})
    reader.distrust()
    assert reader.read(KEY) == {"version": 2}


def test_the_age_of_a_document_counts_from_when_the_bucket_had_it(process: Process, clock: Clock) -> None:
    process().write(KEY, {"version": 1})
    clock.now += 0.75 * BELIEVED_SECONDS
    assert process().read_with_age(KEY).age == 0.75 * BELIEVED_SECONDS


def test_the_last_to_write_wins_and_not_the_last_to_publish(
    process: Process, store: MemoryStore, clock: Clock, redis: Redis
) -> None:
    first, second, third = process(), process(), process()
    publish = first._publish
    delayed: list[DocumentEntry] = []
    first._publish = lambda key, entry: delayed.append(entry)  # type: ignore[method-assign]
    first.write(KEY, {"version": 1})
    clock.now += 0.1
    second.write(KEY, {"version": 2})
    publish(KEY, delayed[0])
    assert third.read(KEY) == {"version": 2}
    assert store.reads == 0


def test_a_reader_that_a_writer_overtook_does_not_put_the_older_document_back(
    process: Process, store: MemoryStore, clock: Clock
) -> None:
    reader, writer = process(), process()
    store.bodies[KEY] = b'{"version": 1}'

    def overtake() -> None:
        clock.now += 0.1
        writer.write(KEY, {"version": 2})

    store.after_get = overtake
    assert reader.read(KEY) == {"version": 1}  # it began before the write
    assert process().read(KEY) == {"version": 2}


def test_a_write_whose_acknowledgement_came_late_is_not_believed_for_longer(
    process: Process, store: MemoryStore, clock: Clock
) -> None:
    slow, quick = process(), process()

    def be_overtaken() -> None:
        clock.now += 0.1
        quick.write(KEY, {"version": 2})
        clock.now += 5

    store.after_put = be_overtaken
    slow.write(KEY, {"version": 1})
    assert process().read(KEY) == {"version": 2}


@pytest.mark.parametrize("seconds", [0.0, BELIEVED_SECONDS, OWN_WRITE_SECONDS - 0.01])
@pytest.mark.parametrize("skew", [-0.9, 0.0, 0.9])
def test_a_process_never_reads_what_was_before_its_own_write(
    process: Process, store: MemoryStore, clock: Clock, redis: Redis, seconds: float, skew: float
) -> None:
    one = process()
    one.write(KEY, {"version": 1})
    one.write(KEY, {"version": 2})
    clock.now += seconds
    # Another process, whose clock differs from ours, publishes what it read before.
    older = DocumentEntry(clock.now + skew, clock.now + skew, b'{"version": 1}')
    redis.set(NAME, older.pack(NAME))
    assert one.read(KEY) == {"version": 2}


def test_a_deleted_document_is_gone_for_every_process(process: Process, store: MemoryStore, clock: Clock) -> None:
    store.bodies[KEY] = b'{"version": 1}'
    one, other = process(), process()
    assert other.read(KEY) == {"version": 1}
    clock.now += 0.1
    one.delete(KEY)
    assert one.read(KEY) is other.read(KEY) is None
    assert store.reads == 1


def test_a_dump_of_before_is_not_believed(process: Process, store: MemoryStore, clock: Clock, redis: Redis) -> None:
    process().write(KEY, {"version": 1})
    dump = redis.dump(NAME)
    clock.now += 3600
    process().write(KEY, {"version": 2})
    assert dump is not None
    redis.restore(NAME, 30_000, dump, replace=True)
    assert process().read(KEY) == {"version": 2}
    assert process().read(KEY) == {"version": 2}
    assert store.reads == 1  # and the entry is repaired


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_costs_a_read_and_no_truth(
    process: Process, store: MemoryStore, clock: Clock, hours: int
) -> None:
    one, other = process(), process()
    one.write(KEY, {"version": 1})
    clock.now += 3600 * hours
    other.write(KEY, {"version": 2})
    assert one.read(KEY) == other.read(KEY) == {"version": 2}


GARBAGE = [b"", b"\n", b"{}", b"not ours", b'{"version": 9}', b"9999999999.000000 9999999999.000000\n" + bytes(40)]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_in_place_of_a_document_is_replaced(
    process: Process, store: MemoryStore, redis: Redis, garbage: bytes
) -> None:
    store.bodies[KEY] = b'{"version": 1}'
    redis.set(NAME, garbage)
    assert process().read(KEY) == {"version": 1}
    assert process().read(KEY) == {"version": 1}
    assert store.reads == 1


def test_an_entry_of_another_key_or_type_is_not_believed(process: Process, store: MemoryStore, redis: Redis) -> None:
    store.bodies[KEY] = b'{"version": 1}'
    process().write("other", {"version": 9})
    redis.set(NAME, redis.get(document_key("other")) or b"")
    assert process().read(KEY) == {"version": 1}
    redis.delete(NAME)
    redis.lpush(NAME, "a list")
    assert process().read(KEY) == {"version": 1}
    assert process().read(KEY) == {"version": 1}
    assert store.reads == 2


@pytest.mark.parametrize("garbage", [*GARBAGE, b"\x00" * 64])
def test_garbage_in_place_of_an_object_is_replaced(
    store: MemoryStore, redis: Redis, redis_port: int, garbage: bytes
) -> None:
    shared = RedisClient(f"redis://127.0.0.1:{redis_port}/0")
    cached = CachedObjects(store, shared, Counters(shared), entry_bytes=100, ttl_seconds=60)
    store.bodies["key"] = b"body"
    redis.set(cached_object_key("key"), garbage)
    assert cached.read("key") == b"body"
    assert cached.read("key") == b"body"
    assert store.reads == 1


def test_garbage_in_progress_and_counts_is_left_out(redis: Redis, redis_port: int) -> None:
    shared = RedisClient(f"redis://127.0.0.1:{redis_port}/0")
    job = new_job("0" * 20, IngestCommand(file_id="0" * 20, filename="a.csv"))
    job = job.model_copy(update={"status": "running", "owner": "me"})
    redis.hset(cache_counts_key(), "memory", "many")
    assert Counters(shared).read()["memory"] == {"hits": 0, "misses": 0}
    for garbage in (b"{", b"[1]", b'{"owner": "me", "stage": 3}', b"\xff"):
        redis.set(job_progress_key("default", job.job_id), garbage)
        assert JobProgress("default", shared).with_progress(job) == job


def test_a_full_redis_loses_what_it_cannot_replace(
    process: Process, store: MemoryStore, clock: Clock, redis: Redis
) -> None:
    one, other = process(), process()
    one.write(KEY, {"version": 1})
    redis.config_set("maxmemory", 1)
    one.write(KEY, {"version": 2})
    assert redis.get(NAME) is None
    assert other.read(KEY) == {"version": 2}
    redis.config_set("maxmemory", 0)
    one.write(KEY, {"version": 3})
    assert other.read(KEY) == {"version": 3}  # a refusal is no outage: nobody waits before Redis is used again
    assert store.reads == 1


def test_a_read_only_redis_is_stale_for_no_longer_than_the_second(process: Process, clock: Clock, redis: Redis) -> None:
    process().write(KEY, {"version": 1})
    redis.replicaof("127.0.0.1", 9)
    try:
        one, other = process(), process()
        one.write(KEY, {"version": 2})
        assert one.read(KEY) == {"version": 2}
        clock.now += BELIEVED_SECONDS
        assert other.read(KEY) == {"version": 2}
    finally:
        redis.replicaof("NO", "ONE")


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_silent_redis_is_asked_once_and_found_again_when_it_answers(
    tmp_path: Path, store: MemoryStore, clock: Clock
) -> None:
    with running_redis(tmp_path) as (server, port):
        client = RedisClient(f"redis://127.0.0.1:{port}/0", clock)
        documents, asked = Documents(store, client, clock), 0
        documents.write(KEY, {"version": 1})

        def ask(redis: Redis) -> Any:
            nonlocal asked
            asked += 1
            return redis.ping()

        with stopped(server.pid):
            for pause in (FIRST_PAUSE_SECONDS, 2 * FIRST_PAUSE_SECONDS, 4 * FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS):
                assert [client.run(ask, None) for _ in range(5)] == [None] * 5
                clock.now += pause
            assert asked == 4
            documents.write(KEY, {"version": 2})
            assert documents.read(KEY) == {"version": 2}
        clock.now += MOST_PAUSE_SECONDS
        assert client.run(ask, None)
        assert client.run(ask, None)


def test_a_pause_ends_for_one_caller_while_the_others_go_on_without_redis(clock: Clock) -> None:
    client = RedisClient("redis://127.0.0.1:9/0", clock)
    client.run(lambda redis: redis.ping(), None)
    clock.now += FIRST_PAUSE_SECONDS
    others: list[Any] = []

    def ask(redis: Redis) -> str:
        others.append(client.run(lambda redis: "asked", "without"))
        return "asked"

    assert client.run(ask, None) == "asked"
    assert others == ["without"]
    assert client.run(lambda redis: "asked", "without") == "asked"


def test_a_redis_that_answers_slowly_is_left_alone(clock: Clock) -> None:
    client = RedisClient("redis://127.0.0.1:9/0", clock)

    def answer_slowly(redis: Redis) -> str:
        clock.now += 2 * SLOW_SECONDS
        return "slow"

    assert [client.run(answer_slowly, None) for _ in range(SLOW_COMMANDS + 1)] == ["slow"] * SLOW_COMMANDS + [None]
    clock.now += FIRST_PAUSE_SECONDS
    assert client.run(lambda redis: "quick", None) == "quick"
    assert client.run(answer_slowly, None) == "slow"


def test_a_silent_redis_costs_one_time_out_even_on_a_new_connection() -> None:
    # An address that takes connections and never answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = RedisClient(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        options = client._connection().connection_pool.connection_kwargs
        waits = (options["socket_connect_timeout"], options["socket_timeout"])
        assert waits == (CONNECT_SECONDS, COMMAND_SECONDS)
        assert client.run(lambda redis: redis.get("a"), None) is None
        asked, _ = silent.accept()
        silent.setblocking(False)
        with asked:
            with pytest.raises(BlockingIOError):
                silent.accept()  # it was not tried again
            assert asked.recv(1_000).count(b"*") == 1  # nor was anything asked before
