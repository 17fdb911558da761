"""While fits run side by side, threads take turns quickly; afterwards the process has its own settings again."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from core.regressors import thread_limits
from core.regressors.thread_limits import SWITCH_SECONDS, one_core_per_fit

OWN_SECONDS = 0.005


@pytest.fixture(autouse=True)
def own_turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin with the turns of Python, whatever the threads of other tests still do."""
    monkeypatch.setattr(thread_limits, "_active_blocks", 0)
    monkeypatch.setattr(thread_limits, "_entered_contexts", [])
    before = sys.getswitchinterval()
    sys.setswitchinterval(OWN_SECONDS)
    yield
    sys.setswitchinterval(before)


def test_threads_take_turns_quickly_until_the_last_block_ends() -> None:
    with ExitStack() as second:
        with one_core_per_fit():
            second.enter_context(one_core_per_fit())
            assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    assert sys.getswitchinterval() == pytest.approx(OWN_SECONDS)


def test_a_process_that_takes_quicker_turns_keeps_them() -> None:
    sys.setswitchinterval(SWITCH_SECONDS / 2)
    # Python keeps whole microseconds and rounds down, so the value may be 1 µs less.
    with one_core_per_fit():
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS / 2, abs=2e-6)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS / 2, abs=2e-6)
