"""A server reconciles again and again, sooner after an outage, and at most a tenth of the time."""

import threading

import pytest

from core.errors import UnavailableError
from core.services.upkeep.reconcile import Reconciled
from infra.local.reconciling import RETRY_SECONDS, SHARE, ReconcilingThread

SECONDS = 30.0


class Turns:
    """A reconciler whose passes a test plans: an outcome, or an error that is raised."""

    def __init__(self, *plan: Reconciled | Exception, seconds: float = 0.0) -> None:
        self.plan = list(plan)
        self.now = 0.0
        self.seconds = seconds
        self.is_mine = True
        self.ran = threading.Event()

    def take_turn(self) -> bool:
        return self.is_mine

    def run(self) -> Reconciled:
        self.now += self.seconds
        self.ran.set()
        outcome = self.plan.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.mark.parametrize(
    ("outcome", "wait"),
    [
        (Reconciled(submitted=2), SECONDS),
        (Reconciled(complete=False), RETRY_SECONDS),
        (UnavailableError("no answer"), RETRY_SECONDS),
        (ZeroDivisionError(), SECONDS),
    ],
)
def test_the_next_pass_comes_sooner_after_an_outage(outcome: Reconciled | Exception, wait: float) -> None:
    assert ReconcilingThread(Turns(outcome), SECONDS).reconcile_once() == wait


def test_a_long_pass_is_followed_by_a_longer_pause() -> None:
    turns = Turns(Reconciled(), seconds=60)
    assert ReconcilingThread(turns, SECONDS, lambda: turns.now).reconcile_once() == 60 / SHARE


def test_it_does_nothing_out_of_turn() -> None:
    turns = Turns()
    turns.is_mine = False
    assert ReconcilingThread(turns, SECONDS).reconcile_once() == SECONDS
    assert not turns.ran.is_set()


def test_it_runs_until_it_is_stopped() -> None:
    turns = Turns(*[Reconciled()] * 1_000)
    thread = ReconcilingThread(turns, 0.001)
    thread.start()
    assert turns.ran.wait(300)
    thread.stop()
    thread.join(300)
    assert not thread.is_alive()
