"""Write metrics in Prometheus' text format, version 0.0.4."""

from collections.abc import Mapping

from core.telemetry.metrics import METRICS, Metric
from core.telemetry.shared_metrics import SUM, Key

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(totals: Mapping[Key, float]) -> str:
    """Return every metric of `METRICS` with its values, those without any as well."""
    lines: list[str] = []
    for metric in METRICS.values():
        name = metric.prometheus_name
        lines += [f"# HELP {name} {metric.help}.", f"# TYPE {name} {metric.kind}"]
        found = {key[1:]: value for key, value in sorted(totals.items()) if key[0] == metric.name}
        lines += _histograms(metric, found) if metric.buckets else _samples(metric, found)
    return "\n".join([*lines, ""])


def _samples(metric: Metric, values: Mapping[Key, float]) -> list[str]:
    if not values and not metric.labels and metric.kind == "counter":
        values = {(): 0.0}  # so that a rate begins at the first count
    return [_sample(metric.prometheus_name, dict(zip(metric.labels, key, strict=True)), values[key]) for key in values]


def _histograms(metric: Metric, values: Mapping[Key, float]) -> list[str]:
    lines, name = [], metric.prometheus_name
    for labels in sorted({key[:-1] for key in values}):
        named, so_far = dict(zip(metric.labels, labels, strict=True)), 0.0
        for index, bound in enumerate((*metric.buckets, "+Inf")):
            so_far += values.get((*labels, str(index)), 0.0)
            lines.append(_sample(f"{name}_bucket", {**named, "le": str(bound)}, so_far))
        lines.append(_sample(f"{name}_sum", named, values.get((*labels, SUM), 0.0)))
        lines.append(_sample(f"{name}_count", named, so_far))
    return lines


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {value:.17g}" if pairs else f"{name} {value:.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
