"""Bodies that no endpoint can use: too many rows, half of a character, too many digits."""

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
