"""How many requests a key may still send, in a second and on a day, and a workspace in a minute.

The processes of a server count together, in one file a key or workspace that is mapped into memory, so that to count
takes microseconds. Another server counts by itself, and a server that starts anew begins at zero.

A rate is a token bucket that holds what one second, or one minute, gives, and at least one request. It is kept as the
time at which the bucket will be full again (GCRA, as in ATM Forum's traffic management 4.0): one number says all.
"""

import fcntl
import mmap
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock

from core.access.caller import Caller
from core.errors import TooManyRequestsError

# When the bucket is full again, by the monotonic clock; the day, and the requests on it.
RECORD = struct.Struct("<ddd")
MINUTE_SECONDS = 60.0
DAY_SECONDS = 86_400


class Allowances:
    """What keys and workspaces may still send. Without a folder each process counts by itself."""

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

    def take(self, caller: Caller, per_minute: int | None = None) -> None:
        """Count a request; raises `TooManyRequestsError` where it is one too many.

        `per_minute` is what the workspace of the caller may send, over all of its keys.
        """
        is_limited = caller.key_id is not None and (caller.per_second is not None or caller.per_day is not None)
        if not is_limited and per_minute is None:
            return
        counted: list[tuple[mmap.mmap | bytearray, tuple[float, float, float]]] = []
        with self._lock, ExitStack() as records:
            # The key first: what it may not send uses nothing of its workspace.
            if is_limited:
                values = records.enter_context(self._record(str(caller.key_id)).locked())
                full_at, day, count = RECORD.unpack(values[: RECORD.size])
                taken = self._take_second(full_at, caller.per_second)
                counted.append((values, (taken, *self._take_day(day, count, caller.per_day))))
            if per_minute is not None:
                values = records.enter_context(self._record(f"{caller.workspace}.workspace").locked())
                full_at, _, _ = RECORD.unpack(values[: RECORD.size])
                counted.append((values, (self._take_minute(full_at, per_minute), 0.0, 0.0)))
            for values, counts in counted:
                values[: RECORD.size] = RECORD.pack(*counts)

    def _record(self, name: str) -> "_Record":
        record = self._records.get(name)
        if record is None:
            record = self._records[name] = _Record(self._folder, name)
        return record

    def _take_second(self, full_at: float, per_second: float | None) -> float:
        if per_second is None:
            return full_at
        full_at, wait = self._take(full_at, 1 / per_second, max(1.0, per_second))
        if wait > 0:
            detail = f"This key may send {per_second:g} requests a second. Send the next one in {wait:.2g} s."
            raise TooManyRequestsError(detail, retry_after=wait)
        return full_at

    def _take_minute(self, full_at: float, per_minute: int) -> float:
        full_at, wait = self._take(full_at, MINUTE_SECONDS / per_minute, per_minute)
        if wait > 0:
            words = f"This workspace may send {per_minute:,} requests a minute, over all of its keys, and has. "
            error = TooManyRequestsError(f"{words}Send the next one in {wait:.2g} s.", retry_after=wait)
            error.errors = [{"field": "requests", "message": f"{per_minute:,} of {per_minute:,} are used"}]
            raise error
        return full_at

    def _take(self, full_at: float, each: float, holds: float) -> tuple[float, float]:
        """Take one from a bucket that gets one `each` so many seconds and holds so many.

        Return when it will be full again, and for how many seconds there is none to take, else 0.
        """
        now = self._clock()
        # A time far ahead is that of a clock before the machine was started again, or of another limit.
        ahead = full_at - now if now < full_at <= now + holds * each + each else 0.0
        wait = ahead + each - holds * each
        return now + ahead + each, wait if wait > 1e-9 else 0.0

    def _take_day(self, day: float, count: float, per_day: int | None) -> tuple[float, float]:
        now = self._wall_clock()
        today = float(now // DAY_SECONDS)
        count = count if day == today else 0.0
        if per_day is not None and count >= per_day:
            detail = f"This key may send {per_day:,} requests a day, and has. The next day begins at 0:00 UTC."
            raise TooManyRequestsError(detail, retry_after=(today + 1) * DAY_SECONDS - now)
        return today, count + 1


class _Record:
    """The counts of one key or workspace, which the processes of a server share where there is a folder for them."""

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
