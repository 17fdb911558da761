"""How many requests a key may still send: a rate in a second, and a number on a day.

The processes of a server count together, in one file a key that is mapped into memory, so that to count takes
microseconds. Another server counts by itself, and a server that starts anew begins at zero.

The rate is a token bucket that holds what one second gives, and at least one request. It is kept as the time at which
the bucket will be full again (GCRA, as in ATM Forum's traffic management 4.0): one number says all.
"""

import fcntl
import mmap
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from core.access.caller import Caller
from core.errors import TooManyRequestsError

# When the bucket is full again, by the monotonic clock; the day, and the requests on it.
RECORD = struct.Struct("<ddd")
DAY_SECONDS = 86_400


class Allowances:
    """What the keys may still send, by key. Without a folder each process counts by itself."""

    def __init__(
        self,
        folder: Path | None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._wall_clock = wall_clock
        self._records: dict[str, _Record] = {}
        self._lock = Lock()

    def take(self, caller: Caller) -> None:
        """Count a request; raises `TooManyRequestsError` where it is one too many."""
        if caller.key_id is None or (caller.per_second is None and caller.per_day is None):
            return
        with self._lock:
            record = self._records.get(caller.key_id)
            if record is None:
                record = self._records[caller.key_id] = _Record(self._folder, caller.key_id)
            with record.locked() as values:
                full_at, day, count = RECORD.unpack(values[: RECORD.size])
                full_at = self._take_second(full_at, caller.per_second)
                day, count = self._take_day(day, count, caller.per_day)
                values[: RECORD.size] = RECORD.pack(full_at, day, count)

    def _take_second(self, full_at: float, per_second: float | None) -> float:
        if per_second is None:
            return full_at
        now, each, holds = self._clock(), 1 / per_second, max(1.0, per_second)
        # A time far ahead is that of a clock before the machine was started again.
        ahead = full_at - now if now < full_at <= now + holds * each + each else 0.0
        wait = ahead + each - holds * each
        if wait > 1e-9:
            detail = f"This key may send {per_second:g} requests a second. Send the next one in {wait:.2g} s."
            raise TooManyRequestsError(detail, retry_after=wait)
        return now + ahead + each

    def _take_day(self, day: float, count: float, per_day: int | None) -> tuple[float, float]:
        now = self._wall_clock()
        today = float(now // DAY_SECONDS)
        count = count if day == today else 0.0
        if per_day is not None and count >= per_day:
            detail = f"This key may send {per_day:,} requests a day, and has. The next day begins at 0:00 UTC."
            raise TooManyRequestsError(detail, retry_after=(today + 1) * DAY_SECONDS - now)
        return today, count + 1


class _Record:
    """The counts of one key, which the processes of a server share where there is a folder for them."""

    def __init__(self, folder: Path | None, key_id: str) -> None:
        self._file: int | None = None
        self.values: mmap.mmap | bytearray = bytearray(RECORD.size)
        if folder is None:
            return
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(folder / key_id, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(self._file).st_size < mmap.PAGESIZE:
                # Reserved here: on a full disk this is an error, and a write into a hole would be a signal.
                os.posix_fallocate(self._file, 0, mmap.PAGESIZE)
            self.values = mmap.mmap(self._file, mmap.PAGESIZE)
        except OSError:
            # Counted by this process alone, rather than not at all.
            self._file = None

    @contextmanager
    def locked(self) -> Iterator[mmap.mmap | bytearray]:
        """Yield the counts while no other process changes them."""
        if self._file is None:
            yield self.values
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield self.values
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
