"""Traces: nothing is loaded where nobody asks, and a job's work is in the trace of its request."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core.jobs.service import submit_job
from core.jobs.worker import run_job
from core.telemetry import tracing
from core.telemetry.tracing import TracingError, set_up_tracing, span, stop_tracing, traceparent
from tests.support.job_commands import JobProbe, StepsCommand, steps
from tests.support.storage import home
from tests.unit.functions.test_request_log_ids import client

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def spans() -> Iterator[Any]:
    """What an exporter gets."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    set_up_tracing("regatta", "1", SimpleSpanProcessor(exporter))
    yield exporter.get_finished_spans
    stop_tracing()


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded() -> None:
    code = (
        "import sys, functions.predict.handler\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "REGATTA_SIGNING_KEY": "a key for the tests, long enough"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert traceparent() is None
    with span("nothing") as current:
        assert current is None


def test_a_request_is_a_span_of_the_callers_trace(settled: None, spans: Any) -> None:
    app: httpx.Client = client()
    app.get("/fault", headers={"traceparent": PARENT, "X-Request-Id": "r-1"})
    (found,) = spans()
    assert found.name == "GET /fault"
    assert f"{found.context.trace_id:032x}" == PARENT.split("-")[1]
    assert f"{found.parent.span_id:016x}" == PARENT.split("-")[2]
    assert (found.attributes["regatta.status"], found.status.is_ok) == (500, False)


@pytest.mark.parametrize(
    "text", ["", "no", PARENT.upper(), PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32)]
)
def test_a_traceparent_that_is_none_begins_a_trace(settled: None, spans: Any, text: str) -> None:
    client().get("/own", headers={"traceparent": text})
    assert spans()[0].parent is None


def test_a_job_is_in_the_trace_of_its_request(probe: JobProbe, bucket: object, spans: Any) -> None:
    with span("request") as request:
        job = submit_job(home(), StepsCommand())
    run_job(home(), job.job_id, {StepsCommand: steps}, seconds=60)
    work = next(found for found in spans() if found.name == "job steps")
    assert request is not None
    assert work.parent.span_id == request.get_span_context().span_id
    assert work.context.trace_id == request.get_span_context().trace_id
    calls = [found for found in spans() if found.name.startswith("storage ")]
    assert {call.context.trace_id for call in calls} == {work.context.trace_id}


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setattr(tracing, "find_spec", lambda _: None)
    with pytest.raises(TracingError, match="extra `tracing`"):
        set_up_tracing("regatta", "1")
