"""Stored tables that are more than one request predicts: a job that leaves a file, the same as the answer would be."""

import codecs
import io
import json
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pandas as pd
import pytest

from core.jobs.worker import run_job
from core.services.handlers import HANDLERS
from core.settings import settings
from core.storage.container import container
from tests.support.storage import home
from tests.support.tables import CSVS, noisy

ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def client(handlers: httpx.Client) -> httpx.Client:
    """The Lambda handlers over an emulated bucket with one table and one model in it."""
    handlers.post("/data/upload", files={"file": ("mpg.csv", CSVS["mpg"][0].read_bytes())})
    payload = {"model_type": "ridge", "target_column": "mpg", "model_name": "car"}
    handlers.post("/model/train", json=payload).raise_for_status()
    return handlers


@pytest.fixture
def file_id(client: httpx.Client) -> str:
    found: str = client.get("/data/files").json()["current"]
    return found


def limit_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a hundred rows are too many for one request."""
    monkeypatch.setenv("REGATTA_MAX_BATCH_ROWS", "100")
    settings.cache_clear()


def result_of(job: dict[str, Any]) -> dict[str, Any]:
    """Carry out the job as a worker does and return its result."""
    done = run_job(home(), job["job_id"], HANDLERS, seconds=60)
    assert done is not None
    assert done.status == "succeeded", done.error
    assert done.result is not None
    return done.result


def file_of(result: dict[str, Any]) -> bytes:
    key = unquote(urlsplit(result["url"]).path).removeprefix(f"/{settings().bucket}/")
    return container().objects.get(key)


def test_a_table_of_too_many_rows_is_predicted_by_a_job(
    client: httpx.Client, file_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = {"model_name": "car", "file_id": file_id, "interval": 0.9}
    at_once = client.post("/predict/batch", json=payload).raise_for_status().json()
    limit_rows(monkeypatch)
    answer = client.post("/predict/batch", json=payload)
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/jobs/{job['job_id']}"
    assert job["kind"] == "predict"
    assert json.loads(file_of(result_of(job))) == at_once
    assert client.get(f"/jobs/{job['job_id']}").json()["result"]["count"] == 398


def test_an_export_of_too_many_rows_is_written_by_a_job(
    client: httpx.Client, file_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = {"model_name": "car", "file_id": file_id, "format": "csv"}
    at_once = client.post("/predict/export", json=payload).content
    limit_rows(monkeypatch)
    answer = client.post("/predict/export", json=payload)
    assert (answer.status_code, answer.json()["kind"]) == (202, "export")
    body = file_of(result_of(answer.json()))
    assert body.startswith(codecs.BOM_UTF8)
    # Written by Arrow, a text is in quotes.
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(body)), pd.read_csv(io.BytesIO(at_once)))


@pytest.mark.parametrize("path", ["/predict/batch", "/predict/export"])
def test_the_caller_may_ask_for_a_job(client: httpx.Client, file_id: str, path: str) -> None:
    payload = {"model_name": "car", "file_id": file_id}
    assert client.post(path, json=payload).status_code == 200
    assert client.post(path, json=payload, headers=ASYNC).status_code == 202
    # Rows in the request are answered with it: they are there already.
    record = dict.fromkeys(["cylinders", "displacement", "horsepower", "weight", "acceleration", "model_year"], 4)
    rows = {"model_name": "car", "data": [{**record, "origin": "usa"}]}
    assert client.post(path, json=rows, headers=ASYNC).status_code == 200


def test_a_job_predicts_with_the_version_that_served_when_it_was_ordered(client: httpx.Client, file_id: str) -> None:
    job = client.post("/predict/batch", json={"model_name": "car", "file_id": file_id}, headers=ASYNC).json()
    payload = {"model_type": "decision_tree", "target_column": "mpg", "model_name": "car"}
    assert client.post("/model/train", json=payload).json()["version"] == 2
    assert result_of(job)["version"] == 1


@pytest.mark.parametrize("path", ["/predict/batch", "/predict/export"])
def test_what_no_job_could_do_is_refused_at_once(
    client: httpx.Client, file_id: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploaded = client.post("/data/upload", files={"file": ("noisy.csv", noisy(150).encode())}).json()
    limit_rows(monkeypatch)
    lacking = client.post(path, json={"model_name": "car", "file_id": uploaded["file_id"]})
    assert (lacking.status_code, lacking.json()["errors"][0]["field"]) == (422, "cylinders")
    assert client.post(path, json={"model_name": "boat", "file_id": file_id}).status_code == 404
    assert client.post(path, json={"model_name": "car", "file_id": "none"}).status_code == 404


def test_a_model_that_the_caller_keeps_has_to_predict_in_parts(
    client: httpx.Client, file_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = {"model_type": "ridge", "target_column": "mpg", "return_model": True}
    sealed = client.post("/model/train", json=payload).json()["model_data"]
    limit_rows(monkeypatch)
    refused = client.post("/predict/batch", json={"model_data": sealed, "file_id": file_id})
    assert refused.status_code == 413
    assert "model_name" in refused.json()["detail"]
