"""GET /metrics: what was counted, in Prometheus' format, for programs of the operator and for no page."""

from collections.abc import Iterator

import httpx
import pytest

from core.errors import UnavailableError
from core.settings import settings
from core.storage.s3.object_store import ObjectStore
from core.telemetry import metrics
from core.telemetry.shared_metrics import SharedMetrics
from infra.local import metrics as endpoint
from infra.local.metrics import Gauges
from infra.local.server import merge
from tests.support.asgi import ask


@pytest.fixture
def counting() -> Iterator[None]:
    before = metrics.recorder()
    metrics.record_with(SharedMetrics(None))
    yield
    metrics.record_with(before)


def get(path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return ask(merge(), "GET", path, headers)


def test_requests_are_counted_and_the_queue_is_measured(counting: None, bucket: ObjectStore) -> None:
    get("/healthz")
    answer = get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'regatta_requests_total{operation="check_health",status="200"} 1\n' in answer.text
    assert 'regatta_request_seconds_count{operation="check_health"} 1\n' in answer.text
    assert 'regatta_queue_jobs{state="dead_letters"} 0\n' in answer.text
    assert "X-Request-Id" in answer.headers


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
def test_no_page_reads_them_wherever_it_comes_from(
    counting: None, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    monkeypatch.setenv("REGATTA_CORS_ORIGIN", "*")
    settings.cache_clear()
    answer = get("/metrics", headers)
    assert answer.status_code == 404
    assert "regatta_" not in answer.text


def test_no_label_names_what_belongs_to_a_caller() -> None:
    labels = {label for metric in metrics.METRICS.values() for label in metric.labels}
    assert not labels & {"workspace", "model", "model_name", "series", "file_id", "filename", "job"}


def test_where_they_are_switched_off_nothing_answers(bucket: ObjectStore) -> None:
    before = metrics.recorder()
    metrics.record_with(None)
    try:
        assert get("/metrics").status_code == 404
    finally:
        metrics.record_with(before)


def test_gauges_are_read_again_after_their_seconds_and_left_out_without_storage() -> None:
    now, answers = [0.0], [1.0, 2.0]

    def read() -> dict[tuple[str, ...], float]:
        if not answers:
            raise UnavailableError("The object store did not answer.")
        return {("series_held",): answers.pop(0)}

    gauges = Gauges(read, 5.0, clock=lambda: now[0])
    assert gauges.read() == gauges.read() == {("series_held",): 1.0}
    now[0] = 5.0
    assert gauges.read() == {("series_held",): 2.0}
    now[0] = 10.0
    assert gauges.read() == {}


def test_counters_are_there_while_storage_is_not(
    counting: None, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise UnavailableError("The object store did not answer.")

    monkeypatch.setattr(endpoint, "_queue", Gauges(fail, 0.0))
    monkeypatch.setattr(endpoint, "_series", Gauges(fail, 0.0))
    get("/healthz")
    answer = get("/metrics")
    assert answer.status_code == 200
    assert "regatta_queue_jobs{" not in answer.text
    assert "regatta_requests_total{" in answer.text
