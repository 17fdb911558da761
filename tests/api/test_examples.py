"""The examples of the OpenAPI document work, one after another, on the file that they are about."""

import json
from pathlib import Path
from typing import Any

import httpx

from functions.contract.examples import CSV, EXAMPLES, JSON, PARAMETERS

HOUSING = Path(__file__).resolve().parents[2] / "examples/california_housing.csv"


def test_the_examples_work_one_after_another(client: httpx.Client) -> None:
    header, *rows = HOUSING.read_bytes().splitlines(keepends=True)
    table = b"".join([header, *rows[::150]])
    names: dict[str, Any] = {name: each["example"] for (_, name), each in PARAMETERS.items() if "example" in each}
    uploaded = client.post("/data/upload", files={"file": ("houses.csv", table)}).raise_for_status().json()
    names["file_id"] = uploaded["file_id"]
    for (method, path), examples in EXAMPLES.items():
        if "job_id" in path:
            continue  # there is no arrival to overrule
        for media, example in examples.items():
            content = example if media == CSV else json.dumps(example)
            params = {"model_name": names["model_name"]} if media == CSV else {}
            answer = client.request(
                method, path.format(**names), params=params, content=content, headers={"Content-Type": media}
            )
            assert answer.is_success, (method, path, answer.text)
            assert not answer.headers["content-type"].startswith(JSON) or not answer.json().get("warnings"), answer.text
