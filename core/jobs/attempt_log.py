"""The lines that the log has of an attempt at a job, and what is counted of it."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.storage.job_repository import Job
from core.telemetry.facts import collecting
from core.telemetry.log import log_event
from core.telemetry.metrics import count, observe
from core.telemetry.request_id import serving_request
from core.telemetry.tracing import describe_span, span

# What the line says where nobody noted an outcome: the worker was stopped with an exception of its own.
BROKEN_OFF = "broken off"


@contextmanager
def logged_attempt(workspace: str, job: Job) -> Iterator[None]:
    """Write a line when an attempt begins and one when it ends, both with the id of the request that submitted it."""
    start = time.perf_counter()
    known: dict[str, Any] = {"workspace": workspace, "job": job.job_id, "kind": job.kind, "attempt": job.attempts}
    with serving_request(job.request_id), span(f"job {job.kind}", job.traceparent, "consumer") as traced:
        wait = max(0.0, time.time() - job.offered_at) if job.offered_at else None
        if wait is not None:
            observe("job_wait_seconds", wait, job.kind)
        log_event("job_started", **known, waited_seconds=None if wait is None else round(wait, 3))
        with collecting() as facts:
            try:
                yield
            finally:
                seconds = time.perf_counter() - start
                outcome = facts.setdefault("outcome", BROKEN_OFF)
                count("jobs", job.kind, outcome)
                observe("job_seconds", seconds, job.kind)
                failed = outcome in ("failed", BROKEN_OFF)
                describe_span(traced, f"job {job.kind}", known | facts, failed=failed)
                level = logging.ERROR if failed and "error" in facts else logging.INFO
                log_event("job", level, **known, seconds=round(seconds, 3), **facts)
