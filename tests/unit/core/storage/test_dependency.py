"""A dependency: its circuit by a clock that the test moves, and its bounded calls."""

import pytest

from core import deadlines
from core.deadlines import deadline
from core.errors import DeadlineError, UnavailableError
from core.storage import dependency
from core.storage.dependency import FAILURES, FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS, CircuitOpenError, Dependency


class Clock:
    """A clock that stands still between the moves of the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Dependency:
    return Dependency("store", calls=2, clock=clock)


def fail(store: Dependency, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(OSError, match="silent"), store.call(OSError):
            raise OSError("silent")


def test_failures_in_a_row_open_the_circuit_and_an_answer_between_them_does_not(store: Dependency) -> None:
    fail(store, FAILURES - 1)
    with pytest.raises(KeyError), store.call(OSError):
        raise KeyError("an answer of the store")
    fail(store, FAILURES)
    with pytest.raises(CircuitOpenError) as refused, store.call(OSError):
        pytest.fail("the store was asked")
    assert (refused.value.status, refused.value.retry_after) == (503, FIRST_PAUSE_SECONDS)


def test_one_call_probes_and_closes_the_circuit(store: Dependency, clock: Clock) -> None:
    fail(store, FAILURES)
    clock.now += FIRST_PAUSE_SECONDS
    with store.call(OSError), pytest.raises(CircuitOpenError):
        store.begin()
    with store.call(OSError), store.call(OSError):
        pass


def test_each_probe_that_fails_doubles_the_pause_up_to_a_limit(store: Dependency, clock: Clock) -> None:
    fail(store, FAILURES)
    pauses: list[float] = []
    for _ in range(6):
        with pytest.raises(CircuitOpenError) as refused:
            store.begin()
        pauses.append(refused.value.retry_after or 0)
        clock.now += pauses[-1]
        fail(store)
    assert pauses == [FIRST_PAUSE_SECONDS, 2, 4, MOST_PAUSE_SECONDS, MOST_PAUSE_SECONDS, MOST_PAUSE_SECONDS]


def test_calls_that_began_before_do_not_keep_the_circuit_open_for_longer(store: Dependency, clock: Clock) -> None:
    before = store.begin()
    fail(store, FAILURES)
    clock.now += FIRST_PAUSE_SECONDS / 2
    before.failed()
    clock.now += FIRST_PAUSE_SECONDS / 2
    with store.call(OSError):
        pass


def test_a_probe_that_ends_without_an_answer_lets_another_one_probe(store: Dependency, clock: Clock) -> None:
    fail(store, FAILURES)
    clock.now += FIRST_PAUSE_SECONDS
    with pytest.raises(DeadlineError), store.call(OSError):
        raise DeadlineError("nothing is left")
    with store.call(OSError):
        pass


def test_no_more_calls_go_on_than_may(store: Dependency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependency, "SLOT_SECONDS", 0)
    first, second = store.begin(), store.begin()
    with pytest.raises(UnavailableError, match="Too many requests wait for the store"):
        store.begin()
    first.abandon()
    first.failed()  # it is over
    third = store.begin()
    with pytest.raises(UnavailableError):
        store.begin()
    second.succeeded()
    third.succeeded()


def test_a_call_that_nobody_ends_gives_its_place_back(store: Dependency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependency, "SLOT_SECONDS", 0)
    for _ in range(5):
        store.begin()


def test_nothing_is_asked_once_the_deadline_has_passed(
    store: Dependency, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "clock", clock)
    with deadline(5), pytest.raises(DeadlineError):
        clock.now += 5
        store.begin()


def test_a_dependency_says_after_how_many_failures_it_is_left_alone(clock: Clock) -> None:
    optional = Dependency("store", calls=2, failures=1, clock=clock)
    fail(optional)
    with pytest.raises(CircuitOpenError):
        optional.begin()
    optional.circuit.probe_next()
    with optional.call(OSError):
        pass
    fail(optional)
