"""Calls of what Regatta depends on (object store, Redis, queue): how long they took, and why they failed."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.telemetry.causes import cause_of
from core.telemetry.log import log_event
from core.telemetry.metrics import count, observe
from core.telemetry.tracing import add_span

# Refusals that a caller expects: no such object, a lost conditional write.
EXPECTED = frozenset({304, 404, 409, 412})


@contextmanager
def watched(dependency: str, operation: str) -> Iterator[None]:
    """Measure one call; an exception is its failure."""
    start = time.perf_counter()
    try:
        yield
    except Exception as error:
        note_call(dependency, operation, start, cause=type(error).__name__, error=cause_of(error))
        raise
    note_call(dependency, operation, start)


def note_call(
    dependency: str,
    operation: str,
    start: float,
    *,
    retries: int = 0,
    cause: str | None = None,
    error: str | None = None,
) -> None:
    """Count a call that began at `start`, by `time.perf_counter`, and write its line at DEBUG.

    `cause` is one word for why it failed. The line of the request says so at every level.
    """
    seconds = time.perf_counter() - start
    observe("dependency_seconds", seconds, dependency)
    if cause is not None:
        count("dependency_failures", dependency, cause)
    add_span(f"{dependency} {operation}", seconds, failed=cause is not None)
    log_event(
        "call",
        logging.DEBUG,
        dependency=dependency,
        operation=operation,
        duration_ms=round(1000 * seconds, 2),
        retries=retries or None,
        cause=cause,
        error=error if error != cause else None,
    )


def watch_client(client: Any, dependency: str) -> None:
    """Measure every call of a boto3 client."""
    events = client.meta.events
    events.register("before-call.*", _begin)
    events.register("after-call.*", lambda **call: _answered(dependency, **call))
    events.register("after-call-error.*", lambda **call: _failed(dependency, **call))


def _begin(context: dict[str, Any], **_: Any) -> None:
    context["regatta_start"] = time.perf_counter()


def _answered(
    dependency: str, http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any
) -> None:
    status, metadata = http_response.status_code, parsed.get("ResponseMetadata", {})
    failed = status >= 400 and status not in EXPECTED
    cause = parsed.get("Error", {}).get("Code") or f"HTTP {status}"
    note_call(
        dependency,
        model.name,
        context.get("regatta_start", time.perf_counter()),
        retries=metadata.get("RetryAttempts", 0),
        cause=cause if failed else None,
    )


def _failed(dependency: str, exception: BaseException, context: dict[str, Any], event_name: str, **_: Any) -> None:
    note_call(
        dependency,
        event_name.rpartition(".")[2],
        context.get("regatta_start", time.perf_counter()),
        cause=type(exception).__name__,
        error=cause_of(exception),
    )
