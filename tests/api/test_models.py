"""Models over HTTP: listed page by page, looked at, downloaded, rolled back, renamed and deleted."""

import base64
import json
import pickle
from hashlib import sha256
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import numpy as np
import onnxruntime
import pandas as pd
import pytest
from redis import Redis

from core.paging import write_cursor
from core.settings import settings
from core.storage.artifacts import EVALUATION, GRAPH, PICKLE
from core.storage.container import container
from tests.api.test_problems import problem
from tests.support.stack import Stack
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, WORKSPACE, home, model_draft
from tests.support.workflow import gbk_csv

ROW = {"面积": 88.5, "城市": "上海", "房龄": 3}
PLOTS = {"plots": {"residuals": [1.5]}}


@pytest.fixture(scope="module")
def client(client: httpx.Client) -> httpx.Client:
    """The handlers, with two versions of a model trained on a table."""
    client.post("/data/upload", files={"file": ("flats.csv", gbk_csv())})
    for model_type in ("ridge", "lasso"):
        payload = {"model_type": model_type, "target_column": "价格", "model_name": "价格 模型"}
        client.post("/model/train", json=payload).raise_for_status()
    return client


def store(name: str, versions: int = 1, files: dict[str, bytes] | None = None) -> None:
    """Models that can do everything but predict."""
    for _ in range(versions):
        draft = model_draft(GRAPH_BYTES, PICKLE_BYTES, name)
        home().models.publish(draft, {GRAPH: GRAPH_BYTES, PICKLE: PICKLE_BYTES, **(files or {})})


def listed(client: httpx.Client, name: str) -> dict[int, bool]:
    """The versions of a name, and whether each serves."""
    answer = client.get("/model/trained", params={"model_name": name}).raise_for_status().json()
    assert answer["next"] is None
    return {model["version"]: model["serves"] for model in answer["models"]}


def test_a_list_comes_page_by_page(client: httpx.Client) -> None:
    store("paged", 11)
    seen, query = [], {"model_name": "paged", "limit": 5}
    while True:
        page = client.get("/model/trained", params=query).raise_for_status().json()
        assert len(page["models"]) <= 5
        seen += page["models"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert [model["version"] for model in seen] == list(range(1, 12))
    assert [model["version"] for model in seen if model["serves"]] == [11]
    assert set(seen[0]) == {
        "model_name",
        "version",
        "model_type",
        "target_column",
        "created_at",
        "metrics",
        "size_bytes",
        "serves",
    }


@pytest.mark.parametrize("path", ["/model/trained", "/data/files", "/series", "/jobs"])
@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"cursor": "x"},
        {"cursor": ""},
        {"cursor": "YQ=="},
        {"cursor": "é"},
        {"cursor": write_cursor("history", "1/paged")},
        {"cursor": write_cursor("models", "9" * 999 + "/paged")},
        {"cursor": write_cursor("files", "a" * 2000)},
        {"cursor": write_cursor("series", "a" * 2000)},
    ],
)
def test_a_page_that_cannot_be_names_what_is_wrong(client: httpx.Client, path: str, query: dict[str, Any]) -> None:
    body = problem(client.get(path, params=query), 422, "invalid-input")
    assert body["errors"][0]["field"] == next(iter(query))


def test_metrics_and_importance_tell_what_training_worked_out(client: httpx.Client) -> None:
    metrics = client.get("/model/metrics/价格 模型").raise_for_status().json()
    for figures in (metrics["metrics"], metrics["train_metrics"]):
        assert figures["r2"] > metrics["baseline"]["metrics"]["r2"]
    answer = client.get("/model/importance/价格 模型", params={"version": 1}).raise_for_status().json()
    assert (answer["model_name"], answer["version"]) == ("价格 模型", 1)
    importance = {each["feature"]: each["mean"] for each in answer["importance"]}
    assert max(importance, key=importance.__getitem__) == "面积"


def test_metrics_hold_the_numbers_behind_the_plots(client: httpx.Client) -> None:
    store("plotted", files={EVALUATION: json.dumps(PLOTS).encode()})
    metrics = client.get("/model/metrics/plotted").raise_for_status().json()
    assert metrics["plots"] == PLOTS["plots"]
    assert metrics["metrics"] == {"mse": 0.1, "r2": 1 / 3}


