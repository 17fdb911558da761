"""What this process calls over the network: how many calls go on at a time, and when it stops asking.

Without the two a store that accepts connections and never answers would soon have every thread wait for it
(Nygard, Release It!, 2nd ed. 2018, chapter 5: bulkheads and circuit breakers).
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from core.deadlines import within_deadline
from core.errors import DeadlineError, UnavailableError

log = logging.getLogger("regatta")

# How long a call waits until another one ends, where as many go on as may, unless its dependency says otherwise.
SLOT_SECONDS = 5.0
# After so many failures one after another a circuit opens, unless its dependency says otherwise.
FAILURES = 3
# How long a circuit stays open: at first, and at most. It doubles each time that the probe fails.
FIRST_PAUSE_SECONDS = 1.0
MOST_PAUSE_SECONDS = 8.0
# After how long another call may probe where the last one has not ended.
PROBE_SECONDS = 10.0


class CircuitOpenError(UnavailableError):
    """The dependency has failed several times in a row, so it is not asked for a moment."""


class Circuit:
    """Closed, calls pass. After failures in a row it is open; then one call probes, which closes or opens it again."""

    def __init__(
        self, name: str, clock: Callable[[], float] = time.monotonic, *, most_failures: int | None = None
    ) -> None:
        """Open after `most_failures` in a row, by default `FAILURES`; `clock` has seconds.

        `name` is for messages, such as "object store".
        """
        self._name = name
        self._most_failures = FAILURES if most_failures is None else most_failures
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._open_until = 0.0

    def check(self) -> None:
        """Raise `CircuitOpenError` while it is open."""
        left = self._open_until - self._clock() if self._failures >= self._most_failures else 0.0
        if left > 0:
            detail = f"The {self._name} has failed several times in a row and is not asked for a moment."
            raise CircuitOpenError(detail, retry_after=left)

    def admit(self) -> bool:
        """Let a call pass; return whether it is the probe. Raises `CircuitOpenError`."""
        if self._failures < self._most_failures:
            return False
        with self._lock:
            self.check()
            self._open_until = self._clock() + PROBE_SECONDS
            return True

    def succeeded(self) -> None:
        """Close the circuit: a call was answered."""
        if not self._failures:
            return
        with self._lock:
            if self._failures >= self._most_failures:
                log.warning("The %s answers again", self._name)
            self._failures, self._pause = 0, FIRST_PAUSE_SECONDS

    def failed(self, *, probe: bool) -> None:
        """Count a failure. Calls that began before the circuit opened do not keep it open for longer."""
        with self._lock:
            was_closed = self._failures < self._most_failures
            self._failures += 1
            if self._failures < self._most_failures or not (was_closed or probe):
                return
            if probe:
                self._pause = min(2 * self._pause, MOST_PAUSE_SECONDS)
            self._open_until = self._clock() + self._pause
        log.error("The %s has failed (%d in a row); not asked for %.0f s", self._name, self._failures, self._pause)

    def abandoned(self, *, probe: bool) -> None:
        """Note that a call ended before anybody could answer: where it was the probe, another one may probe."""
        if probe:
            self.probe_next()

    def probe_next(self) -> None:
        """Let the next call pass, even where the circuit is open."""
        with self._lock:
            self._open_until = self._clock()


class Dependency:
    """A service that this process calls: at most `calls` at a time, and none while its circuit is open."""

    def __init__(
        self,
        name: str,
        *,
        calls: int,
        failures: int | None = None,
        slot_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name` is for messages, such as "object store". After so many `failures` in a row the circuit opens.

        Where as many calls go on as may, another one waits `slot_seconds` for its turn, by default `SLOT_SECONDS`.
        """
        self.name = name
        self.circuit = Circuit(name, clock, most_failures=failures)
        self._slot_seconds = slot_seconds
        self._slots = BoundedSemaphore(calls)

    def begin(self) -> "Call":
        """Begin a call, which the caller ends. Raises `CircuitOpenError`, `DeadlineError`, `UnavailableError`."""
        seconds = within_deadline(SLOT_SECONDS if self._slot_seconds is None else self._slot_seconds)
        self.circuit.check()
        if not self._slots.acquire(timeout=seconds):
            raise UnavailableError(f"Too many requests wait for the {self.name}.")
        try:
            return Call(self.circuit, self._slots, probe=self.circuit.admit())
        except BaseException:
            self._slots.release()
            raise

    @contextmanager
    def call(self, *failures: type[Exception]) -> Iterator[None]:
        """Make one call inside the block; of its errors these are failures of the dependency."""
        with self.begin() as call:
            try:
                yield
            except failures:
                call.failed()
                raise
            except DeadlineError:
                raise
            except Exception:
                call.succeeded()
                raise
            call.succeeded()


class Call:
    """One call of a dependency. The first of its ends counts."""

    def __init__(self, circuit: Circuit, slots: BoundedSemaphore, *, probe: bool) -> None:
        self._circuit = circuit
        self._slots = slots
        self._probe = probe
        self._is_over = False

    def succeeded(self) -> None:
        """End the call: the dependency has answered, whatever it says."""
        if self._end():
            self._circuit.succeeded()

    def failed(self) -> None:
        """End the call: the dependency did not answer, or cannot do anything at present."""
        if self._end():
            self._circuit.failed(probe=self._probe)

    def abandon(self) -> None:
        """End the call without knowing how the dependency is; nothing happens where it has ended."""
        if self._end():
            self._circuit.abandoned(probe=self._probe)

    def __enter__(self) -> "Call":
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def __del__(self) -> None:
        self.abandon()

    def _end(self) -> bool:
        if self._is_over:
            return False
        self._is_over = True
        self._slots.release()
        return True
