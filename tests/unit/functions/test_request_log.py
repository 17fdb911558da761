"""The line of each request: one, with the same fields on every road, and without a value of what was sent."""

import gzip
import json
import logging
import random
import string
from typing import Any

import httpx
import pytest

from core.settings import settings
from core.telemetry import metrics
from core.telemetry.shared_metrics import SharedMetrics
from functions.contract.operations import OPERATIONS
from functions.operation_ids import OPERATION_IDS
from functions.predict.app import app as predict_app
from functions.upload.app import app as upload_app
from tests.support.asgi import ask, run_async
from tests.support.log_lines import LogLines, log_lines
from tests.unit.functions.test_request_log_ids import client

FIELDS = {"time", "level", "request_id", "event", "operation", "method", "status", "duration_ms", "cold_start", "pid"}


def one_request(lines: LogLines) -> dict[str, Any]:
    (line,) = lines.events("request")
    assert set(line) >= FIELDS
    return line


def test_operations_have_the_names_of_the_document() -> None:
    assert {route: OPERATION_IDS.get(route) for route in OPERATIONS} == {
        route: operation.id for route, operation in OPERATIONS.items()
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "level", "problem"),
    [
        ("GET", "/own", 200, "INFO", None),
        ("GET", "/file", 303, "INFO", None),
        ("GET", "/missing", 404, "INFO", "no-such-file"),
        ("GET", "/nowhere?token=secret", 404, "INFO", "no-such-route"),
        ("POST", "/file", 405, "INFO", "method-not-allowed"),
        ("GET", "/fault", 500, "ERROR", "internal"),
    ],
)
def test_every_answer_has_one_line(
    settled: None, method: str, path: str, status: int, level: str, problem: str | None
) -> None:
    app = client()
    with log_lines("DEBUG") as lines:
        answer = app.request(method, path, headers={"X-Request-Id": "r-1"})
    line = one_request(lines)
    assert answer.status_code == status
    assert (line["status"], line["level"], line["request_id"], line.get("problem")) == (status, level, "r-1", problem)
    assert "secret" not in "".join(lines.texts)


def test_a_fault_says_what_and_where_in_the_same_line(settled: None) -> None:
    app = client()
    with log_lines() as lines:
        app.get("/fault")
    line = one_request(lines)
    assert line["error"] == "ZeroDivisionError"
    assert line["trace"][-1].endswith(" fault")
    assert len(lines.texts) == 1


def predict_packed() -> None:
    """Send a body in gzip, which the gateway of these tests does not take."""
    packed = gzip.compress(b'{"model_name": "none", "data": {"a": 1}}')
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    ask(predict_app, "POST", "/predict", headers, packed)


def test_a_packed_body_and_a_slash_at_the_end_do_not_hide_the_route(handlers: httpx.Client) -> None:
    with log_lines() as lines:
        handlers.get("/system/status/")
        predict_packed()
    assert [line["operation"] for line in lines.events("request")] == ["get_status", "predict_row"]


def test_a_route_has_names_in_place_of_ids(handlers: httpx.Client) -> None:
    with log_lines("DEBUG") as lines:
        handlers.get("/jobs/0198c0ffee1")
    line = one_request(lines)
    assert (line["route"], line["operation"], line["workspace"]) == ("/jobs/{job_id}", "get_job", "default")


def test_the_workspace_of_a_prediction_is_known_before_its_body_is_read(handlers: httpx.Client) -> None:
    with log_lines() as lines:
        ask(predict_app, "POST", "/predict", {"content-encoding": "gzip"}, b"no gzip")
    line = one_request(lines)
    assert (400 <= line["status"] < 500, line["workspace"]) == (True, "default")


def test_requests_and_errors_are_counted(settled: None) -> None:
    before, own = metrics.recorder(), SharedMetrics(None)
    metrics.record_with(own)
    try:
        for path in ("/own", "/own", "/missing"):
            client().get(path)
    finally:
        metrics.record_with(before)
    totals = own.totals()
    assert (totals["requests", "none", "200"], totals["requests", "none", "404"]) == (2, 1)
    assert totals["errors", "no-such-file"] == 1
    assert sum(value for key, value in totals.items() if key[0] == "request_seconds" and key[-1].isdigit()) == 3


