"""Keeps native threads and warnings down while several fits run side by side, each on a core of its own."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside = 0
_undo: list[Any] = []


@contextmanager
def one_core_a_fit() -> Iterator[None]:
    """BLAS on one thread and no warnings printed, for the whole process, until the last of those inside has left.

    Both are settings of the process and not of a thread; taken back by each of several trainings in its own order
    they would stay wrong for good. OpenMP, which keeps its number for each thread, is limited for the calling one.
    """
    global _inside  # noqa: PLW0603
    with _lock:
        _inside += 1
        if _inside == 1:
            _undo.extend([warnings.catch_warnings(), _controller().limit(limits=1, user_api="blas")])
            for state in _undo:
                state.__enter__()
            warnings.simplefilter("ignore")
            # scikit-learn resets the filters for an instant around each of its own tasks, in every thread.
            warnings.showwarning = _say_nothing
    try:
        with _controller().limit(limits=1, user_api="openmp"):
            yield
    finally:
        with _lock:
            _inside -= 1
            while _inside == 0 and _undo:
                _undo.pop().__exit__(None, None, None)


def _say_nothing(*_: Any, **__: Any) -> None:
    pass


def one_openmp_thread() -> None:
    """Let what this thread starts by OpenMP run on one core; OpenMP keeps the number for each thread."""
    _controller().limit(limits=1, user_api="openmp")


@contextmanager
def openmp_on_one_core() -> Iterator[None]:
    """The same for a block, in a thread that goes on to other work."""
    with _controller().limit(limits=1, user_api="openmp"):
        yield


@cache
def _controller() -> ThreadpoolController:
    # Looking through the loaded libraries takes longer than a small fit.
    import sklearn.ensemble  # noqa: F401, so that its OpenMP is among them

    return ThreadpoolController()
