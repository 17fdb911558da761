"""The time that is left of a Lambda invocation."""

from math import inf
from typing import Any

from core.settings import settings

# How long before the end of an invocation work has to stop: it reports progress once more, and the job is stored.
MARGIN_SECONDS = 45.0
# How long before the end of an invocation an answer has to be ready to be sent.
ANSWER_MARGIN_SECONDS = 1.0


def seconds_for_work(context: Any) -> float:
    """Return how many seconds one attempt at a job may take; `context` is Lambda's, or None where nothing limits it."""
    if context is None:
        return settings().job_seconds
    remaining: float = context.get_remaining_time_in_millis() / 1000
    return min(settings().job_seconds, max(1.0, remaining - MARGIN_SECONDS))


def seconds_for_answer(context: Any) -> float:
    """Return how many seconds an answer may take; `context` is Lambda's, or None where nothing limits it."""
    if context is None:
        return inf
    remaining: float = context.get_remaining_time_in_millis() / 1000
    return max(0.0, remaining - ANSWER_MARGIN_SECONDS)
