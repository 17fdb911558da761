"""Every bucket that a released version wrote is read by this one: the same answers, the same predictions to the bit."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from moto import mock_aws

from core.jobs.worker import GaveUpError, run_job
from core.preprocessing.pipeline import raw_frame
from core.services.handlers import HANDLERS
from core.services.processing.open_table import open_table
from core.services.training.unpickle import load_pipeline
from core.storage.container import container
from core.storage.signed_models import check_manifest
from functions.ingest.handler import handler
from tests.support.gateway import HandlerTransport
from tests.support.process_state import process_environment
from tests.support.reports import Element, Page
from tests.support.storage import home

BUCKETS = Path(__file__).parent / "data" / "buckets"
VERSIONS = [path.name for path in sorted(BUCKETS.iterdir()) if path.is_dir()]
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "REGATTA_BUCKET": "regatta-tests",
    "REGATTA_SIGNING_KEY": "the signing key of the buckets in tests/data",
}
# What answers have got since.
ADDED: dict[str, dict[str, Any]] = {"/data/files": {"next": None}, "/series": {"next": None}}
# How pages of decisions linked to models, where they link to the page of the model now.
LINK = re.compile(r"/model/info\?model_name=([^&\"]+)&amp;version=(\d+)")
# Made anew for each answer, or by the clock: URLs and when they end. Models of old versions are signed anew.
VOLATILE = {"url", "fields", "expires_at", "signature"}


def answers_of(version: str) -> list[dict[str, Any]]:
    requests: list[dict[str, Any]] = json.loads((BUCKETS / version / "answers.json").read_text(encoding="utf-8"))
    return requests


def about(version: str) -> dict[str, str]:
    known: dict[str, str] = json.loads((BUCKETS / version / "about.json").read_text(encoding="utf-8"))
    return known


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> Iterator[str]:
    """A version whose bucket is in the object store."""
    name = str(request.param)
    with mock_aws(), process_environment(SETTINGS):
        s3 = container().objects.client
        s3.create_bucket(Bucket=SETTINGS["REGATTA_BUCKET"])
        for key, kept in json.loads((BUCKETS / name / "objects.json").read_text(encoding="utf-8")).items():
            body = (BUCKETS / name / "objects" / key).read_bytes()
            s3.put_object(Bucket=SETTINGS["REGATTA_BUCKET"], Key=key, Body=body, **kept)
        yield name


@pytest.fixture
def client(version: str) -> Iterator[httpx.Client]:
    with httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client:
        yield client


def stable(answer: Any) -> Any:
    """The answer without what the clock decides."""
    if isinstance(answer, dict):
        return {name: stable(value) for name, value in answer.items() if name not in VOLATILE}
    return [stable(value) for value in answer] if isinstance(answer, list) else answer


def content(answer: httpx.Response) -> Any:
    kind = answer.headers["content-type"]
    if "json" in kind:
        return answer.json()
    return answer.text if "html" in kind else base64.b64encode(answer.content).decode()


def comparable(path: str, answer: Any) -> Any:
    """The answer as versions have it in common: of a page that is drawn anew what it says, links as to pages."""
    if not isinstance(answer, str):
        return stable(answer)
    if path.startswith("/data/report"):
        return said_by(Page(answer).root)
    return LINK.sub(r"/model/report/\1?version=\2", answer)


def said_by(page: Element) -> dict[str, Any]:
    """What a data report says: its title, figures, findings and columns."""
    findings = [item.all("p")[0].text for item in page.one("findings").all("li")]
    return {
        "title": page.all("h1")[0].text,
        "figures": [tile.text for tile in page.one("overview").all("li")],
        "facts": [fact.text for fact in page.one("overview").all("dd")],
        "findings": sorted(findings),
        "columns": sorted(card.all("h3")[0].text for card in page.one("columns").all("article", "card")),
    }


def test_every_answer_is_the_one_that_the_version_itself_gave(version: str, client: httpx.Client) -> None:
    for request in answers_of(version):
        answer = client.request(request.get("method", "GET"), request["path"], json=request.get("json"))
        assert answer.status_code == request["status"], request["path"]
        expected = comparable(request["path"], request["answer"])
        if request["path"] in ADDED:
            expected = expected | ADDED[request["path"]]
        if isinstance(expected, dict) and isinstance(expected.get("interval"), dict):
            expected["interval"] = {**expected["interval"], "method": "equal_width"}
        assert comparable(request["path"], content(answer)) == expected, request["path"]


def test_the_rows_of_every_old_file_are_those_of_its_preview(version: str, client: httpx.Client) -> None:
    for file in client.get("/data/files").json()["files"]:
        asked = {"file_id": file["file_id"], "rows": 100}
        page, preview = client.get("/data/rows", params=asked).json(), client.get("/data/preview", params=asked).json()
        assert page["rows"] == preview["rows"]
        assert page["total"] == file["rows"]


def test_every_model_is_signed_anew_for_its_place(version: str, client: httpx.Client) -> None:
    for model in client.get("/model/trained").json()["models"]:
        which = {"model_name": model["model_name"], "version": model["version"]}
        assert client.get("/model/info", params=which).json()["signature"].startswith("ed25519.")
        manifest = home().models.manifest(which["model_name"], which["version"])
        check_manifest(manifest, home().name)


def test_the_stored_pickles_load_and_predict_the_same(version: str, client: httpx.Client) -> None:
    compared = 0
    for request in answers_of(version):
        if request["path"] != "/predict/batch":
            continue
        order = request["json"]
        pipeline = load_pipeline(home(), order["model_name"], order["version"])
        features = client.get("/model/info", params={k: order[k] for k in ("model_name", "version")}).json()["features"]
        table = client.get("/data/download", params={"file_id": order["file_id"], "format": "json", "raw": True})
        assert table.is_success and features
        with open_table(home(), order["file_id"]) as (_, opened):
            frame = raw_frame(opened, [feature["name"] for feature in features])
        np.testing.assert_allclose(pipeline.predict(frame), request["answer"]["predictions"], rtol=1e-9, atol=1e-9)
        compared += 1
    assert compared >= 10


def test_a_job_that_waited_in_the_old_bucket_is_done(version: str, client: httpx.Client) -> None:
    job_id = about(version)["queued_job"]
    with suppress(GaveUpError):
        run_job(home(), job_id, HANDLERS, seconds=600)
    job = client.get(f"/jobs/{job_id}").json()
    assert job["status"] == "succeeded", job
    assert client.get("/model/info", params={"model_name": job["result"]["model_name"]}).is_success


def test_an_upload_that_the_old_version_received_becomes_a_dataset(version: str, client: httpx.Client) -> None:
    file_id = about(version)["received_upload"]
    record = {
        "s3": {"bucket": {"name": SETTINGS["REGATTA_BUCKET"]}, "object": {"key": f"uploads/default/{file_id}.csv"}},
        "eventName": "ObjectCreated:Post",
    }
    event = {"Records": [{"messageId": "1", "body": json.dumps({"Records": [record]})}]}
    assert handler(event, None) == {"batchItemFailures": []}
    assert client.get(f"/data/files/{file_id}").json()["status"] == "ready"


def test_a_file_of_the_old_version_is_read_again_with_its_recipe(version: str, client: httpx.Client) -> None:
    listed = client.get("/data/files").json()
    for file in listed["files"]:
        before = client.get("/data/info", params={"file_id": file["file_id"]}).json()
        answer = client.patch(f"/data/files/{file['file_id']}/reading", json={})
        assert answer.status_code == 201, answer.text
        after = client.get("/data/info", params={"file_id": answer.json()["file_id"]}).json()
        for field in ("sha256", "encoding", "rows", "recipe"):
            assert after[field] == before[field], field
        assert after["parent"] == file["file_id"]
