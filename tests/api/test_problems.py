"""Bad input: each mistake a caller can make gets its own problem, with the right status and the way out."""

from typing import Any

import httpx
import pytest

from tests.support.workflow import gbk_csv

ROW = {"面积": 88.5, "城市": "上海", "房龄": 3}


@pytest.fixture(scope="module")
def client(client: httpx.Client) -> httpx.Client:
    """The handlers, with one table uploaded and one model trained on it."""
    client.post("/data/upload", files={"file": ("flats.csv", gbk_csv())})
    client.post("/data/process", json={"target_column": "价格"})
    trained = client.post("/model/train", json={"model_type": "ridge", "model_name": "known"})
    assert trained.status_code == 200
    return client


def problem(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem document, after the checks that hold for every one of them."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["type"] == f"urn:regatta:problem:{slug}"
    assert body["status"] == status
    assert body["instance"] == response.request.url.raw_path.decode().partition("?")[0]
    assert body["detail"].endswith(".")
    return body


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (b"a,b,c\n", "header"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image"),
        (b"Dear all,\nplease find attached\n", "columns"),
        (b"a,b\n1,2\n3\n4,5\n", "columns"),
        (b'a,b\n1,2\n"3,4\n', "quote"),
    ],
)
def test_what_is_no_csv_is_refused_and_leaves_nothing(client: httpx.Client, content: bytes, hint: str) -> None:
    before = client.get("/data/files").json()
    body = problem(client.post("/data/upload", files={"file": ("x.csv", content)}), 422, "not-a-csv")
    assert hint in body["detail"]
    assert client.get("/data/files").json() == before


def test_a_ragged_row_is_named(client: httpx.Client) -> None:
    body = problem(client.post("/data/upload", files={"file": ("x.csv", b"a,b\n1,2\n3\n4,5\n")}), 422, "not-a-csv")
    assert body["errors"] == [{"row": 3, "message": "1 columns instead of 2"}]


def test_an_upload_without_a_file_names_the_field(client: httpx.Client) -> None:
    for kwargs in ({}, {"json": {"file": "x"}}, {"files": {"document": ("x.csv", b"a,b\n1,2\n")}}):
        body = problem(client.post("/data/upload", **kwargs), 422, "invalid-input")
        assert body["errors"][0]["field"] == "file"


@pytest.mark.parametrize(
    ("payload", "status", "slug", "message"),
    [
        ({"model_type": "xgboost"}, 422, "unknown-model-type", "random_forest"),
        ({"model_type": "ridge", "target_column": "cost"}, 422, "unknown-column", "价格"),
        ({"model_type": "ridge", "target_column": "城市"}, 422, "bad-target", "面积"),
        ({"model_type": "ridge", "params": {"alhpa": 1}}, 422, "bad-parameter", "alpha"),
        ({"model_type": "ridge", "params": {"alpha": -1}}, 422, "bad-parameter", "alpha"),
        ({"model_type": "ridge", "test_size": 1.5}, 422, "invalid-input", "test_size"),
        ({"model_type": "ridge", "taget_column": "价格"}, 422, "invalid-input", "taget_column"),
        ({}, 422, "invalid-input", "model_type"),
        ({"model_type": "ridge", "file_id": "0123456789ab"}, 404, "no-such-file", "/data/files"),
        ({"model_type": "ridge", "file_id": "../../secret"}, 404, "no-such-file", "/data/files"),
        ({"model_type": "ridge", "model_name": "../up"}, 422, "invalid-input", "model_name"),
    ],
)
def test_a_training_that_cannot_be(
    client: httpx.Client, payload: dict[str, Any], status: int, slug: str, message: str
) -> None:
    before = client.get("/model/trained").json()
    body = problem(client.post("/model/train", json=payload), status, slug)
    assert message in body["detail"]
    assert client.get("/model/trained").json() == before


def test_too_few_rows_say_how_many_are_needed(client: httpx.Client) -> None:
    current = client.get("/data/files").json()["current"]
    uploaded = client.post("/data/upload", files={"file": ("x.csv", b"a,b\n1,2\n3,4\n")}).json()
    payload = {"model_type": "ridge", "target_column": "b", "file_id": uploaded["file_id"]}
    assert "at least 20" in problem(client.post("/model/train", json=payload), 422, "not-enough-rows")["detail"]
    client.delete(f"/data/files/{uploaded['file_id']}")
    client.post(f"/data/switch/{current}")


