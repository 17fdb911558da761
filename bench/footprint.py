"""What each function takes: milliseconds and memory. infra/cost.py makes money of it, the template budgets."""

import base64
import csv
import json
import os
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from bench import _load
from bench._bucket import bucket
from bench._report import Figure, at_most, run
from infra.environment import Environment
from infra.paths import ROOT

CSV = ROOT / "examples" / "california_housing.csv"
TARGET = "median_house_value"
MEASURED = ROOT / "infra" / "aws" / "measured.json"
# Of a function's memory: the rest is for larger tables than this one, and for Lambda's own runtime.
FULL = 0.8
FOREST = {"model_type": "random_forest", "target_column": TARGET, "model_name": "forest"}
BOOSTING = {"model_type": "gradient_boosting", "target_column": TARGET, "model_name": "boosting"}

Event = dict[str, Any]


def measure(quick: bool) -> Iterator[Figure]:
    """One figure a function: its peak memory as a part of what the template gives it."""
    with bucket():
        measured: dict[str, Any] = {}
        variables = {name: value for name, value in os.environ.items() if name.startswith(("REGATTA_", "AWS_"))}
        del variables["REGATTA_JOBS_QUEUE_URL"]
        for function, events in workload(quick).items():
            measured[function] = footprint(function, events, variables)
            share = measured[function]["peak_mib"] / memory(function)
            calls = ", ".join(f"{name} {call['warm_ms']:,.0f} ms" for name, call in measured[function]["calls"].items())
            yield at_most(f"{function}: peak memory / MemorySize", share, FULL, calls)
        if not quick:
            MEASURED.write_text(json.dumps(measured, indent=2) + "\n")


def workload(quick: bool) -> dict[str, dict[str, tuple[Event, int]]]:
    """Events a function, in the order of the job, with how often each is sent to the warm function."""
    row = {name: value for name, value in first_row().items() if name != TARGET}
    often = 3 if quick else 30
    predict = {"model_name": "boosting"}
    return {
        "system": {"GET /system/status": (_load.event("GET", "/system/status"), often)},
        "upload": {"POST /data/upload": (upload_event(), 3)},
        "data": {
            "GET /data/info": (_load.event("GET", "/data/info"), often),
            "GET /data/profile": (_load.event("GET", "/data/profile"), often),
            "GET /data/report": (_load.event("GET", "/data/report"), often),
        },
        "process": {
            "POST /data/process": (
                _load.event("POST", "/data/process", {"handle_missing": "median", "target_column": TARGET}),
                3,
            )
        },
        "train": {
            "gradient boosting": (_load.event("POST", "/model/train", BOOSTING), 2),
            "random forest": (_load.event("POST", "/model/train", FOREST), 1),
        },
        "models": {"GET /model/trained": (_load.event("GET", "/model/trained"), often)},
        "predict": {
            "one row": (_load.event("POST", "/predict", {"data": row, **predict}), 10 * often),
            "1,000 rows": (_load.event("POST", "/predict/batch", {"data": [row] * 1000, **predict}), often),
            "one row, forest": (_load.event("POST", "/predict", {"data": row, "model_name": "forest"}), often),
        },
        "inference": {"GET /v2/models/boosting": (_load.event("GET", "/v2/models/boosting"), often)},
        "export": {
            "20,640 rows to Excel": (
                _load.event("POST", "/predict/export", {"data": [row] * 20_640, "format": "excel", **predict}),
                2,
            )
        },
        "jobs": {"GET /jobs": (_load.event("GET", "/jobs"), often)},
    }


def footprint(function: str, events: dict[str, tuple[Event, int]], variables: dict[str, str]) -> dict[str, Any]:
    """Milliseconds cold and warm (median) of each call, and the most memory that the process ever had."""
    environment = Environment(function, variables, tmp_mib=temporary(function))
    try:
        calls: dict[str, Any] = {}
        for name, (event, times) in events.items():
            first, *rest = (spent(environment, event) for _ in range(1 + times))
            calls[name] = {"first_ms": round(first, 1), "warm_ms": round(median(rest), 2)}
        return {
            "load_ms": round(environment.started["milliseconds"], 1),
            "peak_mib": round(environment.peak_mib),
            "calls": calls,
        }
    finally:
        environment.close()


def spent(environment: Environment, event: Event) -> float:
    """Milliseconds of one call; raises unless it was answered as it should be."""
    start = time.perf_counter()
    answer = environment.invoke(event)
    taken = 1000 * (time.perf_counter() - start)
    if answer["statusCode"] not in (200, 303):
        raise RuntimeError(f"{event['path']} answered {answer['statusCode']}: {answer['body'][:300]}")
    return taken


def properties(function: str) -> dict[str, Any]:
    """What the template gives this function."""
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    found: dict[str, Any] = resources[f"{function.capitalize()}Function"]["Properties"]
    return found


def memory(function: str) -> int:
    """MiB."""
    return int(properties(function)["MemorySize"])


def temporary(function: str) -> int:
    """MiB that it may write."""
    return int(properties(function).get("EphemeralStorage", {"Size": 512})["Size"])


def first_row() -> dict[str, Any]:
    """The first row of the table, as values of JSON."""
    with CSV.open() as file:
        row = next(csv.DictReader(file))
    return {name: float(text) if text.replace(".", "").lstrip("-").isdigit() else text for name, text in row.items()}


def upload_event() -> Event:
    """The table as a browser's form sends it."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="housing.csv"\r\n\r\n'
    event = _load.event("POST", "/data/upload")
    headers = {**event["headers"], "content-type": "multipart/form-data; boundary=b"}
    body = base64.b64encode(head + CSV.read_bytes() + b"\r\n--b--\r\n").decode()
    multiple = {name: [value] for name, value in headers.items()}
    return {**event, "headers": headers, "multiValueHeaders": multiple, "body": body, "isBase64Encoded": True}


if __name__ == "__main__":
    sys.exit(run(f"What each function takes ({CSV.name}), each in a process of its own", measure))
