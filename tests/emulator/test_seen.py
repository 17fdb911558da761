"""What an operator sees of a running stack: one line a request and a job on each road, and metrics of all processes."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.stack import Stack
from tests.support.waiting import wait_for

CSV = "size,price\n" + "\n".join(f"{index},{3 * index + index % 7}" for index in range(60)) + "\n"
FIELDS = {"time", "level", "request_id", "event", "operation", "method", "route", "status", "duration_ms", "pid"}


def lines(stack: Stack, request_id: str) -> list[dict[str, Any]]:
    """Return the lines of all processes of a stack about one request."""
    logs = sorted(Path(stack.home, "logs").glob("*.log"))
    found = [line for log in logs for line in log.read_text(errors="replace").splitlines() if request_id in line]
    return [json.loads(line) for line in found]


def total(text: str, name: str) -> float:
    """Return the sum of a metric over its labels."""
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.M))


@pytest.mark.parametrize("road", ["server", "gateway"])
def test_a_request_has_one_line_on_each_road(stack: Stack, road: str) -> None:
    with httpx.Client(base_url=stack.base_url if road == "server" else stack.api_url, timeout=300) as client:
        for path, status in (("/system/status", 200), ("/jobs/none", 404)):
            answer = client.get(path, headers={"X-Request-Id": f"seen-{road}{path}"})
            assert (answer.status_code, answer.headers["X-Request-Id"]) == (status, f"seen-{road}{path}")
    for path, operation in (("/system/status", "get_status"), ("/jobs/none", "get_job")):
        (line,) = wait_for(lambda path=path: lines(stack, f"seen-{road}{path}"), bool)
        assert set(line) >= FIELDS
        assert (line["event"], line["operation"]) == ("request", operation)


def test_a_job_has_the_id_of_its_request_in_the_lines_of_its_worker(stack: Stack) -> None:
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        client.post("/data/upload", files={"file": ("seen.csv", CSV.encode())})
        order = {"model_type": "ridge", "target_column": "price", "model_name": "seen"}
        headers = {"X-Request-Id": "seen-job", "Prefer": "respond-async"}
        job = client.post("/model/train", json=order, headers=headers).json()["job_id"]
        wait_for(lambda: client.get(f"/jobs/{job}", params={"wait": 5}).json()["status"], lambda s: s == "succeeded")
        found = wait_for(lambda: lines(stack, "seen-job"), lambda found: len(found) == 3)
        assert sorted(line["event"] for line in found) == ["job", "job_started", "request"]
        (ended,) = [line for line in found if line["event"] == "job"]
        assert (ended["job"], ended["kind"], ended["outcome"]) == (job, "train", "succeeded")
        text = client.get("/metrics").text
    assert total(text, "regatta_job_seconds_count") >= 1


def test_requests_add_up_over_the_workers(stack: Stack) -> None:
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        before = total(client.get("/metrics").text, "regatta_requests_total")
    for _ in range(20):  # each over a connection of its own, so that several workers answer
        httpx.get(f"{stack.base_url}/healthz")
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        after = total(client.get("/metrics").text, "regatta_requests_total")
    assert after >= before + 21, "those and the scrape before"


def test_the_probes_answer_at_the_gateway(stack: Stack) -> None:
    with httpx.Client(base_url=stack.api_url, timeout=300) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").json()["status"] == "ready"
