"""Whatever Redis answers, a document is as the bucket had it a second ago or later, and as this process wrote it."""

import pytest
from redis import Redis

from core.storage.documents import BELIEVED_SECONDS, OWN_WRITE_SECONDS, Documents
from core.storage.redis.entries import DocumentEntry
from core.storage.redis.redis_client import (
    RedisClient,
)
from tests.support.redis_documents import KEY, NAME, Clock, MemoryStore, Process


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
