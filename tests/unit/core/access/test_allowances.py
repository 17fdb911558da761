"""How many requests a key may send, on clocks of the test."""

from pathlib import Path

import pytest

from core.access.allowances import Allowances
from core.access.caller import Caller
from core.access.roles import Role
from core.errors import TooManyRequestsError

DAY = 86_400


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def key(per_second: float | None = None, per_day: int | None = None, name: str = "k") -> Caller:
    return Caller("default", Role.READ, name, per_second, per_day)


def count_taken(allowances: Allowances, caller: Caller, tries: int) -> int:
    taken = 0
    for _ in range(tries):
        try:
            allowances.take(caller)
        except TooManyRequestsError:
            continue
        taken += 1
    return taken


def test_a_key_without_limits_is_never_refused() -> None:
    assert count_taken(Allowances(None), key(), 1000) == 1000


def test_a_second_gives_so_many_requests_at_once_and_then_one_after_another() -> None:
    clock = Clock()
    allowances = Allowances(None, clock)
    assert count_taken(allowances, key(per_second=5), 20) == 5
    clock.now += 0.2
    assert count_taken(allowances, key(per_second=5), 20) == 1
    clock.now += 1000
    assert count_taken(allowances, key(per_second=5), 20) == 5


def test_a_rate_below_one_takes_one_request_at_a_time() -> None:
    clock = Clock()
    allowances = Allowances(None, clock)
    assert count_taken(allowances, key(per_second=0.1), 5) == 1
    clock.now += 9.9
    assert count_taken(allowances, key(per_second=0.1), 5) == 0
    clock.now += 0.2
    assert count_taken(allowances, key(per_second=0.1), 5) == 1


def test_the_refusal_says_when_to_come_again() -> None:
    clock = Clock()
    allowances = Allowances(None, clock)
    allowances.take(key(per_second=0.5))
    with pytest.raises(TooManyRequestsError) as caught:
        allowances.take(key(per_second=0.5))
    assert caught.value.retry_after == pytest.approx(2)
    clock.now += 2
    allowances.take(key(per_second=0.5))


def test_a_day_gives_its_quota_and_the_next_one_anew() -> None:
    wall = Clock(10 * DAY + 3600.0)
    allowances = Allowances(None, wall_clock=wall)
    assert count_taken(allowances, key(per_day=3), 5) == 3
    with pytest.raises(TooManyRequestsError) as caught:
        allowances.take(key(per_day=3))
    assert caught.value.retry_after == DAY - 3600
    wall.now = 11 * DAY
    assert count_taken(allowances, key(per_day=3), 5) == 3


def test_one_key_uses_nothing_of_another() -> None:
    allowances = Allowances(None, Clock())
    assert count_taken(allowances, key(per_second=2, name="a"), 5) == 2
    assert count_taken(allowances, key(per_second=2, name="b"), 5) == 2


def test_the_processes_of_a_server_count_together(tmp_path: Path) -> None:
    clock, wall = Clock(), Clock(DAY * 5.5)
    first, second = (Allowances(tmp_path / "rates", clock, wall) for _ in range(2))
    limited = key(per_second=4, per_day=100)
    assert count_taken(first, limited, 3) + count_taken(second, limited, 3) == 4


def test_a_folder_that_cannot_be_used_lets_a_process_count_by_itself(tmp_path: Path) -> None:
    (tmp_path / "rates").write_text("a file")
    assert count_taken(Allowances(tmp_path / "rates", Clock()), key(per_second=2), 5) == 2


def test_counts_of_another_start_of_the_machine_refuse_nobody(tmp_path: Path) -> None:
    before = Clock(1_000_000.0)
    assert count_taken(Allowances(tmp_path, before), key(per_second=2), 5) == 2
    assert count_taken(Allowances(tmp_path, Clock(5.0)), key(per_second=2), 5) == 2


def of_workspace(name: str, workspace: str = "acme", per_second: float | None = None) -> Caller:
    return Caller(workspace, Role.READ, name, per_second)


def take(allowances: Allowances, caller: Caller, per_minute: int, tries: int) -> int:
    taken = 0
    for _ in range(tries):
        try:
            allowances.take(caller, per_minute)
        except TooManyRequestsError:
            continue
        taken += 1
    return taken


def test_the_keys_of_a_workspace_share_its_minute_and_use_nothing_of_another() -> None:
    clock = Clock()
    allowances = Allowances(None, clock)
    assert take(allowances, of_workspace("a"), 6, 4) == 4
    assert take(allowances, of_workspace("b"), 6, 4) == 2
    assert take(allowances, of_workspace("c", "other-team"), 6, 4) == 4
    with pytest.raises(TooManyRequestsError, match="6 requests a minute") as caught:
        allowances.take(of_workspace("a"), 6)
    assert caught.value.retry_after == pytest.approx(10)
    assert caught.value.errors == [{"field": "requests", "message": "6 of 6 are used"}]
    clock.now += 10
    assert take(allowances, of_workspace("b"), 6, 4) == 1


def test_what_a_key_may_not_send_uses_nothing_of_its_workspace_and_the_other_way_round() -> None:
    clock = Clock()
    allowances = Allowances(None, clock)
    assert take(allowances, of_workspace("a", per_second=2), 10, 50) == 2
    assert take(allowances, of_workspace("b"), 10, 50) == 8
    clock.now += 1
    assert take(allowances, of_workspace("a", per_second=2), 10, 1) == 0
    clock.now += 5  # one of the minute, and the key has all of its second
    assert take(allowances, of_workspace("a", per_second=2), 10, 50) == 1


def test_the_processes_of_a_server_count_a_workspace_together(tmp_path: Path) -> None:
    first, second = (Allowances(tmp_path, Clock()) for _ in range(2))
    assert take(first, of_workspace("a"), 5, 3) + take(second, of_workspace("b"), 5, 3) == 5


def test_another_limit_holds_at_once() -> None:
    clock = Clock()
    allowances = Allowances(None, clock)
    assert take(allowances, of_workspace("a"), 100, 100) == 100
    assert take(allowances, of_workspace("a"), 10, 1) == 0
    clock.now += 30  # half of the minute has come back
    assert take(allowances, of_workspace("a"), 200, 300) == 100
