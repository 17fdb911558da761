"""Metrics in the lines of the log, which CloudWatch takes out of them (embedded metric format).

They have one dimension, the stack: CloudWatch charges for each combination of dimensions. So a label is part of the
name: `cache_lookups_memory_hit`. Requests are not split by operation, because the log lines and AWS's own metrics of
each function are.
"""

import os
import time
from threading import Lock
from typing import Any

from core.telemetry.metrics import Metric

NAMESPACE = "Regatta"
DIMENSION = "stack"
# Labels that would make too many metrics. A status is written as its class, such as 5xx.
DROPPED = frozenset({"operation", "problem", "cause"})
DROPPED_OF = {"jobs": "kind", "job_wait_seconds": "kind"}


class EmbeddedMetrics:
    """Collects what was counted since the last line."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._lock = Lock()
        self._values: dict[str, float | list[float]] = {}

    def add(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Add to a counter."""
        name = embedded_name(metric, labels)
        with self._lock:
            before = self._values.get(name, 0.0)
            assert not isinstance(before, list)
            self._values[name] = before + value

    def observe(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Add a value to a histogram; CloudWatch computes percentiles of the values themselves."""
        with self._lock:
            values = self._values.setdefault(embedded_name(metric, labels), [])
            assert isinstance(values, list)
            if len(values) < 100:  # the most that CloudWatch takes of one metric in a line
                values.append(round(value, 6))

    def set(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Set a gauge."""
        with self._lock:
            self._values[embedded_name(metric, labels)] = value

    def take(self) -> dict[str, Any]:
        """Return the fields for a line of the log, and begin anew; nothing where nothing was counted."""
        with self._lock:
            values, self._values = self._values, {}
        if not values:
            return {}
        definitions = [{"Name": name, "Unit": _unit(name)} for name in values]
        directive = {"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": definitions}
        return {
            "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
            DIMENSION: self._stack,
            **values,
        }


def stack_name() -> str:
    """Return the stack of this function, which is called STACK-NAME."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "").rpartition("-")[0]


def embedded_name(metric: Metric, labels: tuple[str, ...]) -> str:
    """Return the name that a metric with these labels has in CloudWatch."""
    dropped = {*DROPPED, DROPPED_OF.get(metric.name)}
    words = [_short(name, value) for name, value in zip(metric.labels, labels, strict=True) if name not in dropped]
    return "_".join([metric.name, *words])


def _short(label: str, value: str) -> str:
    return f"{value[0]}xx" if label == "status" else value


def _unit(name: str) -> str:
    return "Seconds" if "_seconds" in name else "Count"
