"""Traces, where OTEL_EXPORTER_OTLP_ENDPOINT names a collector. Elsewhere nothing of OpenTelemetry is loaded.

A trace begins with the caller's `traceparent` (W3C Trace Context). Jobs carry it, so the work of one is in the trace of
the request that submitted it.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

_tracer: "Tracer | None" = None


class TracingError(Exception):
    """Traces are asked for, and the packages are missing."""


def set_up_tracing(service: str, version: str, processor: "SpanProcessor | None" = None) -> None:
    """Send traces to the endpoint of the environment, or to the processor; without either do nothing.

    Raises `TracingError` where the packages of the extra `tracing` are not installed.
    """
    global _tracer  # noqa: PLW0603
    if _tracer is not None or not (processor or any(os.environ.get(name) for name in ENDPOINTS)):
        return
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        raise TracingError("OTEL_EXPORTER_OTLP_ENDPOINT is set, and the extra `tracing` is not installed.")
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    resource = Resource.create(
        {"service.name": os.environ.get("OTEL_SERVICE_NAME", service), "service.version": version}
    )
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(processor or _exporting())
    _tracer = provider.get_tracer("regatta", version)


def stop_tracing() -> None:
    """Trace nothing from now on."""
    global _tracer  # noqa: PLW0603
    _tracer = None


def is_tracing() -> bool:
    """Return whether spans go anywhere."""
    return _tracer is not None


@contextmanager
def span(name: str, traceparent: str | None = None, kind: str = "internal") -> "Iterator[Span | None]":
    """Trace what is done inside, as part of the trace of `traceparent` or of the span around; None where nobody looks.

    `kind` is `server` for a request and `consumer` for a job.
    """
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace import SpanKind

    with _tracer.start_as_current_span(name, _context_of(traceparent), SpanKind[kind.upper()]) as current:
        yield current


def add_span(name: str, seconds: float, *, failed: bool = False) -> None:
    """Add a span that ends now, within the one around; what is done outside of all is in no trace."""
    if _tracer is None:
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span

    if not get_current_span().get_span_context().is_valid:
        return

    end = time.time_ns()
    found = _tracer.start_span(name, kind=SpanKind.CLIENT, start_time=end - int(1e9 * seconds))
    if failed:
        found.set_status(Status(StatusCode.ERROR))
    found.end(end)


def describe_span(current: "Span | None", name: str, facts: Mapping[str, Any], *, failed: bool) -> None:
    """Give a span its name and the facts that the line in the log has."""
    if current is None:
        return
    from opentelemetry.trace import Status, StatusCode

    current.update_name(name)
    current.set_attributes({f"regatta.{key}": value for key, value in facts.items() if _is_attribute(value)})
    if failed:
        current.set_status(Status(StatusCode.ERROR))


def traceparent() -> str | None:
    """Return the span around as a `traceparent`, for what is done for it elsewhere."""
    if _tracer is None:
        return None
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def _context_of(text: str | None) -> Any:
    """Return the context that a `traceparent` names; None, which is the current one, where it names none."""
    if text is None or not TRACEPARENT.fullmatch(text):
        return None
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    _, trace_id, span_id, flags = text.split("-")
    remote = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return set_span_in_context(NonRecordingSpan(remote)) if remote.is_valid else None


def _exporting() -> "SpanProcessor":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    # A function is frozen after its answer, so what it has not sent by then may never be.
    is_function = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
    exporter = OTLPSpanExporter(timeout=2) if is_function else OTLPSpanExporter()
    return SimpleSpanProcessor(exporter) if is_function else BatchSpanProcessor(exporter)


def _is_attribute(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
