"""Metrics in the lines of the log, as CloudWatch takes them out (embedded metric format)."""

import json
from collections.abc import Iterator

import pytest

from core.telemetry import metrics
from core.telemetry.embedded_metrics import EmbeddedMetrics, embedded_name, stack_name
from core.telemetry.log import log_event
from core.telemetry.metrics import METRICS, count, observe, set_gauge
from tests.support.log_lines import log_lines


@pytest.fixture
def embedded() -> Iterator[EmbeddedMetrics]:
    before = metrics.recorder()
    recorder = EmbeddedMetrics("regatta")
    metrics.record_with(recorder)
    yield recorder
    metrics.record_with(before)


def test_a_line_has_what_was_counted_since_the_last_one(embedded: EmbeddedMetrics) -> None:
    count("requests", "predict_row", "503")
    count("requests", "list_files", "503")
    count("cache_lookups", "redis", "hit", by=2)
    observe("request_seconds", 0.25, "predict_row")
    set_gauge("series_held", 1)
    with log_lines() as lines:
        log_event("request", status=503)
        log_event("request", status=200)
    first, second = map(json.loads, lines.texts)
    (directive,) = first["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"], first["stack"]) == ("Regatta", [["stack"]], "regatta")
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units == {
        "requests_5xx": "Count",
        "cache_lookups_redis_hit": "Count",
        "request_seconds": "Seconds",
        "series_held": "Count",
    }
    assert (first["requests_5xx"], first["cache_lookups_redis_hit"], first["request_seconds"]) == (2, 2, [0.25])
    assert first["_aws"]["Timestamp"] > 1_700_000_000_000
    assert "_aws" not in second


def test_the_line_is_written_at_every_level(embedded: EmbeddedMetrics) -> None:
    count("rows_predicted", by=3)
    with log_lines("ERROR") as lines:
        log_event("request", status=200)
        log_event("request", status=200)
    assert [json.loads(line)["rows_predicted"] for line in lines.texts] == [3]


def test_a_line_has_no_more_values_than_cloudwatch_takes(embedded: EmbeddedMetrics) -> None:
    for _ in range(250):
        observe("dependency_seconds", 0.01, "storage")
    assert len(embedded.take()["dependency_seconds_storage"]) == 100


def test_names_have_the_labels_but_no_operation() -> None:
    assert embedded_name(METRICS["requests"], ("predict_row", "404")) == "requests_4xx"
    assert embedded_name(METRICS["job_seconds"], ("train",)) == "job_seconds_train"
    assert embedded_name(METRICS["jobs"], ("train", "failed")) == "jobs_failed"
    assert embedded_name(METRICS["dependency_failures"], ("storage", "SlowDown")) == "dependency_failures_storage"


def test_the_stack_is_the_beginning_of_the_functions_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "my-stack-predict")
    assert stack_name() == "my-stack"