@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/predict/export"])
def test_a_model_that_is_not_there(client: httpx.Client, path: str) -> None:
    data: Any = ROW if path == "/predict" else [ROW]
    for name in ("unknown", "../known", "known/1", ""):
        body = problem(client.post(path, json={"data": data, "model_name": name}), 404, "no-such-model")
        assert "/model/trained" in body["detail"]
    problem(client.post(path, json={"data": data, "model_name": "known", "version": 99}), 404, "no-such-model")
    problem(client.post(path, json={"data": data}), 422, "invalid-input")


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"房龄": "old"}, "房龄", "'old'"),
        ({"房龄": [1]}, "房龄", "[1]"),
        ({"房龄": True}, "房龄", "True"),
        ({"房龄": "1e999"}, "房龄", "1e999"),
        ({"城市": {"name": "上海"}}, "城市", "text"),
    ],
)
def test_a_wrong_feature_is_named(client: httpx.Client, change: dict[str, Any], field: str, message: str) -> None:
    row = {**ROW, **change}
    body = problem(client.post("/predict", json={"data": row, "model_name": "known"}), 422, "invalid-records")
    assert body["errors"][0]["field"] == field
    assert message in body["errors"][0]["message"]
    batch = client.post("/predict/batch", json={"data": [ROW, row], "model_name": "known"})
    assert problem(batch, 422, "invalid-records")["errors"][0]["row"] == 1


def test_a_file_that_lacks_a_feature_names_it(client: httpx.Client) -> None:
    current = client.get("/data/files").json()["current"]
    uploaded = client.post("/data/upload", files={"file": ("x.csv", "面积,城市\n80,上海\n".encode())}).json()
    payload = {"file_id": uploaded["file_id"], "model_name": "known"}
    body = problem(client.post("/predict/batch", json=payload), 422, "unknown-column")
    assert body["errors"][0]["field"] == "房龄"
    client.delete(f"/data/files/{uploaded['file_id']}")
    client.post(f"/data/switch/{current}")


def test_model_data_that_was_changed_is_refused(client: httpx.Client) -> None:
    payload = {"model_type": "ridge", "model_name": "kept", "return_model": True}
    sealed = client.post("/model/train", json=payload).json()["model_data"]
    assert client.post("/predict", json={"data": ROW, "model_data": sealed}).status_code == 200
    middle = len(sealed) // 2
    for changed in (sealed[:-4], sealed[:middle] + "AAAA" + sealed[middle + 4 :], "", "no base64!", "AAAAAAAA"):
        problem(client.post("/predict", json={"data": ROW, "model_data": changed}), 400, "bad-signature")


@pytest.mark.parametrize(
    ("content", "status", "slug"),
    [
        (b"{nope", 400, "bad-request"),
        (b"", 400, "bad-request"),
        (b"[]", 422, "invalid-input"),
        (b"null", 422, "invalid-input"),
        (b'{"data": {"a": ' + b"[" * 5000 + b"]" * 5000 + b"}}", 422, "invalid-input"),
        (b'{"data": [], "model_name": "known"}', 422, "invalid-input"),
    ],
)
def test_a_body_that_makes_no_sense(client: httpx.Client, content: bytes, status: int, slug: str) -> None:
    headers = {"content-type": "application/json"}
    response = client.post("/predict/batch", content=content, headers=headers)
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"
    if len(content) < 1000:
        problem(response, status, slug)
    assert client.post("/predict", json={"data": ROW, "model_name": "known"}).status_code == 200


def test_a_missing_file_or_path_is_a_404(client: httpx.Client) -> None:
    problem(client.get("/data/info", params={"file_id": "0123456789ab"}), 404, "no-such-file")
    problem(client.post("/data/switch/0123456789ab"), 404, "no-such-file")
    problem(client.delete("/data/files/0123456789ab"), 404, "no-such-file")
    problem(client.get("/model/info", params={"model_name": "unknown"}), 404, "no-such-model")
    problem(client.get("/model/metrics/unknown"), 404, "no-such-model")


def test_a_workspace_without_files_says_how_to_get_one(client: httpx.Client) -> None:
    current = client.get("/data/files").json()["current"]
    uploaded = client.post("/data/upload", files={"file": ("x.csv", b"a,b\n1,2\n")}).json()
    client.delete(f"/data/files/{uploaded['file_id']}")
    assert "/data/upload" in problem(client.get("/data/info"), 404, "no-current-file")["detail"]
    client.post(f"/data/switch/{current}")


def test_a_body_that_is_not_sent_as_json_says_which_header_is_missing(client: httpx.Client) -> None:
    response = client.post("/predict", content=b'{"data": {}}', headers={"content-type": "text/plain"})
    assert "Content-Type: application/json" in problem(response, 400, "bad-request")["detail"]
