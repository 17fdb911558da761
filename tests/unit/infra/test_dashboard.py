"""The dashboard for Grafana: the committed file is that of the code, and each metric that it draws exists."""

import json
import re

import pytest

from core.telemetry.metrics import METRICS
from infra.dashboard import FILE, PANELS, text

SUFFIXES = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}
NAMES = {f"{metric.prometheus_name}{end}": metric for metric in METRICS.values() for end in SUFFIXES[metric.kind]}


def test_the_committed_file_is_that_of_the_code() -> None:
    assert FILE.read_text() == text(), "python -m infra.dashboard writes it anew"


def test_each_metric_that_a_panel_draws_exists_with_its_labels() -> None:
    for panel in json.loads(FILE.read_text())["panels"]:
        for target in panel["targets"]:
            (name,) = re.findall(r"\bregatta_\w+", target["expr"])
            assert name in NAMES, panel["title"]
            asked = re.findall(r"by \(([^)]*)\)", target["expr"])
            labels = {label.strip() for part in asked for label in part.split(",")} - {"le"}
            assert labels <= set(NAMES[name].labels), panel["title"]
            shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert shown <= set(NAMES[name].labels), panel["title"]


@pytest.mark.parametrize("metric", METRICS)
def test_each_metric_is_drawn(metric: str) -> None:
    drawn = " ".join(expression for panel in PANELS for expression in panel.lines.values())
    assert re.search(rf"\b{METRICS[metric].prometheus_name}(_bucket)?\b", drawn)
