"""Deadlines: inner ones end no later than outer ones, and threads of our pools inherit them."""

from collections.abc import Callable, Iterator

import pytest

from core import deadlines
from core.context_threads import ContextThreadPool
from core.deadlines import check_deadline, deadline, remaining, within_deadline
from core.errors import DeadlineError
from core.telemetry.facts import collecting


@pytest.fixture
def pass_seconds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    """Let seconds pass on the clock of the deadlines."""
    now = [1000.0]
    monkeypatch.setattr(deadlines, "clock", lambda: now[0])

    def move(seconds: float) -> None:
        now[0] += seconds

    yield move


def test_without_a_deadline_nothing_is_limited() -> None:
    assert remaining() is None
    check_deadline()
    assert within_deadline(20) == 20


def test_an_inner_deadline_ends_no_later_than_the_outer_one(pass_seconds: Callable[[float], None]) -> None:
    with deadline(29):
        pass_seconds(4)
        with deadline(5):
            assert remaining() == 5
        with deadline(3600):
            assert (remaining(), within_deadline(20), within_deadline(60)) == (25, 20, 25)
        assert remaining() == 25
    assert remaining() is None


def test_a_deadline_that_has_passed_raises_and_ends_with_its_block(pass_seconds: Callable[[float], None]) -> None:
    with pytest.raises(DeadlineError) as raised, deadline(2):
        pass_seconds(2)
        check_deadline()
    assert (raised.value.status, raised.value.retry_after) == (503, 1.0)
    check_deadline()


def test_threads_of_a_pool_inherit_the_deadline_of_each_caller(pass_seconds: Callable[[float], None]) -> None:
    with ContextThreadPool(2) as pool:
        with deadline(5):
            first = pool.submit(remaining)
            assert list(pool.map(lambda _: remaining(), range(8))) == [5.0] * 8
        with deadline(7):
            second = pool.submit(remaining)
        assert (first.result(), second.result(), pool.submit(remaining).result()) == (5.0, 7.0, None)


def test_the_log_has_what_was_left_of_the_outer_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(deadlines, "clock", lambda: now[0])
    with collecting() as facts, deadlines.deadline(5):
        with deadlines.deadline(1):
            now[0] = 0.5
        now[0] = 2.0
    assert facts == {"deadline_left": 3.0}
