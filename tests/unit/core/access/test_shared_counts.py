"""Servers that count the requests of a key or workspace together, on clocks of the test."""

from pathlib import Path

import pytest

from core.access.allowances import Allowances
from core.access.caller import Caller
from core.access.roles import Role
from core.access.shared_counts import ALONE_SECONDS, BLOCK_SECONDS, MOST_SHARE, Leased, Limit
from core.errors import TooManyRequestsError


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Counts:
    """Counts as Redis does, and how often it was asked; `is_down` while it does not answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._full_at: dict[str, float] = {}
        self._used: dict[tuple[str, int], int] = {}
        self.asked = 0
        self.is_down = False

    def lease(self, limit: Limit, requests: int) -> Leased | None:
        self.asked += 1
        if self.is_down:
            return None
        if limit.day is not None:
            used = self._used.get((limit.name, limit.day), 0)
            taken = min(requests, int(limit.requests) - used)
            self._used[limit.name, limit.day] = used + taken
            return Leased(taken, 100.0)
        ahead = max(0.0, self._full_at.get(limit.name, 0.0) - self._clock())
        taken = min(requests, int(limit.requests - ahead / limit.each + 1e-6))
        self._full_at[limit.name] = self._clock() + ahead + taken * limit.each
        return Leased(taken, ahead + limit.each - limit.requests * limit.each)


def key(per_second: float | None = None, per_day: int | None = None) -> Caller:
    return Caller("default", Role.READ, "k", per_second, per_day)


def servers(clock: Clock, counts: Counts, count: int = 3) -> list[Allowances]:
    return [Allowances(None, clock, clock, counts) for _ in range(count)]


def count_taken(chosen: list[Allowances], caller: Caller, tries: int, per_minute: int | None = None) -> int:
    """Send requests to the servers in turn; return how many were taken."""
    taken = 0
    for number in range(tries):
        try:
            taken += chosen[number % len(chosen)].take(caller, per_minute)
        except TooManyRequestsError:
            continue
    return taken


def test_three_servers_give_one_rate() -> None:
    clock = Clock()
    chosen = servers(clock, Counts(clock))
    assert count_taken(chosen, key(per_second=30), 300) == 30
    clock.now += 1
    assert 29 <= count_taken(chosen, key(per_second=30), 300) <= 30


def test_three_servers_give_one_quota_of_a_day() -> None:
    clock = Clock()
    chosen = servers(clock, Counts(clock))
    assert count_taken(chosen, key(per_day=100), 600) == 100
    clock.now += 86_400
    assert count_taken(chosen, key(per_day=100), 600) == 100


def test_three_servers_give_one_minute_of_a_workspace() -> None:
    clock = Clock()
    chosen = servers(clock, Counts(clock))
    assert count_taken(chosen, key(), 900, per_minute=200) == 200


def test_all_limits_of_a_key_hold_together() -> None:
    clock = Clock()
    chosen = servers(clock, Counts(clock))
    assert count_taken(chosen, key(per_second=10, per_day=15), 90) == 10
    clock.now += 1
    assert count_taken(chosen, key(per_second=10, per_day=15), 90) == 5


def test_a_busy_server_asks_for_few_of_its_requests() -> None:
    clock = Clock()
    counts = Counts(clock)
    (server,) = servers(clock, counts, 1)
    assert count_taken([server], key(per_second=10_000), 5_000) == 5_000
    assert counts.asked < 2 * MOST_SHARE


def test_a_server_that_is_asked_little_takes_nothing_from_the_others() -> None:
    clock = Clock()
    counts = Counts(clock)
    quiet, busy = servers(clock, counts, 2)
    assert count_taken([quiet], key(per_second=20), 1) == 1
    assert count_taken([busy], key(per_second=20), 100) == 19


def test_nothing_is_counted_where_redis_would_have_to_be_asked_and_may_not() -> None:
    clock = Clock()
    counts = Counts(clock)
    (server,) = servers(clock, counts, 1)
    assert not server.take(key(per_second=1), may_ask=False)
    assert counts.asked == 0
    assert server.take(key(per_second=1))
    with pytest.raises(TooManyRequestsError) as refused:  # known without another question
        server.take(key(per_second=1), may_ask=False)
    assert refused.value.retry_after == pytest.approx(1)


def test_without_redis_each_server_counts_alone_and_asks_again_after_a_second() -> None:
    clock = Clock()
    counts = Counts(clock)
    counts.is_down = True
    chosen = servers(clock, counts)
    assert count_taken(chosen, key(per_day=5), 60) == 15
    assert counts.asked == 3
    counts.is_down = False
    assert count_taken(chosen, key(per_day=6), 60) == 3
    clock.now += ALONE_SECONDS
    assert count_taken(servers(clock, counts), key(per_day=6), 60) == 6


def test_what_is_left_of_a_block_lapses() -> None:
    clock = Clock()
    counts = Counts(clock)
    (server,) = servers(clock, counts, 1)
    count_taken([server], key(per_second=1000), 20)
    assert server.take(key(per_second=1000), may_ask=False)
    clock.now += BLOCK_SECONDS + 0.1
    assert not server.take(key(per_second=1000), may_ask=False)


def test_the_processes_of_a_server_use_one_block(tmp_path: Path) -> None:
    clock = Clock()
    counts = Counts(clock)
    processes = [Allowances(tmp_path, clock, clock, counts) for _ in range(2)]
    other = Allowances(None, clock, clock, counts)
    assert count_taken([*processes, other], key(per_second=40), 300) == 40
    assert counts.asked < 40
