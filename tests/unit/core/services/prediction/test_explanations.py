"""Explained predictions on every road of the handlers: the contributions are the same and add up."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from core.array_types import Floats
from core.inference.contributions import explainer
from core.jobs.commands import TrainCommand
from core.services.processing.ingest import ingest
from core.services.training.train import train_model
from core.storage.s3.object_store import ObjectStore
from tests.support.kept_objects import KeptObjects
from tests.support.storage import home

FEATURES = ["=start", "crew", "port", "insured", "prediction"]
ROW = {"=start": "2021-03-04", "crew": 7, "port": "上海", "insured": "no", "prediction": None}
ROWS = [ROW, {**ROW, "crew": 700, "port": "never seen"}, {**ROW, "crew": None, "insured": "yes"}]


def voyages_csv() -> str:
    """Boats with a column of every kind, and names that an export has to tell apart."""
    lines = ["=start,crew,port,insured,prediction,fare"]
    for n in range(150):
        port, insured = ("Oslo", "上海", "Rio")[n % 3], ("yes", "no")[n % 2]
        date = f"20{20 + n % 3}-{1 + n % 12:02}-{1 + n % 28:02}"
        lines.append(f"{date},{n * 10},{port},{insured},{n % 5},{3 * n * (1 + n % 3) + n % 5 * 20 + 0.25}")
    return "\n".join(lines)


@pytest.fixture
def client(handlers: httpx.Client, bucket: ObjectStore, kept_objects: KeptObjects, tmp_path: Path) -> httpx.Client:
    """A service with the model `船价`."""

    def train() -> None:
        path = tmp_path / "航次.csv"
        path.write_text(voyages_csv())
        file_id = ingest(home(), path.name, path).file_id
        command = {"target_column": "fare", "file_id": file_id, "model_name": "船价"}
        train_model(home(), TrainCommand(model_type="gradient_boosting", params={"n_estimators": 30}, **command))

    kept_objects.fill(bucket, train)
    return handlers


def asked(client: httpx.Client, path: str, **more: Any) -> Any:
    answer = client.post(path, json={"model_name": "船价", "explain": True, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def matrix(explanation: dict[str, Any]) -> Floats:
    assert sorted(explanation["contributions"]) == sorted(FEATURES)
    return np.array([explanation["contributions"][name] for name in FEATURES]).T


def test_every_road_answers_the_same_contributions_that_add_up(client: httpx.Client) -> None:
    batch = asked(client, "/predict/batch", data=ROWS, interval=0.8)
    explanation = batch["explanation"]
    head = {name: value for name, value in explanation.items() if name != "contributions"}
    assert (head["method"], head["samples"], head["background_rows"]) == ("exact", None, 64)
    expected = matrix(explanation)
    np.testing.assert_allclose(expected.sum(axis=1) + head["base_value"], batch["predictions"], rtol=1e-9)
    assert batch["lower"] < batch["predictions"]
    for number, row in enumerate(ROWS):
        found = asked(client, "/predict", data=row)["explanation"]
        assert found == {**head, "contributions": dict(zip(FEATURES, expected[number].tolist(), strict=True))}
    listed = asked(client, "/predict/batch", columns=FEATURES, rows=[list(row.values()) for row in ROWS])
    assert listed["explanation"] == explanation
    text = "\n".join([",".join(FEATURES), *(",".join(map(str, [v or "" for v in row.values()])) for row in ROWS)])
    sent = client.post(
        "/predict/batch?model_name=船价&explain=true", content=text, headers={"Content-Type": "text/csv"}
    ).json()
    assert sent["explanation"] == explanation


def test_the_protocol_has_the_contributions_as_a_tensor(client: httpx.Client) -> None:
    expected = asked(client, "/predict/batch", data=ROWS)["explanation"]
    inputs = [
        {
            "name": name,
            "datatype": "BYTES",
            "shape": [3],
            "data": ["" if row[name] is None else str(row[name]) for row in ROWS],
        }
        for name in FEATURES
    ]
    body = {"inputs": inputs, "parameters": {"explain": True}, "outputs": [{"name": "contributions"}]}
    answer = client.post("/v2/models/船价/infer", json=body).json()
    (output,) = answer["outputs"]
    assert output["shape"] == [3, len(FEATURES)]
    found = np.array(output["data"]).reshape(output["shape"])
    columns = json.loads(answer["parameters"]["columns"])
    assert {name: found[:, at].tolist() for at, name in enumerate(columns)} == expected["contributions"]
    assert answer["parameters"]["base_value"] == expected["base_value"]
    assert answer["parameters"]["method"] == "exact"


def test_an_export_has_a_column_for_each_contribution(client: httpx.Client) -> None:
    expected = asked(client, "/predict/batch", data=ROWS)
    body = {"model_name": "船价", "data": ROWS, "explain": True, "raw": True, "interval": 0.8}
    text = client.post("/predict/export", json=body).content.decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    columns = list(expected["explanation"]["contributions"])
    added = ["prediction_2", "prediction_lower", "prediction_upper", "base_value"]
    assert header == [*FEATURES, *added, *(f"contribution_{name}" for name in columns)]
    found = np.array([row[-len(FEATURES) :] for row in rows], float)
    assert found.T.tolist() == list(expected["explanation"]["contributions"].values())
    as_json = client.post("/predict/export", json={**body, "format": "json"}).json()
    assert as_json[0]["contribution_crew"] == expected["explanation"]["contributions"]["crew"][0]
    assert client.post("/predict/export", json={**body, "format": "excel"}).status_code == 200


def test_a_stored_file_is_explained_within_the_request(client: httpx.Client) -> None:
    file_id = client.get("/data/files").json()["current"]
    answer = client.post(
        "/predict/batch",
        json={"model_name": "船价", "file_id": file_id, "explain": True},
        headers={"Prefer": "respond-async"},
    )
    found = answer.json()
    sums = matrix(found["explanation"]).sum(axis=1) + found["explanation"]["base_value"]
    np.testing.assert_allclose(sums, found["predictions"], rtol=1e-9)
    exported = client.post(
        "/predict/export", json={"model_name": "船价", "file_id": file_id, "explain": True, "format": "json"}
    ).json()
    assert exported[9]["contribution_port"] == found["explanation"]["contributions"]["port"][9]


def test_more_rows_than_one_request_explains_are_refused(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explainer, "MOST_NUMBERS", 2 * len(FEATURES))
    file_id = client.get("/data/files").json()["current"]
    for path, rows in (("/predict/batch", {"data": ROWS}), ("/predict/export", {"file_id": file_id})):
        answer = client.post(path, json={"model_name": "船价", "explain": True, **rows})
        problem = answer.json()
        assert (answer.status_code, problem["type"].rpartition(":")[2]) == (413, "too-large")
        assert "Send the rows in parts of 2, or ask without explain." in problem["detail"]
        assert problem["errors"][0]["field"] == "explain"


def test_effects_were_worked_out_at_training_and_metrics_stay_without_them(client: httpx.Client) -> None:
    found = client.get("/model/effects/船价").json()
    assert {effect["feature"] for effect in found["effects"]} == set(FEATURES)
    assert found["left_out"] == [] and found["rows"] == 64
    port = next(effect for effect in found["effects"] if effect["feature"] == "port")
    assert sorted(port["values"]) == ["Oslo", "Rio", "上海"]
    assert client.get("/model/effects/船价?version=1").json() == found
    assert client.get("/model/effects/nobody").status_code == 404
    metrics = client.get("/model/metrics/船价").json()
    assert "plots" in metrics and "effects" not in metrics


def test_a_model_of_an_earlier_version_says_that_it_has_to_be_trained_again(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explainer, "read_background", lambda metadata, names: None)
    answer = client.post("/predict", json={"model_name": "船价", "data": ROW, "explain": True})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (404, "no-evaluation")
    assert "Train it again with POST /model/train, or ask without explain." in answer.json()["detail"]
