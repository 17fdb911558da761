"""How many requests a key may still send, in a second and on a day, and a workspace in a minute.

The processes of a server count together, in one file a key or workspace that is mapped into memory, so that to count
takes microseconds. Several servers count together by blocks of requests that they lease from Redis
(`core.access.shared_counts`). Where there is none, each counts by itself, and one that starts anew begins at zero.

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
from core.access.shared_counts import BLOCK, Block, Limit, SharedCounts
from core.errors import TooManyRequestsError

# Of a rate when the bucket is full again, by the monotonic clock; of a quota the day, and the requests on it. The block
# that is leased follows.
COUNTS = struct.Struct("<dd")
RECORD_BYTES = COUNTS.size + BLOCK.size
# How often a block is leased for a request, where other requests take what was leased.
TRIES = 20
MINUTE_SECONDS = 60.0
DAY_SECONDS = 86_400


class Allowances:
    """What keys and workspaces may still send. Without a folder each process counts by itself."""

    def __init__(
        self,
        folder: Path | None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        shared: SharedCounts | None = None,
    ) -> None:
        """Count in `folder`; `shared` is what other servers count in as well."""
        self._folder = folder
        self._clock = clock
        self._wall_clock = wall_clock
        self._shared = shared
        self._records: dict[str, _Record] = {}
        self._lock = Lock()

    def take(self, caller: Caller, per_minute: int | None = None, *, may_ask: bool = True) -> bool:
        """Count a request; raises `TooManyRequestsError` where it is one too many.

        `per_minute` is what the workspace of the caller may send, over all of its keys. Return False, and count
        nothing, where Redis has to be asked before, unless it `may_ask`.
        """
        limits = _limits(caller, per_minute, int(self._wall_clock() // DAY_SECONDS))
        for _ in range(TRIES if limits else 0):
            if self._count(limits):
                return True
            if not may_ask:
                return False
            for limit in self._short(limits):
                self._lease(limit)
        if limits:
            raise TooManyRequestsError("Too many requests come at once. Send this one again in 1 s.", retry_after=1)
        return True

    def _short(self, limits: list[Limit]) -> list[Limit]:
        """Return the limits of which this server has no request left, and about which it may ask."""
        now = self._clock()
        return [limit for limit in limits if self._block(limit).is_short(now)]

    def _block(self, limit: Limit) -> Block:
        return Block.read(self._record(limit.name).values, COUNTS.size)

    def _lease(self, limit: Limit) -> None:
        """Lease a block. Redis is asked while nobody waits for the counts."""
        assert self._shared is not None
        leased = self._shared.lease(limit, self._block(limit).next_size(limit, self._clock()))
        with self._lock, self._record(limit.name).locked() as values:
            block = Block.read(values, COUNTS.size)
            block.add(leased, self._clock())
            block.write(values, COUNTS.size)

    def _count(self, limits: list[Limit]) -> bool:
        """Count a request by all limits; return False, and count nothing, where another block has to be leased.

        Raises `TooManyRequestsError`.
        """
        with self._lock, ExitStack() as records:
            counted = []
            # The key first: what it may not send uses nothing of its workspace.
            for limit in limits:
                values = records.enter_context(self._record(limit.name).locked())
                counts = self._take(limit, *COUNTS.unpack_from(values))
                block, now = Block.read(values, COUNTS.size), self._clock()
                if self._shared is not None and block.is_short(now):
                    return False
                if self._shared is not None and not block.has_request(now) and not block.is_alone:
                    raise _refusal(limit, block.ask_at - now)
                counted.append((values, counts, block))
            for values, counts, block in counted:
                block.left = max(0.0, block.left - 1)
                COUNTS.pack_into(values, 0, *counts)
                block.write(values, COUNTS.size)
        return True

    def _record(self, name: str) -> "_Record":
        record = self._records.get(name)
        if record is None:
            record = self._records[name] = _Record(self._folder, name)
        return record

    def _take(self, limit: Limit, first: float, second: float) -> tuple[float, float]:
        """Return the counts of a limit after one more request; raises `TooManyRequestsError`."""
        if limit.day is None:
            now = self._clock()
            holds = limit.requests * limit.each
            # A time far ahead is that of a clock before the machine was started again, or of another limit.
            ahead = first - now if now < first <= now + holds + limit.each else 0.0
            if (wait := ahead + limit.each - holds) > 1e-9:
                raise _refusal(limit, wait)
            return now + ahead + limit.each, 0.0
        count = second if first == limit.day else 0.0
        if count >= limit.requests:
            raise _refusal(limit, (limit.day + 1) * DAY_SECONDS - self._wall_clock())
        return float(limit.day), count + 1


def _limits(caller: Caller, per_minute: int | None, day: int) -> list[Limit]:
    """Return the limits that a request counts for."""
    limits, workspace = [], caller.workspace
    if caller.key_id is not None and caller.per_second is not None:
        holds = max(1.0, caller.per_second)
        limits.append(Limit(workspace, caller.key_id, holds, 1 / caller.per_second))
    if caller.key_id is not None and caller.per_day is not None:
        limits.append(Limit(workspace, f"{caller.key_id}.day", caller.per_day, day=day))
    if per_minute is not None:
        limits.append(Limit(workspace, f"{workspace}.workspace", per_minute, MINUTE_SECONDS / per_minute))
    return limits


def _refusal(limit: Limit, wait: float) -> TooManyRequestsError:
    if limit.day is not None:
        detail = f"This key may send {limit.requests:,} requests a day, and has. The next day begins at 0:00 UTC."
        return TooManyRequestsError(detail, retry_after=wait)
    if not limit.name.endswith(".workspace"):
        detail = f"This key may send {1 / limit.each:g} requests a second. Send the next one in {wait:.2g} s."
        return TooManyRequestsError(detail, retry_after=wait)
    words = f"This workspace may send {limit.requests:,} requests a minute, over all of its keys, and has. "
    error = TooManyRequestsError(f"{words}Send the next one in {wait:.2g} s.", retry_after=wait)
    error.errors = [{"field": "requests", "message": f"{limit.requests:,} of {limit.requests:,} are used"}]
    return error


class _Record:
    """The counts of one key or workspace, which the processes of a server share where there is a folder for them."""

    def __init__(self, folder: Path | None, key_id: str) -> None:
        self._file: int | None = None
        self.values: mmap.mmap | bytearray = bytearray(RECORD_BYTES)
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
