"""The time that is left of a Lambda invocation."""

from typing import Any

from core.settings import settings

# How long before the end of an invocation work has to stop: it reports progress once more, and the job is stored.
MARGIN_SECONDS = 45.0


def seconds_for_work(context: Any) -> float:
    """Return how many seconds one attempt at a job may take; `context` is Lambda's, or None where nothing limits it."""
    if context is None:
        return settings().job_seconds
    remaining: float = context.get_remaining_time_in_millis() / 1000
    return min(settings().job_seconds, max(1.0, remaining - MARGIN_SECONDS))
