"""GET /model/report: the page of a stored model, from the light function."""

import json

import httpx
import pytest

from core.reporting.page import CONTENT_SECURITY_POLICY
from core.storage.artifacts import EVALUATION, GRAPH, PICKLE
from core.storage.s3.object_store import ObjectStore
from tests.support.model_versions import publish_beside_manifest
from tests.support.reports import Page
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, Repositories, home, model_draft

PLOTS = {"predicted_vs_actual": {"actual": [1.0, 2.0], "predicted": [1.5, 2.0]}}


@pytest.fixture
def client(handlers: httpx.Client) -> httpx.Client:
    return handlers


def store(name: str, job_id: str | None = None) -> None:
    files = {GRAPH: GRAPH_BYTES, PICKLE: PICKLE_BYTES, EVALUATION: json.dumps({"plots": PLOTS}).encode()}
    home().models.publish(model_draft(GRAPH_BYTES, PICKLE_BYTES, name, job_id=job_id), files)


def test_a_model_is_shown_as_a_page_by_name_and_version(client: httpx.Client) -> None:
    store("boat")
    store("boat")
    answer = client.get("/model/report/boat")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["content-disposition"].endswith("''boat-v2.html")
    assert "2, serves" in Page(answer.text).root.one("overview").text
    older = Page(client.get("/model/report/boat", params={"version": 1}).text).root
    assert "1, does not serve" in older.one("overview").text
    assert older.one("errors").all("path", "points")


def test_the_models_of_one_training_are_ranked_together(client: httpx.Client) -> None:
    for name in ("boat", "ship"):
        store(name, "k1234567")
    store("raft", "k7654321")
    section = Page(client.get("/model/report/ship").text).root.one("leaderboard")
    assert [row.all("td")[1].text for row in section.all("tbody")[0].all("tr")] == ["boat", "ship"]


def test_a_model_of_the_first_version_has_a_page(client: httpx.Client, bucket: ObjectStore) -> None:
    publish_beside_manifest(Repositories(bucket))
    assert client.get("/model/report/boat").status_code == 200


def test_what_is_not_there_has_no_page(client: httpx.Client) -> None:
    answer = client.get("/model/report/none")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:regatta:problem:no-such-model")


def test_a_page_is_packed_for_who_takes_gzip_and_for_nobody_else(client: httpx.Client) -> None:
    store("boat")
    plain = client.get("/model/report/boat", headers={"Accept-Encoding": "identity"})
    packed = client.get("/model/report/boat", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding, Accept-Language"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.text == plain.text
