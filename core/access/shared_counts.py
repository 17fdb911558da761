"""How servers count the requests of keys and workspaces together: each leases blocks of a limit, and uses them up.

Leasing takes a look at Redis, taking a request from a block takes none. A block begins at one request, doubles where
one was used up within half a second, and never exceeds a twentieth of the limit; what is left of it after two seconds
lapses. So a server that is asked little holds nothing back from the others, and one that is asked much asks seldom.
"""

import mmap
import struct
from dataclasses import dataclass
from typing import Protocol

# A block that was used up within so many seconds is followed by one of twice its size.
GROW_SECONDS = 0.5
# After so many seconds what is left of a block lapses.
BLOCK_SECONDS = 2.0
# A block is at most this share of what a limit holds.
MOST_SHARE = 20
# How long a server counts alone where nobody answers.
ALONE_SECONDS = 1.0
# The fields of a `Block`; times are those of `time.monotonic`.
BLOCK = struct.Struct("<ddddd")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` at once and one more every `each` seconds, or that many on a day."""

    workspace: str
    # Of the key or the workspace, and of the kind of limit.
    name: str
    requests: float
    each: float = 0.0
    # In days since 1970; None for a rate.
    day: int | None = None


@dataclass(frozen=True, slots=True)
class Leased:
    """How many requests a server may count; where there are none, in how many seconds there is one."""

    requests: int
    wait: float


class SharedCounts(Protocol):
    """What all servers count in."""

    def lease(self, limit: Limit, requests: int) -> Leased | None:
        """Take up to so many requests of a limit; None where nobody answers."""


@dataclass(slots=True)
class Block:
    """The requests of one limit that a server has leased."""

    left: float
    until: float
    size: float
    leased_at: float
    ask_at: float

    @classmethod
    def read(cls, values: mmap.mmap | bytearray, place: int) -> "Block":
        """Return the block at a place of the counts of a limit."""
        return cls(*BLOCK.unpack_from(values, place))

    def write(self, values: mmap.mmap | bytearray, place: int) -> None:
        """Store the block at a place of the counts of a limit."""
        BLOCK.pack_into(values, place, self.left, self.until, self.size, self.leased_at, self.ask_at)

    def has_request(self, now: float) -> bool:
        """Return whether a request may be taken from it."""
        return self.left >= 1 and 0 < self.until - now <= BLOCK_SECONDS

    def is_short(self, now: float) -> bool:
        """Return whether somebody has to be asked before another request."""
        return not self.has_request(now) and now >= self.ask_at

    @property
    def is_alone(self) -> bool:
        """Return whether nobody answered when this server asked last."""
        return self.size == 0

    def next_size(self, limit: Limit, now: float) -> int:
        """Return how many requests to ask for."""
        is_used_up = self.left < 1 and now - self.leased_at <= GROW_SECONDS
        size = self.size * (2 if is_used_up else 0.5)
        return int(max(1.0, min(size, limit.requests // MOST_SHARE)))

    def add(self, leased: Leased | None, now: float) -> None:
        """Note what was leased."""
        if leased is None:
            self.left, self.size, self.ask_at = 0.0, 0.0, now + ALONE_SECONDS
        elif leased.requests < 1:
            self.left, self.size, self.ask_at = 0.0, 1.0, now + leased.wait
        else:
            left = self.left if self.has_request(now) else 0.0
            self.left, self.until, self.ask_at = left + leased.requests, now + BLOCK_SECONDS, 0.0
            self.size, self.leased_at = float(leased.requests), now
