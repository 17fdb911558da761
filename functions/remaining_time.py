"""The time that is left of a Lambda invocation."""

import time
from collections.abc import Callable
from math import inf
from typing import Any

from core.settings import settings

# How long before the end of an invocation work has to stop: it reports progress once more, and the job is stored.
MARGIN_SECONDS = 45.0
# How long before the end of an invocation an answer has to be ready to be sent.
ANSWER_MARGIN_SECONDS = 1.0
# How long a gateway waits. It counts the start of the function too, which the time of the invocation does not.
GATEWAY_SECONDS = 29.0
# A start takes no longer; what seems to have taken longer is a clock that differs, or an event that is sent again.
LONGEST_START_SECONDS = 20.0


def seconds_for_work(context: Any) -> float:
    """Return how many seconds one attempt at a job may take; `context` is Lambda's, or None where nothing limits it."""
    if context is None:
        return settings().job_seconds
    remaining: float = context.get_remaining_time_in_millis() / 1000
    return min(settings().job_seconds, max(1.0, remaining - MARGIN_SECONDS))


def seconds_for_answer(
    context: Any, requested_ms: float | None = None, clock: Callable[[], float] = time.time
) -> float:
    """Return how many seconds an answer may take; `context` is Lambda's, or None where nothing limits it.

    `requested_ms` is when the gateway got the request, in milliseconds since 1970.
    """
    if context is None:
        return inf
    remaining: float = context.get_remaining_time_in_millis() / 1000
    if requested_ms is not None:
        since = clock() - requested_ms / 1000
        if 0 < since < LONGEST_START_SECONDS:
            remaining = min(remaining, GATEWAY_SECONDS - since)
    return max(0.0, remaining - ANSWER_MARGIN_SECONDS)
