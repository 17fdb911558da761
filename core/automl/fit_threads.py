"""Fits under way, each in a thread, so that one that takes too long can be abandoned.

Threads and not processes, because Lambda has no semaphores for these.
"""

import ctypes
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
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
        self.start()

    def fit(self, key: Key, fit: Callable[[], Result]) -> None:
        """Run a fit after those before it."""
        self._fits.put((key, fit))

    def close(self) -> None:
        """End the thread after its fit."""
        self._fits.put(None)

    def abandon(self) -> None:
        """End the thread at its next step in Python: a call into a library ends first."""
        self.close()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident or 0), ctypes.py_object(SystemExit))

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
