"""Fits under way, each in a thread, so that one that takes too long can be abandoned.

Threads and not processes, because Lambda has no semaphores for these.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Lock, Thread, current_thread
from typing import Generic, TypeVar

from core.regressors.thread_limits import limit_openmp

Key = TypeVar("Key")
Result = TypeVar("Result")


class FitThread(Thread, Generic[Key, Result]):
    """A thread that runs one fit after another, on one core, and puts what each returns or raises into `ended`."""

    def __init__(self, ended: "SimpleQueue[tuple[Key, Result | BaseException]]") -> None:
        # A daemon: an abandoned fit must not keep the process from ending.
        super().__init__(name="fit", daemon=True)
        self._ended = ended
        self._fits: SimpleQueue[tuple[Key, Callable[[], Result]] | None] = SimpleQueue()
        self._lock, self._is_abandoned, self._ends_itself = Lock(), False, False
        self.start()

    def fit(self, key: Key, fit: Callable[[], Result]) -> None:
        """Run a fit after those before it."""
        self._fits.put((key, fit))

    def close(self) -> None:
        """End the thread after its fit."""
        self._fits.put(None)

    def abandon(self) -> None:
        """End the thread at its next step in Python: a call into a library ends first.

        Within `ended_by_itself` it ends where that says.
        """
        self.close()
        with self._lock:
            self._is_abandoned = True
            if not self._ends_itself:
                thread = ctypes.c_ulong(self.ident or 0)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(SystemExit))

    def set_ends_itself(self, ends_itself: bool) -> None:
        """Say whether the thread looks by `check` whether it is abandoned, or else is interrupted at any step."""
        with self._lock:
            self._ends_itself = ends_itself
        self.check()

    def check(self) -> None:
        """Raise `SystemExit` where the thread was abandoned."""
        if self._is_abandoned:
            raise SystemExit

    def run(self) -> None:
        """Run the fits."""
        limit_openmp()
        while (item := self._fits.get()) is not None:
            key, fit = item
            try:
                outcome: Result | BaseException = fit()
            except BaseException as error:
                outcome = error
            self._ended.put((key, outcome))


@contextmanager
def ended_by_itself() -> Iterator[Callable[[], None]]:
    """Yield a function that ends the fit of this thread where it was abandoned; nothing else ends it in this block.

    It is for libraries that free memory from Python: one that is interrupted between two steps may free it twice, which
    ends or hangs the whole process.
    """
    thread = current_thread()
    if not isinstance(thread, FitThread):
        yield lambda: None
        return
    thread.set_ends_itself(True)
    try:
        yield thread.check
    finally:
        thread.set_ends_itself(False)


class FitThreads(Generic[Key, Result]):
    """Fits by key; an outcome is what a fit returned or raised. Its methods are called from one thread."""

    def __init__(self) -> None:
        self._ended: SimpleQueue[tuple[Key, Result | BaseException]] = SimpleQueue()
        self._busy: dict[Key, FitThread[Key, Result]] = {}
        self._idle: list[FitThread[Key, Result]] = []

    @property
    def running(self) -> list[Key]:
        """Return the keys of the fits under way."""
        return list(self._busy)

    def start(self, key: Key, fit: Callable[[], Result]) -> None:
        """Start a fit."""
        self._busy[key] = self._idle.pop() if self._idle else FitThread(self._ended)
        self._busy[key].fit(key, fit)

    def wait(self, seconds: float | None) -> list[tuple[Key, Result | BaseException]]:
        """Return the keys and outcomes of the fits that have ended, after the first of them or after `seconds`."""
        ended: list[tuple[Key, Result | BaseException]] = []
        try:
            ended.append(self._ended.get(timeout=seconds))
            while True:
                ended.append(self._ended.get_nowait())
        except Empty:
            pass
        self._idle += [self._busy.pop(key) for key, _ in ended]
        return ended

    def close(self) -> None:
        """End all threads; the fits under way are abandoned, and what they still return counts no more."""
        for thread in self._idle:
            thread.close()
        for thread in self._busy.values():
            thread.abandon()
        self._idle.clear()
        self._busy.clear()
