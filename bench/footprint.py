"""The milliseconds and the memory of each function, for the costs of infra/cost.py and the memory of template.yaml."""

import base64
import csv
import json
import os
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from bench._bucket import bucket
from bench._events import Event, http_event
from bench._report import Figure, at_most, run
from infra.environment import Environment
from infra.paths import ROOT
from infra.sam_template import parse_template

CSV = ROOT / "examples" / "california_housing.csv"
TARGET = "median_house_value"
MEASURED = ROOT / "infra" / "aws" / "measured.json"
# The most of a function's memory that it may use here. The rest is for larger tables and for the runtime of Lambda.
FULL = 0.8
FOREST = {"model_type": "random_forest", "target_column": TARGET, "model_name": "forest"}
BOOSTING = {"model_type": "gradient_boosting", "target_column": TARGET, "model_name": "boosting"}


def measure(quick: bool) -> Iterator[Figure]:
    """Yield one figure a function: its peak memory as a share of its memory in the template."""
    with bucket():
        measured: dict[str, Any] = {}
        variables = {name: value for name, value in os.environ.items() if name.startswith(("REGATTA_", "AWS_"))}
        del variables["REGATTA_JOBS_QUEUE_URL"]
        for function, events in workload(quick).items():
            measured[function] = footprint(function, events, variables)
            share = measured[function]["peak_mib"] / memory_mib(function)
            calls = ", ".join(f"{name} {call['warm_ms']:,.0f} ms" for name, call in measured[function]["calls"].items())
            yield at_most(f"{function}: peak memory / MemorySize", share, FULL, calls)
        if not quick:
            MEASURED.write_text(json.dumps(measured, indent=2) + "\n")


def workload(quick: bool) -> dict[str, dict[str, tuple[Event, int]]]:
    """Return by function its events, each with a title and how often it is sent to the warm function."""
    row = {name: value for name, value in first_row().items() if name != TARGET}
    repeats = 3 if quick else 30
    predict = {"model_name": "boosting"}
    return {
        "system": {"GET /system/status": (http_event("GET", "/system/status"), repeats)},
        "upload": {"POST /data/upload": (upload_event(), 3)},
        "data": {
            "GET /data/info": (http_event("GET", "/data/info"), repeats),
            "GET /data/profile": (http_event("GET", "/data/profile"), repeats),
            "GET /data/report": (http_event("GET", "/data/report"), repeats),
        },
        "process": {
            "POST /data/process": (
                http_event("POST", "/data/process", {"handle_missing": "median", "target_column": TARGET}),
                3,
            )
        },
        "train": {
            "gradient boosting": (http_event("POST", "/model/train", BOOSTING), 2),
            "random forest": (http_event("POST", "/model/train", FOREST), 1),
        },
        "models": {"GET /model/trained": (http_event("GET", "/model/trained"), repeats)},
        "predict": {
            "one row": (http_event("POST", "/predict", {"data": row, **predict}), 10 * repeats),
            "1,000 rows": (http_event("POST", "/predict/batch", {"data": [row] * 1000, **predict}), repeats),
            "one row, forest": (http_event("POST", "/predict", {"data": row, "model_name": "forest"}), repeats),
        },
        "inference": {"GET /v2/models/boosting": (http_event("GET", "/v2/models/boosting"), repeats)},
        "export": {
            "20,640 rows to Excel": (
                http_event("POST", "/predict/export", {"data": [row] * 20_640, "format": "excel", **predict}),
                2,
            )
        },
        "jobs": {"GET /jobs": (http_event("GET", "/jobs"), repeats)},
    }


def footprint(function: str, events: dict[str, tuple[Event, int]], variables: dict[str, str]) -> dict[str, Any]:
    """Return the milliseconds of each call, first and warm (median), and the peak memory of the process in MiB."""
    environment = Environment(function, variables, tmp_mib=tmp_mib(function))
    try:
        calls: dict[str, Any] = {}
        for name, (event, times) in events.items():
            first, *rest = (call_ms(environment, event) for _ in range(1 + times))
            calls[name] = {"first_ms": round(first, 1), "warm_ms": round(median(rest), 2)}
        return {
            "load_ms": round(environment.started["milliseconds"], 1),
            "peak_mib": round(environment.peak_mib),
            "calls": calls,
        }
    finally:
        environment.close()


def call_ms(environment: Environment, event: Event) -> float:
    """Return the milliseconds of one call; raises `RuntimeError` unless its status is 200 or 303."""
    start = time.perf_counter()
    answer = environment.invoke(event)
    taken = 1000 * (time.perf_counter() - start)
    if answer["statusCode"] not in (200, 303):
        raise RuntimeError(f"{event['path']} answered {answer['statusCode']}: {answer['body'][:300]}")
    return taken


def properties(function: str) -> dict[str, Any]:
    """Return the properties of a function in the template."""
    resources = parse_template((ROOT / "template.yaml").read_text())["Resources"]
    own: dict[str, Any] = resources[f"{function.capitalize()}Function"]["Properties"]
    return own


def memory_mib(function: str) -> int:
    """Return the MiB of memory of a function."""
    return int(properties(function)["MemorySize"])


def tmp_mib(function: str) -> int:
    """Return the MiB that a function may write to /tmp."""
    return int(properties(function).get("EphemeralStorage", {"Size": 512})["Size"])


def first_row() -> dict[str, Any]:
    """Return the first row of the table, with numbers as numbers."""
    with CSV.open() as file:
        row = next(csv.DictReader(file))
    return {name: float(text) if text.replace(".", "").lstrip("-").isdigit() else text for name, text in row.items()}


def upload_event() -> Event:
    """Return an event with the table as the form of a browser sends it."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="housing.csv"\r\n\r\n'
    event = http_event("POST", "/data/upload")
    headers = {**event["headers"], "content-type": "multipart/form-data; boundary=b"}
    body = base64.b64encode(head + CSV.read_bytes() + b"\r\n--b--\r\n").decode()
    multiple = {name: [value] for name, value in headers.items()}
    return {**event, "headers": headers, "multiValueHeaders": multiple, "body": body, "isBase64Encoded": True}


if __name__ == "__main__":
    sys.exit(run(f"What each function takes ({CSV.name}), each in a process of its own", measure))
