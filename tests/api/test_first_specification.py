"""The calls of the first specification, word for word: a model type is a model's name where no model has that name."""

from typing import Any

import httpx
import pytest

from tests.api.test_problems import problem

HEAD = "size,rooms,price\n"
NINE = (
    "linear_regression",
    "ridge",
    "lasso",
    "elastic_net",
    "decision_tree",
    "random_forest",
    "gradient_boosting",
    "svr",
    "knn",
)
ROW = {"size": 35.0, "rooms": 2}


def houses(per_metre: int, rows: int = 60) -> bytes:
    """A table whose price is almost a line of its size."""
    lines = (f"{size},{size // 20 + 1},{per_metre * size + size % 7}\n" for size in range(20, 20 + rows))
    return (HEAD + "".join(lines)).encode()


def upload(client: httpx.Client, content: bytes) -> str:
    file_id: str = client.post("/data/upload", files={"file": ("houses.csv", content)}).json()["file_id"]
    return file_id


def train(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (
        client.post("/model/train", json={"target_column": "price", **fields}).raise_for_status().json()
    )
    return answer


def test_the_examples_run_as_they_stand(client: httpx.Client) -> None:
    upload(client, houses(1000))
    trained = train(client, model_type="linear_regression", test_size=0.2)
    name = trained["model_name"]
    assert name != "linear_regression"
    one = client.post("/predict", json={"data": ROW, "model_name": "linear_regression"}).json()
    assert (one["model_name"], one["version"]) == (name, trained["version"])
    assert one["prediction"] == pytest.approx(35_000, rel=0.01)
    many = client.post("/predict/batch", json={"data": [ROW, ROW], "model_name": "linear_regression"}).json()
    assert many["predictions"] == [one["prediction"]] * 2
    csv = client.post("/predict/batch", params={"model_name": "linear_regression"}, content="size,rooms\n35,2\n",
                      headers={"Content-Type": "text/csv"})  # fmt: skip
    assert csv.json()["predictions"] == [one["prediction"]]
    export = {"data": [ROW], "model_name": "linear_regression", "format": "csv"}
    assert b"prediction" in client.post("/predict/export", json=export).raise_for_status().content
    assert client.get("/model/metrics/linear_regression").json()["model_name"] == name
    assert client.get("/model/importance/linear_regression").json()["model_name"] == name
    assert client.get("/model/schema/linear_regression").json()["model_name"] == name
    assert client.get("/model/artifact/linear_regression").status_code == 200
    assert client.get("/v2/models/linear_regression").json()["name"] == name
    assert client.get("/v2/models/linear_regression/ready").json() == {"name": name, "ready": True}
    assert client.get("/model/info").json()["model_name"] == name


def test_a_model_type_means_the_newest_model_of_the_current_file_then_of_any(client: httpx.Client) -> None:
    first = upload(client, houses(1000, 61))
    of_first = train(client, model_type="ridge", model_name="first-of-two")
    upload(client, houses(3000, 62))
    assert client.get("/model/metrics/ridge").json()["model_name"] == "first-of-two"  # none of the current file
    train(client, model_type="ridge", model_name="second-of-two")
    assert client.get("/model/metrics/ridge").json()["model_name"] == "second-of-two"
    (listed,) = client.get("/model/trained", params={"model_name": "ridge"}).json()["models"]
    assert listed["model_name"] == "second-of-two"
    client.post(f"/data/switch/{first}")
    again = train(client, model_type="ridge", model_name="first-of-two")
    assert again["version"] == of_first["version"] + 1
    found = client.post("/predict", json={"data": ROW, "model_name": "ridge"}).json()
    assert (found["model_name"], found["version"]) == ("first-of-two", again["version"])
    # A version is one of that model's.
    older = client.post("/predict", json={"data": ROW, "model_name": "ridge", "version": of_first["version"]}).json()
    assert (older["model_name"], older["version"]) == ("first-of-two", of_first["version"])


def test_a_model_of_that_name_comes_before_the_model_type(client: httpx.Client) -> None:
    upload(client, houses(2000, 63))
    train(client, model_type="lasso", model_name="newest-lasso")
    train(client, model_type="ridge", model_name="lasso")
    assert client.get("/model/info", params={"model_name": "lasso"}).json()["model_type"] == "ridge"
    gone = problem(client.get("/model/info", params={"model_name": "lasso", "version": 7}), 404, "no-such-model")
    assert "'lasso'" in gone["detail"]
    client.delete("/model/trained/lasso").raise_for_status()
    assert client.get("/model/info", params={"model_name": "lasso"}).json()["model_name"] == "newest-lasso"


def test_after_a_comparison_each_of_the_nine_answers_to_its_type(client: httpx.Client) -> None:
    upload(client, houses(1500, 64))
    compared = (
        client.post("/model/compare", json={"test_size": 0.2, "target_column": "price"}).raise_for_status().json()
    )
    assert client.get("/model/info").raise_for_status().json()["model_name"] == compared["best"]["model_name"]
    names = {row["model_type"]: row["model_name"] for row in compared["results"] if row["model_type"] in NINE}
    assert names.keys() == set(NINE)
    for model_type in NINE:
        answer = client.post("/predict", json={"data": ROW, "model_name": model_type}).raise_for_status().json()
        assert answer["model_name"] == names[model_type]


def test_a_name_that_is_neither_a_model_nor_a_type_is_refused(client: httpx.Client) -> None:
    assert (
        "'boat'"
        in problem(client.post("/predict", json={"data": ROW, "model_name": "boat"}), 404, "no-such-model")["detail"]
    )
    missing = problem(client.get("/model/metrics/poisson"), 404, "no-such-model")
    assert "poisson" in missing["detail"]


def test_a_comparison_takes_its_fields_in_the_query_or_in_the_body_and_each_once(client: httpx.Client) -> None:
    upload(client, houses(1200, 65))
    quick = {"target_column": "price", "tune_hyperparameters": False}
    both = client.post("/model/compare", params={"test_size": 0.3}, json=quick).raise_for_status().json()
    assert all(row["metrics"] for row in both["results"])
    twice = problem(
        client.post("/model/compare", params={"test_size": 0.3}, json={"test_size": 0.2}), 422, "invalid-input"
    )
    assert twice["errors"] == [{"field": "test_size", "message": "is in the body and in the query"}]
    typo = problem(client.post("/model/compare", json={"target": "price"}), 422, "invalid-input")
    assert typo["errors"][0]["field"] == "target"
    assert problem(client.post("/model/compare", json={"include": 7}), 422, "invalid-input")["errors"][0][
        "field"
    ].startswith("include")
    assert problem(client.post("/model/compare", json=[1]), 422, "invalid-input")


@pytest.mark.parametrize(
    ("method", "path", "typo", "meant"),
    [
        ("GET", "/data/info?fileid=a", "fileid", "file_id"),
        ("POST", "/model/compare?testsize=0.2", "testsize", "test_size"),
        ("POST", "/model/train?model_type=ridge", "model_type", None),
        ("GET", "/model/trained?limits=3", "limits", "limit"),
        ("GET", "/series?x=1", "x", None),
        ("GET", "/jobs?Limit=1", "Limit", "limit"),
        ("GET", "/?a", "a", None),
        ("POST", "/data/upload?encodng=gbk", "encodng", None),
        ("POST", "/predict/batch?modelname=a", "modelname", "model_name"),
        ("GET", "/v2/models/a?x=1", "x", None),
    ],
)
def test_an_unknown_query_parameter_is_named_with_the_one_that_was_meant(
    client: httpx.Client, method: str, path: str, typo: str, meant: str | None
) -> None:
    refused = problem(client.request(method, path), 422, "invalid-input")
    assert refused["errors"][0]["field"] == typo
    assert (f"did you mean '{meant}'" in refused["errors"][0]["message"]) == (meant is not None)


def test_a_json_body_takes_no_fields_in_the_query(client: httpx.Client) -> None:
    refused = problem(client.post("/predict/batch?model_name=a", json={"data": [ROW]}), 422, "invalid-input")
    assert refused["errors"] == [{"field": "model_name", "message": "goes with a CSV only"}]
