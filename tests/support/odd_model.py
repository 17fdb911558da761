"""A model whose columns are odd, and the requests for it as the module of the console writes them."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from infra.paths import ROOT
from tests.support.stack import Stack

MODULE = ROOT / "functions/system/console/static/views/model/snippets.js"
NAME = "odd 城 v1.0-a"
TOWNS = ("上海", "朝阳", "海淀")
# Quotes of each kind, what a shell would replace, a backslash, Chinese; and a column of each type.
HEADER = '"it\'s ""x""",$HOME,a\\b,城市,flag,day,y'
ROWS = [
    f"{k % 7}.5,{k % 3},{k % 5},{TOWNS[k % 3]},{k % 2 == 0},2024-01-{k % 28 + 1:02},{k % 7 + k % 3}" for k in range(60)
]


def train_odd_model(stack: Stack) -> None:
    """Train a version of the model."""
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        content = "\n".join([HEADER, *ROWS]).encode()
        file_id = client.post("/data/upload", files={"file": ("odd.csv", content)}).json()["file_id"]
        order = {"model_type": "ridge", "target_column": "y", "model_name": NAME, "file_id": file_id}
        client.post("/model/train", json=order).raise_for_status()


def example_row(stack: Stack) -> Any:
    """Return the row that the schema has for an example."""
    answer = httpx.get(f"{stack.base_url}/model/schema/{quote(NAME)}", timeout=300)
    return answer.raise_for_status().json()["example"]["data"]


def predicted(stack: Stack, version: int | None = None) -> float:
    """Return what a version, or the one that serves, predicts for the example."""
    request = {"model_name": NAME, "data": example_row(stack), **({"version": version} if version else {})}
    answer = httpx.post(f"{stack.base_url}/predict", json=request, timeout=300)
    return float(answer.raise_for_status().json()["prediction"])


def write_program(folder: Path, stack: Stack, language: str) -> Path:
    """Write a program for Node.js that prints what the console shows for a language, and return its path."""
    model = {"url": stack.base_url, "name": NAME, "version": None, "data": example_row(stack), "interval": True}
    (folder / "snippets.mjs").write_bytes(MODULE.read_bytes())
    program = folder / "show.mjs"
    call = f"snippet({json.dumps(language)}, {json.dumps(model)})"
    program.write_text(f"import {{ snippet }} from './snippets.mjs';\nconsole.log({call});\n", encoding="utf-8")
    return program