def test_no_value_of_the_data_is_in_any_line(handlers: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever becomes of a request, and at DEBUG, the log of all libraries included."""
    chosen = random.Random(20)
    marker = "m" + "".join(chosen.choices(string.ascii_lowercase, k=15))
    number = "7316.4902"
    rows = "\n".join(f"{index * 1.5},{marker}{index % 2},{number}{index:02}" for index in range(40))
    monkeypatch.setenv("REGATTA_LOG_LEVEL", "DEBUG")
    settings.cache_clear()
    with log_lines("DEBUG") as lines:
        files = {"file": (f"{marker}.csv", f"size,{marker}_name,price\n{rows}\n".encode())}
        uploaded = handlers.post("/data/upload", files=files).json()
        order = {"model_type": "ridge", "test_size": 0.25, "target_column": "price", "model_name": "houses"}
        assert handlers.post("/model/train", json=order).status_code == 200
        row = {"size": 3.0, f"{marker}_name": f"{marker}1"}
        assert handlers.post("/predict", json={"model_name": "houses", "data": row}).status_code == 200
        for data in ({**row, "size": marker}, {marker: number}, marker, [marker], {**row, f"{marker}_name": 7}):
            handlers.post("/predict", json={"model_name": "houses", "data": data})
        handlers.post("/predict", json={marker: marker})
        handlers.post("/predict", content=f'{{"{marker}": {number}'.encode())
        handlers.post(
            f"/predict/batch?strict={marker}", content=f"size\n{marker}\n", headers={"Content-Type": "text/csv"}
        )
        handlers.get("/data/info", params={"file_id": marker})
        handlers.get("/data/preview", params={"file_id": uploaded["file_id"], "rows": marker})
        handlers.post("/model/train", json={"model_type": "ridge", "target_column": f"{marker}_name"})
    assert lines.events("call"), "DEBUG names calls of storage"
    for line in lines.texts:
        json.loads(line)
        assert marker not in line
        assert number not in line


def test_a_prediction_names_its_model_rows_and_level_of_the_cache(handlers: httpx.Client) -> None:
    rows = "\n".join(f"{index},{index * 2}" for index in range(40))
    handlers.post("/data/upload", files={"file": ("a.csv", f"size,price\n{rows}\n".encode())})
    handlers.post("/model/train", json={"model_type": "ridge", "target_column": "price", "model_name": "houses"})
    with log_lines() as lines:
        for _ in range(2):
            handlers.post("/predict", json={"model_name": "houses", "data": {"size": 3.0}})
        handlers.post("/predict/batch", json={"model_name": "houses", "data": [{"size": 1.0}, {"size": 2.0}]})
    first, second, batch = lines.events("request")
    assert (second["model"], second["version"], second["rows"], second["cache"]) == ("houses", 1, 1, "memory")
    assert first["cache"] in ("memory", "storage")
    assert (batch["operation"], batch["rows"], batch["workspace"]) == ("predict_rows", 2, "default")
    assert not second["cold_start"]


def test_a_lambda_line_names_the_invocation(settled: None) -> None:
    app = client()
    with log_lines() as lines:
        app.get("/own")
    assert "lambda_request_id" not in one_request(lines), "the context of the tests has none"


def test_logging_at_warning_leaves_requests_out(settled: None) -> None:
    app = client()
    with log_lines("WARNING") as lines:
        app.get("/own")
        app.get("/fault")
    assert [line["status"] for line in lines.events("request")] == [500]
    assert logging.getLogger("regatta").level != logging.DEBUG


@pytest.mark.parametrize(
    ("path", "kind"), [("/predict", b"application/json"), ("/predict/batch", b"text/csv"), ("/predict", b"gzip")]
)
def test_a_caller_who_goes_away_while_it_sends_is_no_fault_of_ours(settled: None, path: str, kind: bytes) -> None:
    headers = [(b"content-encoding", kind)] if kind == b"gzip" else [(b"content-type", kind)]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers, "root_path": ""}

    async def leave() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        """Drop it: nobody is there."""

    with log_lines() as lines:
        run_async(lambda: predict_app(scope, leave, send))
    line = one_request(lines)
    assert (line["status"], line["level"], "error" in line) == (499, "INFO", False)


def test_a_caller_who_goes_away_in_an_upload_is_logged_as_gone(settled: None) -> None:
    kind = (b"content-type", b"multipart/form-data; boundary=b")
    scope = {"type": "http", "method": "POST", "path": "/data/upload", "query_string": b"", "headers": [kind]}
    begun = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\r\n'
    messages = iter([{"type": "http.request", "body": begun, "more_body": True}, {"type": "http.disconnect"}])

    async def leave() -> dict[str, object]:
        return next(messages)

    async def send(message: object) -> None:
        """Drop it: nobody is there."""

    with log_lines() as lines:
        run_async(lambda: upload_app({**scope, "root_path": ""}, leave, send))
    line = one_request(lines)
    assert (line["status"], line["level"]) == (499, "INFO")


def test_a_fault_tells_the_caller_which_line_has_it(settled: None) -> None:
    answer = client().get("/fault", headers={"X-Request-Id": "r-7"})
    assert "It has been logged as r-7" in answer.json()["detail"]
