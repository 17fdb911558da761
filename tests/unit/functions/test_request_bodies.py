"""Bodies that no endpoint can use, and values of the wrong type in them."""

from typing import Any

import httpx
import pytest


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.rows+json"])
def test_the_rows_of_a_body_are_counted_before_it_is_read_whatever_json_it_is_called(
    handlers: httpx.Client, kind: str
) -> None:
    # Two million rows and no end: whoever reads it finds that it is no JSON.
    body = b'{"model_name": "any", "data": [' + b"{}," * 2_000_000
    answer = handlers.post("/predict/batch", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, "200,000 rows" in answer.json()["detail"]) == (413, True)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/series/prices", rb'{"target_column": "\ud83d"}'),
        ("POST", "/data/process", rb'{"columns": {"\ud83d": "drop"}}'),
    ],
)
def test_half_of_a_character_is_an_error_of_the_caller(
    handlers: httpx.Client, method: str, path: str, body: bytes
) -> None:
    handlers.post("/data/upload", files={"file": ("a.csv", b"a,y\n1,2\n2,3\n")})
    answer = handlers.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert "half of a character" in answer.json()["detail"]


def test_a_number_of_thousands_of_digits_is_refused_with_the_reason(handlers: httpx.Client) -> None:
    body = b'{"target_column": 1' + b"0" * 5_000 + b"}"
    answer = handlers.put("/series/prices", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, "thousands of digits" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/predict", {"model_name": "m", "data": {}, "strict": 0}, "strict"),
        ("POST", "/predict/batch", {"model_name": "m", "data": [{}], "version": True}, "version"),
        ("POST", "/model/train", {"model_type": "ridge", "test_size": "0.2"}, "test_size"),
        ("POST", "/model/compare", {"time_limit": False}, "time_limit"),
        ("PUT", "/series/prices", {"tolerance": False}, "tolerance"),
        ("POST", "/data/uploads", {"filename": "a.csv", "size_bytes": "9"}, "size_bytes"),
        ("POST", "/data/uploads", {"filename": "a.csv", "size_bytes": 9, "sheet": 0}, "sheet"),
    ],
)
def test_a_number_is_no_boolean_and_a_text_is_neither(
    handlers: httpx.Client, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    answer = handlers.request(method, path, json=body)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


def test_json_has_one_kind_of_numbers(handlers: httpx.Client) -> None:
    assert handlers.put("/series/prices", json={"window": 6.0, "tolerance": 1}).json()["settings"]["window"] == 6


@pytest.mark.parametrize(("sheet", "stored"), [(2, "2"), ("Prices", "Prices"), (None, None)])
def test_a_sheet_is_a_name_or_a_number_or_null(handlers: httpx.Client, sheet: Any, stored: str | None) -> None:
    answer = handlers.put("/series/prices", json={"sheet": sheet}).raise_for_status()
    assert answer.json()["settings"].get("sheet") == stored


@pytest.mark.parametrize("deed", ["cancel", "retry"])
def test_an_identifier_that_no_header_can_hold_is_one_that_no_job_has(handlers: httpx.Client, deed: str) -> None:
    answer = handlers.post(f"/jobs/%C3%B7%F3%A0%82%A2/{deed}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:regatta:problem:no-such-job")
