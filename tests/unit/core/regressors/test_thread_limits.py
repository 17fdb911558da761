"""While fits run side by side, threads take turns quickly; afterwards the process has its own settings again."""

import sys
from collections.abc import Iterator

import pytest

from core.regressors.thread_limits import SWITCH_SECONDS, one_core_per_fit


@pytest.fixture(autouse=True)
def interval() -> Iterator[float]:
    before = sys.getswitchinterval()
    yield before
    sys.setswitchinterval(before)


def test_threads_take_turns_quickly_until_the_last_block_ends(interval: float) -> None:
    first, second = one_core_per_fit(), one_core_per_fit()
    first.__enter__()
    second.__enter__()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(interval)


def test_a_process_that_takes_quicker_turns_keeps_them() -> None:
    sys.setswitchinterval(SWITCH_SECONDS / 2)
    # Python keeps whole microseconds, so what it returns may be less by one when it is set again.
    with one_core_per_fit():
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS / 2, abs=2e-6)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS / 2, abs=2e-6)
