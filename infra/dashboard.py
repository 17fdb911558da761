"""The dashboard of a server for Grafana: `python -m infra.dashboard` writes infra/grafana/regatta.json anew.

Its panels name the metrics of `core.telemetry.metrics`, so that none draws one that does not exist.
"""

import json
from dataclasses import dataclass
from typing import Any

from core.telemetry.metrics import METRICS
from infra.paths import ROOT

FILE = ROOT / "infra" / "grafana" / "regatta.json"
WINDOW = "$__rate_interval"
COLUMNS, WIDTH, HEIGHT = 24, 8, 8
SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True)
class Panel:
    """One graph: its title, its lines as expressions by legend, and their unit as Grafana names it."""

    title: str
    lines: dict[str, str]
    unit: str = "short"


def rate(name: str, by: str = "", where: str = "") -> str:
    """Return what a counter grows by in a second."""
    total = f"sum{_by(by)} (rate({METRICS[name].prometheus_name}{where}[{WINDOW}]))"
    return " ".join(total.split())


def quantile(share: float, name: str, by: str = "") -> str:
    """Return a quantile of a histogram."""
    labels = ", ".join(["le", *([by] if by else [])])
    buckets = f"{METRICS[name].prometheus_name}_bucket"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({buckets}[{WINDOW}])))"


def gauge(name: str) -> str:
    """Return a gauge as it is."""
    return METRICS[name].prometheus_name


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""


PANELS = (
    Panel("Requests by status", {"{{status}}": rate("requests", "status")}, "reqps"),
    Panel("Errors by problem", {"{{problem}}": rate("errors", "problem")}, "reqps"),
    Panel(
        "Seconds to an answer",
        {f"p{round(100 * share)}": quantile(share, "request_seconds") for share in (0.5, 0.9, 0.99)},
        "s",
    ),
    Panel("p99 by operation", {"{{operation}}": quantile(0.99, "request_seconds", "operation")}, "s"),
    Panel("Rows predicted", {"rows": rate("rows_predicted")}, "rowsps"),
    Panel("Lookups in the cache", {"{{level}} {{outcome}}": rate("cache_lookups", "level, outcome")}, "ops"),
    Panel("Queue", {"{{state}}": gauge("queue_jobs")}),
    Panel(
        "Waiting for a worker",
        {"oldest": gauge("queue_oldest_seconds"), "p99 {{kind}}": quantile(0.99, "job_wait_seconds", "kind")},
        "s",
    ),
    Panel("Jobs", {"{{kind}} {{outcome}}": rate("jobs", "kind, outcome")}, "ops"),
    Panel("Seconds of a job, p90", {"{{kind}}": quantile(0.9, "job_seconds", "kind")}, "s"),
    Panel("Calls, p99", {"{{dependency}}": quantile(0.99, "dependency_seconds", "dependency")}, "s"),
    Panel("Calls that failed", {"{{dependency}} {{cause}}": rate("dependency_failures", "dependency, cause")}, "ops"),
    Panel("Decisions about files", {"{{state}}": rate("arrivals", "state")}, "ops"),
    Panel(
        "Series",
        {
            "held": gauge("series_held"),
            "notifications that failed": rate("notification_failures"),
        },
    ),
    Panel("Age of models", {"oldest champion": gauge("champion_age_seconds"), "last": gauge("model_age_seconds")}, "s"),
)


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    return {
        "title": "Regatta",
        "uid": "regatta",
        "tags": ["regatta"],
        "schemaVersion": 39,
        "time": {"from": "now-3h", "to": "now"},
        "refresh": "30s",
        "templating": {
            "list": [{"name": "source", "type": "datasource", "query": "prometheus", "label": "Data source"}]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    per_row = COLUMNS // WIDTH
    place = {"x": WIDTH * (number % per_row), "y": HEIGHT * (number // per_row), "w": WIDTH, "h": HEIGHT}
    targets = [
        {"refId": chr(ord("A") + index), "expr": expression, "legendFormat": legend, "datasource": SOURCE}
        for index, (legend, expression) in enumerate(panel.lines.items())
    ]
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": targets,
    }


def text() -> str:
    """Return the content of the file."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
