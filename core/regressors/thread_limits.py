"""Limit native threads, and silence warnings, while several fits run in parallel, each on its own core."""

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

# How long a thread keeps the interpreter while another one waits. LightGBM returns to Python after each tree. With
# Python's own 5 ms, a fit of small trees takes 25 times as long beside a thread that stays in Python as alone; with
# 0.2 ms it takes 3 times as long (`python -m bench.fit_beside_python`).
SWITCH_SECONDS = 0.0002
_lock = threading.Lock()
_active_blocks = 0
_entered_contexts: list[Any] = []


@contextmanager
def one_core_per_fit() -> Iterator[None]:
    """Limit BLAS to one thread, silence warnings and let threads take turns quickly, until the last such block ends.

    These are settings of the process. If several trainings each restored them, in any order, a wrong value could stay:
    the first one sets them and the last one restores them. OpenMP has a setting for each thread, and is limited for the
    calling thread.
    """
    global _active_blocks  # noqa: PLW0603
    with _lock:
        _active_blocks += 1
        if _active_blocks == 1:
            _entered_contexts.extend(
                [warnings.catch_warnings(), _controller().limit(limits=1, user_api="blas"), _quick_turns()]
            )
            for context in _entered_contexts:
                context.__enter__()
            warnings.simplefilter("ignore")
            # scikit-learn resets the filters for a moment around each of its own tasks, in every thread.
            warnings.showwarning = _ignore_warning
    try:
        with _controller().limit(limits=1, user_api="openmp"):
            yield
    finally:
        with _lock:
            _active_blocks -= 1
            while _active_blocks == 0 and _entered_contexts:
                _entered_contexts.pop().__exit__(None, None, None)


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Let no thread keep the interpreter longer than `SWITCH_SECONDS` while another one waits for it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, SWITCH_SECONDS))
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _ignore_warning(*_: Any, **__: Any) -> None:
    pass


def limit_openmp() -> None:
    """Limit OpenMP to one core in the calling thread, for good."""
    _controller().limit(limits=1, user_api="openmp")


@contextmanager
def openmp_limited() -> Iterator[None]:
    """Limit OpenMP to one core in the calling thread, within a block."""
    with _controller().limit(limits=1, user_api="openmp"):
        yield


@cache
def _controller() -> ThreadpoolController:
    """Return the controller of all native thread pools."""
    # Cached, as finding the loaded libraries takes longer than a small fit.
    import sklearn.ensemble  # noqa: F401, so that its OpenMP is among them

    return ThreadpoolController()
