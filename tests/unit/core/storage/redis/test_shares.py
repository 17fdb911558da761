"""A workspace keeps as much in Redis as its quota says, and makes room among what is its own."""

from collections.abc import Iterator

import pytest
from redis import Redis

from core.storage.cache import CachedObjects, Counters
from core.storage.manifest_index import ManifestIndex
from core.storage.quota_repository import KnownQuotas, set_quota
from core.storage.redis.keys import cached_names_key, cached_object_key, idempotent_answer_key
from core.storage.redis.redis_client import RedisClient
from core.storage.redis.shares import RedisShares
from core.storage.s3.object_store import ObjectStore
from tests.support.redis_process import running_redis

TTL = 60


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the Redis of all tests here answers."""
    with running_redis(tmp_path_factory.mktemp("redis")) as (_, port):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def redis(url: str) -> Iterator[Redis]:
    """It, empty."""
    with Redis.from_url(url) as connected:
        connected.flushall()
        yield connected


@pytest.fixture
def client(url: str, patient_with_redis: None) -> RedisClient:
    """The client of a process."""
    return RedisClient(url)


@pytest.fixture
def cached(bucket: ObjectStore, client: RedisClient) -> CachedObjects:
    """The cache of a process in whose Redis acme may have 1,000 bytes."""
    set_quota(bucket, "acme", redis_bytes=1000)
    quotas = KnownQuotas(bucket, later=lambda read: read())
    return CachedObjects(bucket, client, Counters(client), entry_bytes=5000, ttl_seconds=TTL, quotas=quotas)


def kept(redis: Redis, workspace: str = "acme") -> set[str]:
    """Return the names of the objects of a workspace that Redis has."""
    prefix = cached_object_key(f"{workspace}/")
    return {name.decode().removeprefix(prefix) for name in redis.keys(f"{prefix}*")}


def read(cached: CachedObjects, bucket: ObjectStore, name: str, size: int = 300, workspace: str = "acme") -> None:
    body = name[0].encode() * size
    bucket.put(f"{workspace}/{name}", body)
    assert cached.read(f"{workspace}/{name}") == body


def test_the_object_that_was_read_longest_ago_makes_room(
    cached: CachedObjects, bucket: ObjectStore, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr(cached._shares, "_clock", lambda: now[0])
    for name in ("a", "b", "c", "a", "d"):
        now[0] += 1
        read(cached, bucket, name)
    assert kept(redis) == {"a", "c", "d"}
    read(cached, bucket, "large", 1001)  # more than all that the workspace may have
    assert kept(redis) == {"a", "c", "d"}
    now[0] += 1
    read(cached, bucket, "half", 500)
    assert kept(redis) == {"d", "half"}


def test_one_without_a_quota_keeps_all_and_nobody_else_makes_room_for_it(
    cached: CachedObjects, bucket: ObjectStore, redis: Redis
) -> None:
    for place in range(3):
        read(cached, bucket, str(place), workspace="other")
    for place in range(9):
        read(cached, bucket, str(place))
    assert len(kept(redis)) == 3
    assert len(kept(redis, "other")) == 3
    assert not redis.exists(cached_names_key("other"))


def test_what_expired_is_counted_no_more(client: RedisClient, redis: Redis) -> None:
    now = [1_000_000.0]
    shares = RedisShares(client, TTL, lambda: now[0])
    for name in ("a", "b"):
        shares.stored(f"acme/{name}", 400, 1000)
    now[0] += TTL + 1
    shares.stored("acme/c", 400, 1000)
    assert redis.zrange(cached_names_key("acme"), 0, -1, withscores=True) == [(b"", -400.0), (b"400 acme/c", now[0])]


@pytest.mark.parametrize(
    "members",
    [
        {"": -1e300},
        {"": 5.0, "no member": 1.0, "99 other/x": 2.0, "1 acme/": 3.0},
        {"1e9 acme/x": 1.0, b"\xff\xfe": 2.0},
    ],
)
def test_garbage_in_redis_drops_nothing_of_others_and_goes(
    client: RedisClient, redis: Redis, members: dict[str | bytes, float]
) -> None:
    redis.set(cached_object_key("other/x"), b"theirs")
    redis.zadd(cached_names_key("acme"), members)
    shares = RedisShares(client, TTL)
    shares.stored("acme/a", 400, 1000)
    shares.stored("acme/b", 400, 1000)
    assert redis.exists(cached_object_key("other/x"))
    left = dict(redis.zrange(cached_names_key("acme"), 0, -1, withscores=True))
    assert left.pop(b"") == -800.0
    assert set(left) == {b"400 acme/a", b"400 acme/b"}


def test_another_type_is_replaced(client: RedisClient, redis: Redis) -> None:
    redis.set(cached_names_key("acme"), "a text")
    RedisShares(client, TTL).stored("acme/a", 400, 1000)
    assert redis.zcard(cached_names_key("acme")) == 2


def answer(client: RedisClient, redis: Redis, digest: str, size: int) -> str:
    """Store an answer as a request with an Idempotency-Key does; return its key."""
    name = idempotent_answer_key("acme", digest)
    redis.set(name, b"a" * size)
    RedisShares(client, TTL).answered("acme", name, size, 1000)
    return name


def test_answers_count_and_outlive_the_objects(
    cached: CachedObjects, bucket: ObjectStore, redis: Redis, client: RedisClient
) -> None:
    first = answer(client, redis, "1" * 64, 300)
    for name in ("a", "b", "c"):
        read(cached, bucket, name)
    assert (kept(redis), redis.exists(first)) == ({"b", "c"}, 1)
    assert redis.ttl(cached_names_key("acme")) > TTL
    answers = [answer(client, redis, digit * 64, 400) for digit in "23"]
    assert kept(redis) == set()
    assert [redis.exists(name) for name in (first, *answers)] == [0, 1, 1]


def test_an_index_grows_no_further_than_the_share(bucket: ObjectStore, redis: Redis, client: RedisClient) -> None:
    most: list[int | None] = [None]
    for number in range(4):
        bucket.put(f"acme/datasets/{number}/manifest.json", b'{"rows": "%s"}' % (b"1" * 2000))
    index = ManifestIndex("acme", bucket, client, "datasets", most_bytes=lambda: most[0])
    index.read({key: tag for key, tag in index.listed().items() if "/0/" in key})
    assert index.size() == 1
    most[0] = 1000
    assert (len(index.manifests()), index.size()) == (4, 1)
    most[0] = 100_000
    assert (len(index.manifests()), index.size()) == (4, 4)
