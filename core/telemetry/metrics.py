"""Every metric of Regatta, defined once, and the recorder that keeps what is counted.

On a server `core.telemetry.shared_metrics` keeps them, on Lambda `core.telemetry.embedded_metrics`; anywhere else
nothing does, and counting costs next to nothing. docs/monitoring.md has this table.
"""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

Kind = Literal["counter", "gauge", "histogram"]

# Upper bounds of the buckets of a histogram, in seconds.
REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 29)
JOB_SECONDS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True)
class Metric:
    """A metric: its name without the prefix, and the labels that every value of it has, in this order."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def prometheus_name(self) -> str:
        """Return the name on /metrics."""
        return f"regatta_{self.name}" + ("_total" if self.kind == "counter" else "")


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("requests", "counter", "Requests answered", ("operation", "status")),
        Metric("errors", "counter", "Answers that are a problem document", ("problem",)),
        Metric("request_seconds", "histogram", "Seconds to an answer", ("operation",), REQUEST_SECONDS),
        Metric("rows_predicted", "counter", "Rows predicted"),
        Metric("cache_lookups", "counter", "Lookups in a level of the cache", ("level", "outcome")),
        Metric("dependency_seconds", "histogram", "Seconds of a call", ("dependency",), REQUEST_SECONDS),
        Metric("dependency_failures", "counter", "Calls that failed", ("dependency", "cause")),
        Metric("jobs", "counter", "Attempts at jobs that ended", ("kind", "outcome")),
        Metric("job_seconds", "histogram", "Seconds of an attempt at a job", ("kind",), JOB_SECONDS),
        Metric("job_wait_seconds", "histogram", "Seconds until a worker took a job", ("kind",), JOB_SECONDS),
        Metric("arrivals", "counter", "Decisions about files of series", ("state",)),
        Metric("notification_failures", "counter", "Notifications of decisions that were not delivered", ("channel",)),
        Metric("queue_jobs", "gauge", "Jobs in the queue", ("state",)),
        Metric("queue_oldest_seconds", "gauge", "Age of the oldest job that waits"),
        Metric("series_held", "gauge", "Series whose newest file is held"),
        Metric("champion_age_seconds", "gauge", "Age of the oldest champion of a series"),
        Metric("model_age_seconds", "gauge", "Age of the version that predicted last"),
    )
}


class Recorder(Protocol):
    """Keeps the values of metrics."""

    def add(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Add to a counter."""

    def observe(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Add a value to a histogram."""

    def set(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Set a gauge."""

    def take(self) -> dict[str, Any]:
        """Return the fields for a line of the log, where the metrics are in the log; else nothing."""


_recorder: Recorder | None = None


def record_with(recorder: Recorder | None) -> None:
    """Let this recorder keep what the process counts from now on."""
    global _recorder  # noqa: PLW0603
    _recorder = recorder


def recorder() -> Recorder | None:
    """Return the recorder of the process."""
    return _recorder


def embedded_fields() -> dict[str, Any]:
    """Return what the next line of the log has to hold of the metrics."""
    return _recorder.take() if _recorder is not None else {}


def count(name: str, *labels: str, by: float = 1.0) -> None:
    """Add to the counter of this name; the labels are in the order of its definition."""
    if _recorder is not None:
        _recorder.add(METRICS[name], labels, by)


def observe(name: str, value: float, *labels: str) -> None:
    """Add a value to the histogram of this name."""
    if _recorder is not None:
        _recorder.observe(METRICS[name], labels, value)


def set_gauge(name: str, value: float, *labels: str) -> None:
    """Set the gauge of this name."""
    if _recorder is not None:
        _recorder.set(METRICS[name], labels, value)
