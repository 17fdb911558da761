"""Predicting over HTTP: every way to send rows, what is imputed or refused, bounds, and bodies that cannot be."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.settings import settings
from tests.api.test_problems import ROW, problem
from tests.support.stack import Stack
from tests.support.workflow import gbk_csv

CHOICE = {"model_name": "sent"}
ROWS = [{**ROW, "房龄": age} for age in range(5)]


@pytest.fixture(scope="module")
def client(client: httpx.Client) -> httpx.Client:
    """The handlers, with a model of flats and the file it was trained on."""
    client.post("/data/upload", files={"file": ("flats.csv", gbk_csv())})
    payload = {"model_type": "ridge", "target_column": "价格", "return_model": True, **CHOICE}
    assert client.post("/model/train", json=payload).status_code == 200
    return client


def answer(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def batch(client: httpx.Client, **payload: Any) -> dict[str, Any]:
    return answer(client.post("/predict/batch", json={**CHOICE, **payload}))


def still_serves(client: httpx.Client) -> bool:
    return client.post("/predict", json={"data": ROW, **CHOICE}).status_code == 200


def test_records_rows_and_csv_in_any_encoding_predict_alike(client: httpx.Client) -> None:
    expected = batch(client, data=ROWS)
    table = {"columns": ["房龄", "城市", "面积"], "rows": [[r["房龄"], r["城市"], r["面积"]] for r in ROWS]}
    assert batch(client, **table) == expected
    text = "面积;房龄;城市\n" + "".join(f"{r['面积']};{r['房龄']};{r['城市']}\n" for r in ROWS)
    for encoding, charset in (("utf-8", ""), ("utf-8-sig", ";charset=UTF-8"), ("gbk", '; charset="gbk"')):
        headers = {"content-type": f"text/csv{charset}"}
        sent = client.post(
            "/predict/batch", params={**CHOICE, "batch_size": 2}, content=text.encode(encoding), headers=headers
        )
        assert answer(sent) == expected
    alone = [answer(client.post("/predict", json={"data": row, **CHOICE}))["prediction"] for row in ROWS]
    assert alone == expected["predictions"]


def test_a_csv_is_read_as_an_upload_of_it_is(client: httpx.Client) -> None:
    def send(content: bytes, content_type: str = "text/csv", **params: Any) -> httpx.Response:
        headers = {"content-type": content_type}
        return client.post("/predict/batch", params={**CHOICE, **params}, content=content, headers=headers)

    expected = batch(client, data=ROWS)["predictions"]
    rows = "".join(f"{r['面积']};{r['房龄']};{r['城市']}\n" for r in ROWS)
    text = f"面积;房龄;城市\n{rows}"
    for content in (text.encode("utf-16"), text.encode("gbk"), gzip.compress(text.encode("gbk"))):
        assert answer(send(content))["predictions"] == expected
    assert answer(send(text.encode("gbk"), encoding="gbk"))["predictions"] == expected
    framed = answer(send(f"sep=;\n{text};;\n面积;房龄;城市\n(2 rows affected)\n".encode()))
    assert framed["predictions"] == expected
    left_out = [warning for warning in framed["warnings"] if "left out" in warning]
    assert len(left_out) == 3
    assert answer(send(text.replace(";", "^").encode(), delimiter="^"))["predictions"] == expected
    wrong = problem(send(text.encode("gbk"), "text/csv; charset=utf-8"), 422, "not-a-csv")
    assert wrong["errors"][0]["field"] == "charset"
    for params in ({"delimiter": "ab"}, {"encoding": "zip"}, {"has_header": "perhaps"}, {"encodign": "gbk"}):
        wrong = problem(send(text.encode(), **params), 422, "invalid-input")
        assert wrong["errors"][0]["field"] == next(iter(params))


@pytest.mark.parametrize(
    "row", [{}, {"面积": None}, {"面积": "70"}, {"面积": "wide"}, {"城市": "nowhere"}, {"more": 1}]
)
@pytest.mark.parametrize(
    "how",
    [
        *({}, {"strict": True}, {"interval": 0.9}, {"batch_size": 2}, {"batch_size": 0}),
        *({"version": 1}, {"model_info": {"model_name": "elsewhere"}}, {"model_name": "no such"}, {"model_name": 7}),
    ],
)
def test_a_large_batch_is_answered_like_a_small_one(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any], row: dict[str, Any]
) -> None:
    payload = {**CHOICE, **how, "data": [*ROWS, {**ROW, **row}]}
    small = client.post("/predict/batch", json=payload)
    monkeypatch.setattr("functions.predict.app.PLAIN_BYTES", 0)
    large = client.post("/predict/batch", json=payload)
    assert (large.status_code, large.json()) == (small.status_code, small.json())


def test_what_is_missing_is_imputed_and_said_or_refused(client: httpx.Client) -> None:
    row = {"面积": 88.5, "城市": "成都", "楼层": 3}
    warnings = answer(client.post("/predict", json={"data": row, **CHOICE}))["warnings"]
    assert [name for name in ("房龄", "城市", "楼层") if any(repr(name) in message for message in warnings)] == [
        "房龄",
        "城市",
        "楼层",
    ]
    body = problem(client.post("/predict", json={"data": row, "strict": True, **CHOICE}), 422, "invalid-records")
    assert [error["field"] for error in body["errors"]] == ["房龄", "城市", "楼层"]
    answer(client.post("/predict", json={"data": ROW, "strict": True, **CHOICE}))


def test_a_stored_file_may_be_taken_strictly_too(client: httpx.Client) -> None:
    file_id = client.get("/data/files").json()["current"]
    assert "'房龄' has 7 missing values" in batch(client, file_id=file_id)["warnings"][0]
    payload = {"file_id": file_id, "strict": True, **CHOICE}
    body = problem(client.post("/predict/batch", json=payload), 422, "invalid-records")
    # The sixth row of data is the seventh of the file.
    assert body["errors"][0] == {"row": 7, "field": "房龄", "message": "is missing"}


def test_bounds_lie_around_the_prediction_and_a_higher_level_is_wider(client: httpx.Client) -> None:
    def one(level: float) -> tuple[float, float, float]:
        found = answer(client.post("/predict", json={"data": ROW, "interval": level, **CHOICE}))
        assert found["interval"]["level"] == level
        return found["interval"]["lower"], found["prediction"], found["interval"]["upper"]

    lower, predicted, upper = one(0.9)
    assert lower < predicted < upper
    assert one(0.5)[2] < upper
    many = batch(client, data=[ROW, ROW], interval=0.9)
    assert (many["lower"], many["upper"]) == ([lower] * 2, [upper] * 2)
    stored = batch(client, file_id=client.get("/data/files").json()["current"], interval=0.9)
    assert len(stored["lower"]) == len(stored["upper"]) == stored["count"]
    for level in (0, 1, 90, "most", 0.9999):
        payload = {"data": ROW, "interval": level, **CHOICE}
        assert problem(client.post("/predict", json=payload), 422, "invalid-input")["errors"][0]["field"] == "interval"


@pytest.mark.parametrize("field", ["model_name", "version", "model_type", "target_column"])
def test_model_info_about_another_model_is_refused_by_its_field(client: httpx.Client, field: str) -> None:
    payload = {"model_type": "ridge", "target_column": "价格", "return_model": True, "model_name": "brought"}
    info = answer(client.post("/model/train", json=payload))
    brought = {"data": ROW, "model_data": info.pop("model_data")}
    answer(client.post("/predict", json={**brought, "model_info": info}))
    wrong = {**brought, "model_info": {**info, field: 99}}
    body = problem(client.post("/predict", json=wrong), 422, "invalid-input")
    assert [error["field"] for error in body["errors"]] == [f"model_info.{field}"]


def test_the_schema_has_an_example_that_works_as_it_stands(client: httpx.Client) -> None:
    schema = answer(client.get("/model/schema/sent"))
    assert {feature["name"]: feature["type"] for feature in schema["features"]} == {
        "城市": "category",
        "面积": "number",
        "房龄": "number",
    }
    assert answer(client.post("/predict", json=schema["example"]))["warnings"] == []
    answer(client.post("/predict", json={**schema["example"], "strict": True}))
    asked = answer(client.get("/model/schema/sent", params={"version": 1}))
    assert answer(client.post("/predict", json=asked["example"]))["version"] == 1
    problem(client.get("/model/schema/unknown"), 404, "no-such-model")


def test_an_answer_over_the_limit_is_a_file_of_it(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = client.post("/predict/batch", json={"data": ROWS, **CHOICE})
    monkeypatch.setenv("REGATTA_MAX_RESPONSE_BYTES", "50")
    settings.cache_clear()
    moved = client.post("/predict/batch", json={"data": ROWS, **CHOICE})
    assert moved.status_code == 303
    assert httpx.get(moved.headers["location"]).json() == whole.json()
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize(
    ("body", "status", "slug", "message"),
    [
        (b'{"model_name": "sent", "data": [{"a": 1}', 400, "bad-request", "JSON"),
        (
            b'{"model_name": "sent", "data": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
            400,
            "bad-request",
            "JSON",
        ),
        (b'{"data": [1, 2], "model_name": "sent"}', 422, "invalid-input", "data[0]"),
        (b'{"data": [], "model_name": "sent"}', 422, "invalid-input", "no rows"),
        (b'{"columns": ["a"], "rows": [], "model_name": "sent"}', 422, "invalid-input", "no rows"),
        (b'{"columns": ["a"], "model_name": "sent"}', 422, "invalid-input", "rows"),
        (b'{"rows": [[1]], "model_name": "sent"}', 422, "invalid-input", "columns"),
        (b'{"columns": ["a", "b"], "rows": [[1, 2], [1]], "model_name": "sent"}', 422, "invalid-input", "rows[1]"),
        (b'{"columns": ["a"], "rows": [{"a": 1}], "model_name": "sent"}', 422, "invalid-input", "rows[0]"),
        (b'{"columns": ["a", "a"], "rows": [[1, 2]], "model_name": "sent"}', 422, "invalid-input", "columns"),
        (b'{"data": [{}], "rows": [], "columns": [], "model_name": "sent"}', 422, "invalid-input", "either"),
        (b'{"data": [{}], "batch_size": NaN, "model_name": "sent"}', 422, "invalid-input", "batch_size"),
        (b'{"data": [{}], "batch_size": 0, "model_name": "sent"}', 422, "invalid-input", "batch_size"),
        (b'{"data": [{}], "model_name": "' + b"x" * 10_000_000 + b'"}', 422, "invalid-input", "model_name"),
    ],
)
def test_a_batch_that_cannot_be(client: httpx.Client, body: bytes, status: int, slug: str, message: str) -> None:
    headers = {"content-type": "application/json"}
    found = problem(client.post("/predict/batch", content=body, headers=headers), status, slug)
    assert message in json.dumps(found, ensure_ascii=False)
    assert still_serves(client)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "[1]", "[]", '{"a": [[]]}'])
def test_a_value_that_is_no_number_is_refused_by_its_field(client: httpx.Client, value: str) -> None:
    body = f'{{"model_name": "sent", "data": {{"城市": "上海", "面积": 80, "房龄": {value}}}}}'.encode()
    sent = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert problem(sent, 422, "invalid-records")["errors"][0]["field"] == "房龄"
    assert still_serves(client)


@pytest.mark.parametrize("letter", ["9", "x", " ", "\u4e0a"])
def test_ten_megabytes_in_one_value_are_not_repeated_back(client: httpx.Client, letter: str) -> None:
    huge = letter * 10_000_000
    for field in ("房龄", "城市", huge):
        response = client.post("/predict", json={"data": {**ROW, field: huge}, **CHOICE})
        assert response.status_code in (200, 422)
        assert len(response.content) < 2_000
    assert still_serves(client)


def test_a_prediction_that_is_no_number_is_refused(client: httpx.Client) -> None:
    row = {**ROW, "面积": 1.7e308, "房龄": -1.7e308}
    response = client.post("/predict", json={"data": row, **CHOICE})
    assert response.status_code == 200 or problem(response, 422, "invalid-records")
    assert "Infinity" not in response.text


def test_a_csv_that_cannot_be_is_refused_with_its_row(client: httpx.Client) -> None:
    def send(text: str, **params: Any) -> httpx.Response:
        headers = {"content-type": "text/csv"}
        return client.post("/predict/batch", params={**CHOICE, **params}, content=text.encode(), headers=headers)

    assert problem(send("面积,城市\n1,上海\n2\n"), 422, "not-a-csv")["errors"][0]["row"] == 3
    assert problem(send("面积\n1\nold\n"), 422, "invalid-records")["errors"][0]["row"] == 3
    problem(send("面积\n"), 422, "not-a-csv")
    problem(send(""), 422, "not-a-csv")
    problem(send("面积\n1\n", batchsize=3), 422, "invalid-input")
    problem(send("面积\n1\n", strict="perhaps"), 422, "invalid-input")


# A worker of its own tells what its memory has been at most.
PEAK = """
import re, sys, threading, time, uvicorn
from pathlib import Path
from functions.predict.app import app
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
"""


def peak(process: subprocess.Popen[bytes]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s*(\d+)", status)[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_ten_million_rows_in_a_body_are_refused_and_take_no_memory(stack: Stack, client: httpx.Client) -> None:
    from tests.support.stack import free_ports

    (port,) = free_ports(1)
    environment = {**os.environ, **stack.env}
    server = subprocess.Popen([sys.executable, "-c", PEAK, str(port)], env=environment)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=300, transport=httpx.HTTPTransport(retries=20)
        ) as own:
            assert own.post("/predict", json={"data": ROW, **CHOICE}).status_code == 200
            before = peak(server)
            head = b'{"model_name": "sent", "data": ['
            headers = {"content-type": "application/json"}
            small = own.post("/predict/batch", content=head + b"{}," * 10_000_000 + b"{}]}", headers=headers)
            assert "200,000 rows" in problem(small, 413, "too-large")["detail"]

            def large() -> Iterator[bytes]:
                yield head
                for _ in range(1_000):
                    yield json.dumps(ROW).encode() * 1_000

            too_large = own.post("/predict/batch", content=large(), headers=headers)
            assert "file_id" in problem(too_large, 413, "too-large")["detail"]
            csv = "面积\n".encode() + b"1\n" * 10_000_000
            headers["content-type"] = "text/csv"
            rows = own.post("/predict/batch", params=CHOICE, content=csv, headers=headers)
            assert "200,000" in problem(rows, 413, "too-large")["detail"]
            assert still_serves(own)
            # What came is kept until it is too much: 64 MiB, as pieces and once more as one.
            assert peak(server) - before < 160 << 20
    finally:
        server.terminate()
        server.wait(300)
