"""When a request is sent again, and after which pause."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import isfinite

# Statuses with which a service, a gateway or a bucket asks for another attempt.
RETRIED_STATUSES = frozenset({408, 429, 502, 503, 504})
# A request with a key that is still being worked on: how long it is waited for.
BUSY_PAUSE, MOST_BUSY = 5.0, 120


@dataclass(frozen=True)
class Retries:
    """How often a request that may be repeated is sent again, and how long to wait before.

    The pause is a random part ("full jitter") of `first_pause * 2 ** n` seconds, at most `longest_pause`. A
    `Retry-After` of the answer is kept to, unless it is longer than `longest_wait`: then the answer is the error.
    """

    attempts: int = 5
    first_pause: float = 0.5
    longest_pause: float = 20.0
    longest_wait: float = 60.0
    # Replaced in tests.
    random: Callable[[], float] = random.random
    now: Callable[[], float] = time.time

    def pause(self, attempt: int, retry_after: str | None = None) -> float | None:
        """Return the seconds to wait after attempt number `attempt`, from 1; None where there is to be no other."""
        if attempt >= self.attempts:
            return None
        asked = self.seconds(retry_after)
        if asked is not None and asked > self.longest_wait:
            return None
        pause = self.random() * min(self.longest_pause, self.first_pause * 2.0 ** (attempt - 1))
        return pause if asked is None else asked + pause / 4

    def busy_pause(self, attempt: int) -> float | None:
        """Return the seconds until the answer to a request that is being worked on is asked for again."""
        return None if self.attempts == 1 or attempt > MOST_BUSY else min(BUSY_PAUSE, self.first_pause * attempt)

    def seconds(self, retry_after: str | None) -> float | None:
        """Return the seconds of a `Retry-After`, which is a number or a date; None where it is neither."""
        if retry_after is None:
            return None
        with suppress(ValueError):
            asked = float(retry_after)
            return max(0.0, asked) if isfinite(asked) else None
        try:
            date = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - self.now())
