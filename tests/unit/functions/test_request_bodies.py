"""The rows of a body are counted before it is read."""

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
