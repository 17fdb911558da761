"""Counting in a real Redis."""

from collections.abc import Iterator

import pytest
from redis import Redis

from core.access.shared_counts import Limit
from core.storage.redis.keys import request_count_key
from core.storage.redis.redis_client import RedisClient
from core.storage.redis.request_counts import RequestCounts
from tests.support.redis_process import running_redis

# One more comes so seldom that none does while a test runs.
HOURS = 8_000.0
RATE = Limit("default", "k", 10, HOURS)
DAY = Limit("default", "k.day", 10, day=20_000)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running_redis(tmp_path_factory.mktemp("redis")) as (_, port):
        yield port


@pytest.fixture
def redis(port: int) -> Iterator[Redis]:
    with Redis(port=port) as client:
        client.flushall()
        yield client


def counts(port: int) -> RequestCounts:
    return RequestCounts(RedisClient(f"redis://127.0.0.1:{port}/0"))


@pytest.mark.parametrize("limit", [RATE, DAY])
def test_servers_lease_no_more_together_than_a_limit_holds(redis: Redis, port: int, limit: Limit) -> None:
    first, second = counts(port), counts(port)
    leased = [server.lease(limit, 4) for server in (first, second, first, second)]
    assert [one.requests if one else None for one in leased] == [4, 4, 2, 0]
    (name,) = redis.keys()
    assert 0 < redis.ttl(name) <= 86_400


def test_a_rate_says_when_there_is_one_more(redis: Redis, port: int) -> None:
    counts(port).lease(RATE, 10)
    leased = counts(port).lease(RATE, 1)
    assert leased is not None
    assert HOURS - 100 < leased.wait <= HOURS


@pytest.mark.parametrize("value", [b"garbage", b"nan", b"inf", b"-1", b"1e300", b"x" * 100_000, b"10", b""])
@pytest.mark.parametrize("limit", [RATE, DAY])
def test_what_somebody_else_has_stored_is_no_count(redis: Redis, port: int, limit: Limit, value: bytes) -> None:
    redis.set(request_count_key("default", "k" if limit is RATE else "k.day.20000"), value)
    leased = counts(port).lease(limit, 4)
    assert leased is not None
    assert leased.requests == 4


def test_a_value_of_another_type_is_replaced(redis: Redis, port: int) -> None:
    redis.lpush(request_count_key("default", "k"), b"x")
    leased = counts(port).lease(RATE, 4)
    assert leased is not None
    assert leased.requests == 4


def test_without_redis_nobody_answers() -> None:
    assert RequestCounts(RedisClient(None)).lease(RATE, 1) is None