def test_a_version_without_importance_says_how_to_get_one(client: httpx.Client) -> None:
    store("unjudged")
    assert client.get("/model/metrics/unjudged").raise_for_status().json()["version"] == 1
    body = problem(client.get("/model/importance/unjudged"), 404, "no-evaluation")
    assert "POST /model/train" in body["detail"]
    problem(client.get("/model/importance/unknown"), 404, "no-such-model")


def test_the_graph_comes_as_it_predicts_here(client: httpx.Client) -> None:
    answer = client.get("/model/artifact/价格 模型").raise_for_status()
    session = onnxruntime.InferenceSession(answer.content)
    inputs = {
        "面积": np.array([[88.5]]),
        "城市": np.array([["上海"]], dtype=object),
        "房龄": np.array([[3.0]]),
    }
    shapes = {item.name: inputs[item.name].reshape([1] * len(item.shape)) for item in session.get_inputs()}
    (values,) = session.run(None, shapes)
    here = client.post("/predict", json={"model_name": "价格 模型", "data": ROW}).json()
    assert values.ravel()[0] == here["prediction"]
    assert unquote(answer.headers["content-disposition"]).endswith("UTF-8''价格 模型-v2.onnx")


def test_the_pickle_comes_as_scikit_learn_loads_it(client: httpx.Client) -> None:
    answer = client.get("/model/artifact/价格 模型", params={"format": "pickle", "version": 1}).raise_for_status()
    pipeline = pickle.loads(answer.content)
    here = client.post("/predict", json={"model_name": "价格 模型", "data": ROW, "version": 1}).json()
    assert pipeline.predict(pd.DataFrame([ROW]))[0] == pytest.approx(here["prediction"], rel=1e-12)
    assert "scikit-learn" in answer.headers["regatta-trained-with"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    digest = sha256(answer.content).digest()
    assert answer.headers["etag"] == f'"{digest.hex()}"'
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"


def test_a_file_that_one_has_is_not_sent_again(client: httpx.Client) -> None:
    store("known")
    tag = client.get("/model/artifact/known").headers["etag"]
    again = client.get("/model/artifact/known", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get("/model/artifact/known", headers={"If-None-Match": '"other"'}).content == GRAPH_BYTES


@pytest.mark.parametrize(("format", "file"), [("onnx", GRAPH), ("pickle", PICKLE)])
def test_a_large_file_is_offered_at_a_url_and_checked_before(
    client: httpx.Client, stack: Stack, monkeypatch: pytest.MonkeyPatch, format: str, file: str
) -> None:
    store(f"large-{format}")
    with monkeypatch.context() as patched:
        patched.setenv("REGATTA_MAX_RESPONSE_BYTES", "3")
        settings.cache_clear()
        answer = client.get(f"/model/artifact/large-{format}", params={"format": format})
        assert answer.status_code == 303
        fetched = httpx.get(answer.headers["location"])
        assert fetched.content == {GRAPH: GRAPH_BYTES, PICKLE: PICKLE_BYTES}[file]
        assert unquote(fetched.headers["content-disposition"]).endswith(f"large-{format}-v1.{file[6:]}")
        key = urlsplit(answer.headers["location"]).path.split("/", 2)[2]
        container().objects.put(key, b"changed")
        refused = client.get(f"/model/artifact/large-{format}", params={"format": format})
        assert "bytes" in problem(refused, 400, "bad-signature")["detail"]
        # The manifest says so too, but nobody signed that.
        said, changed = (sha256(body).hexdigest().encode() for body in (fetched.content, b"changed"))
        key = f"{WORKSPACE}/models/large-{format}/1/manifest.json"
        container().objects.put(key, container().objects.get(key).replace(said, changed))
        with Redis.from_url(stack.env["REGATTA_REDIS_URL"]) as redis:
            redis.flushall()
        refused = client.get(f"/model/artifact/large-{format}", params={"format": format})
        assert "not signed" in problem(refused, 400, "bad-signature")["detail"]
    settings.cache_clear()


@pytest.mark.parametrize(("format", "file"), [("onnx", GRAPH), ("pickle", PICKLE)])
def test_a_changed_file_is_not_handed_out(client: httpx.Client, format: str, file: str) -> None:
    store(f"changed-{format}")
    manifest = home().models.manifest(f"changed-{format}")
    container().objects.put(f"{WORKSPACE}/artifacts/{manifest.artifacts}/{file}", b"changed")
    problem(client.get(f"/model/artifact/changed-{format}", params={"format": format}), 400, "bad-signature")


def test_a_file_that_is_not_there(client: httpx.Client) -> None:
    problem(client.get("/model/artifact/unknown"), 404, "no-such-model")
    problem(client.get("/model/artifact/价格 模型", params={"version": 9}), 404, "no-such-model")
    problem(client.get("/model/artifact/价格 模型", params={"format": "joblib"}), 422, "invalid-input")


def test_a_rollback_says_what_served_before(client: httpx.Client) -> None:
    name = "价格 模型"
    newest = client.post("/predict", json={"model_name": name, "data": ROW}).json()
    answer = client.post(f"/model/champion/{name}", json={"version": 1}).raise_for_status().json()
    assert answer == {"model_name": name, "version": 1, "before": 2}
    older = client.post("/predict", json={"model_name": name, "data": ROW}).json()
    assert (newest["version"], older["version"]) == (2, 1)
    assert listed(client, name) == {1: True, 2: False}
    client.post(f"/model/champion/{name}", json={"version": 2}).raise_for_status()
    problem(client.post(f"/model/champion/{name}", json={"version": 3}), 404, "no-such-model")
    problem(client.post("/model/champion/unknown", json={"version": 1}), 404, "no-such-model")
    problem(client.post(f"/model/champion/{name}", json={"version": 0}), 422, "invalid-input")


def test_a_renamed_model_predicts_under_its_new_name_only(client: httpx.Client) -> None:
    payload = {"model_type": "ridge", "target_column": "价格", "model_name": "old name"}
    client.post("/model/train", json=payload).raise_for_status()
    before = client.post("/predict", json={"model_name": "old name", "data": ROW}).json()
    answer = client.post("/model/rename/old name", json={"new_name": "新名"}).raise_for_status().json()
    assert answer == {"model_name": "新名", "before": "old name", "versions": [1], "serves": 1}
    after = client.post("/predict", json={"model_name": "新名", "data": ROW}).json()
    assert after == {**before, "model_name": "新名"}
    problem(client.post("/predict", json={"model_name": "old name", "data": ROW}), 404, "no-such-model")
    problem(client.post("/model/rename/old name", json={"new_name": "other"}), 404, "no-such-model")
    store("in the way")
    problem(client.post("/model/rename/新名", json={"new_name": "in the way"}), 409, "name-taken")
    body = problem(client.post("/model/rename/新名", json={"new_name": "a/b"}), 422, "invalid-input")
    assert body["errors"][0]["field"] == "new_name"


def test_what_serves_is_deleted_only_with_the_whole_model(client: httpx.Client) -> None:
    store("doomed", 3)
    body = problem(client.delete("/model/trained/doomed", params={"version": 3}), 409, "model-serves")
    assert "POST /model/champion/doomed" in body["detail"]
    answer = client.delete("/model/trained/doomed", params={"version": 1}).raise_for_status().json()
    assert answer == {"model_name": "doomed", "deleted": [1]}
    assert listed(client, "doomed") == {2: False, 3: True}
    assert client.delete("/model/trained/doomed").raise_for_status().json()["deleted"] == [2, 3]
    assert listed(client, "doomed") == {}
    for path in ("/model/trained/doomed", "/model/trained/unknown"):
        problem(client.delete(path), 404, "no-such-model")
    problem(client.get("/model/metrics/doomed"), 404, "no-such-model")


def test_a_deleted_version_that_was_in_use_stops_at_once_here(client: httpx.Client) -> None:
    for _ in range(2):
        payload = {"model_type": "ridge", "target_column": "价格", "model_name": "in use"}
        client.post("/model/train", json=payload).raise_for_status()
    question = {"model_name": "in use", "version": 1, "data": ROW}
    client.post("/predict", json=question).raise_for_status()
    client.delete("/model/trained/in use", params={"version": 1}).raise_for_status()
    problem(client.post("/predict", json=question), 404, "no-such-model")


def test_a_damaged_manifest_fails_only_itself(client: httpx.Client) -> None:
    store("dented", 2)
    container().objects.put(f"{WORKSPACE}/models/dented/1/manifest.json", b"{")
    assert listed(client, "dented") == {2: True}
    query = {"model_name": "dented", "version": 1}
    assert "DELETE /model/trained" in problem(client.get("/model/info", params=query), 400, "bad-signature")["detail"]
    client.delete("/model/trained/dented", params={"version": 1}).raise_for_status()
    problem(client.get("/model/info", params=query), 404, "no-such-model")
