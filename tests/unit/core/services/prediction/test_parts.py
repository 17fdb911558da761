"""Requests that name the prefix of many objects: both endpoints make a job of them, or say what does not go with it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from core.jobs.commands import TrainCommand
from core.services.processing.ingest import ingest
from core.services.training.train import train_model
from core.storage.s3.object_store import ObjectStore
from tests.support.jobs import read_job
from tests.support.kept_objects import KeptObjects
from tests.support.storage import home

ENDPOINTS = [("/predict/batch", "predict"), ("/predict/export", "export")]
endpoints = pytest.mark.parametrize("path", [path for path, _ in ENDPOINTS])


@pytest.fixture
def client(handlers: httpx.Client) -> httpx.Client:
    return handlers


@pytest.fixture
def model(bucket: ObjectStore, kept_objects: KeptObjects, tmp_path: Path) -> str:
    def make() -> str:
        path = tmp_path / "small.csv"
        path.write_text("x,y\n" + "\n".join(f"{n % 7},{n % 13}" for n in range(60)))
        file_id = ingest(home(), path.name, path).file_id
        train_model(home(), TrainCommand(model_type="ridge", target_column="y", file_id=file_id, model_name="船价"))
        return "船价"

    name: str = kept_objects.fill(bucket, make)
    return name


@pytest.mark.parametrize(("path", "kind"), ENDPOINTS)
def test_a_prefix_is_always_a_job_of_the_version_that_serves(
    client: httpx.Client, model: str, path: str, kind: str
) -> None:
    payload = {"model_name": model, "prefix": "march/part-", "interval": 0.9}
    answer = client.post(path, json=payload, headers={"Idempotency-Key": "march"})
    assert (answer.status_code, answer.json()["kind"]) == (202, kind)
    again = client.post(path, json=payload, headers={"Idempotency-Key": "march"})
    assert again.json()["job_id"] == answer.json()["job_id"]
    order = read_job(answer.json()["job_id"]).order
    assert (order["prefix"], order["version"], order["file_id"]) == ("march/part-", 1, "")


@endpoints
@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "/march",
        "../other/parts/",
        "a/../../b",
        "a//b",
        "./a",
        "s3://bucket/key",
        "part-*.csv",
        "a\\b",
        "a\n",
        "a" * 501,
    ],
)
def test_a_prefix_that_may_be_elsewhere_is_refused(client: httpx.Client, path: str, prefix: str) -> None:
    answer = client.post(path, json={"model_name": "m", "prefix": prefix})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "prefix")


@pytest.mark.parametrize(
    ("path", "more", "field"),
    [
        *((path, {"model_name": None, "model_data": "e30="}, "model_name") for path, _ in ENDPOINTS),
        *((path, {"explain": True}, "explain") for path, _ in ENDPOINTS),
        *((path, {"file_id": "f"}, "data") for path, _ in ENDPOINTS),
        *((path, {"data": [{"x": 1}]}, "data") for path, _ in ENDPOINTS),
        ("/predict/batch", {"columns": ["x"], "rows": [[1]]}, "data"),
        ("/predict/export", {"format": "excel"}, "format"),
    ],
)
def test_what_does_not_go_with_a_prefix_is_refused(
    client: httpx.Client, path: str, more: dict[str, Any], field: str
) -> None:
    answer = client.post(path, json={"model_name": "m", "prefix": "march/", **more})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@endpoints
def test_a_prefix_needs_a_model_that_exists(client: httpx.Client, path: str) -> None:
    answer = client.post(path, json={"model_name": "nobody", "prefix": "march/"})
    assert answer.json()["type"] == "urn:regatta:problem:no-such-model"
