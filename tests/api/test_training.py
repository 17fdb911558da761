"""Training and comparing over HTTP: what can be asked for, what comes back, and what is refused and how."""

from typing import Any

import httpx
import pytest

from core.automl import portfolio_search
from core.services.training import compare
from tests.api.test_problems import problem
from tests.support.simulated_time import simulate_races
from tests.support.tables import CSVS
from tests.support.training import fast_presets

MPG = CSVS["mpg"][0].read_bytes()


@pytest.fixture(scope="module")
def client(client: httpx.Client) -> httpx.Client:
    client.post("/data/upload", files={"file": ("mpg.csv", MPG)})
    return client


def upload(client: httpx.Client, text: str) -> str:
    """A dataset that is made for one test; the current file stays what it was."""
    current = client.get("/data/files").json()["current"]
    file_id: str = client.post("/data/upload", files={"file": ("made.csv", text.encode())}).json()["file_id"]
    client.post(f"/data/switch/{current}")
    return file_id


def train(client: httpx.Client, **payload: Any) -> httpx.Response:
    return client.post("/model/train", json={"model_type": "ridge", "target_column": "mpg", **payload})


def test_a_training_says_all_that_is_known_of_the_model(client: httpx.Client) -> None:
    answer = train(client, model_name="all").raise_for_status().json()
    assert answer["metrics"].keys() == {"mse", "rmse", "mae", "median_ae", "mape", "r2"}
    assert answer["train_metrics"].keys() == answer["metrics"].keys()
    assert answer["baseline"]["metrics"]["r2"] < 0.05 < answer["cross_validation"]["mean"]
    assert len(answer["cross_validation"]["scores"]) == 5
    assert answer["importance"][0]["feature"] in ("weight", "model_year", "displacement")
    assert answer["latency_us"] > 0
    assert any("'name' has 305 different texts" in warning for warning in answer["warnings"])
    metrics = client.get("/model/metrics/all").json()
    assert sum(metrics["plots"]["residuals"]["counts"]) == 80
    assert metrics["baseline"] == answer["baseline"]
    assert client.get("/model/importance/all").json()["importance"] == answer["importance"]


def test_a_training_by_time_or_by_group_says_so_wherever_it_is_shown(client: httpx.Client) -> None:
    by_year = {"validation": "time", "time_column": "model_year"}
    answer = train(client, model_name="years", **by_year).raise_for_status().json()
    assert answer["validation"] == {"kind": "time", "column": "model_year"}
    assert client.get("/model/metrics/years").json()["validation"] == answer["validation"]
    query = {"target_column": "mpg", "validation": "group", "group_column": "origin"}
    race = client.post("/model/compare", params=query).raise_for_status().json()
    assert race["validation"] == {"kind": "group", "column": "origin"}
    assert {len(row["cross_validation"]["scores"]) for row in race["results"]} == {2}
    assert any("'origin' says which group" in warning for warning in race["warnings"])


def test_a_tuned_training_keeps_its_trials(client: httpx.Client) -> None:
    payload = {"tune_hyperparameters": True, "tuning_seconds": 2, "target_transform": "auto", "model_name": "tuned"}
    answer = train(client, model_type="knn", **payload).raise_for_status().json()
    info = client.get("/model/info", params={"model_name": "tuned"}).json()
    assert {trial["target_transform"] for trial in info["trials"]} == {"none", "log", "yeo_johnson", "trend"}
    assert info["parameters"] == answer["parameters"]
    assert answer["cross_validation"]["mean"] == max(trial["mean"] for trial in info["trials"])


def test_a_race_with_everything_serves_what_it_names(client: httpx.Client) -> None:
    query = {"target_column": "mpg", "include": "extra_trees", "ensemble": True}
    answer = client.post("/model/compare", params=query).raise_for_status().json()
    assert {row["model_type"] for row in answer["results"]} >= {"ridge", "extra_trees", "baseline"}
    row = client.get("/data/preview", params={"rows": 1}).json()
    record = dict(zip(row["columns"], row["rows"][0], strict=True))
    predicted = client.post("/predict", json={"data": record, "model_name": answer["best"]["model_name"]}).json()
    assert predicted["prediction"] == pytest.approx(record["mpg"], abs=6)


def test_available_regressors_show_what_they_cost(client: httpx.Client) -> None:
    models = {model["model_type"]: model for model in client.get("/model/available").json()["models"]}
    assert [name for name, model in models.items() if model["extra"]] == [
        "extra_trees",
        "hist_gradient_boosting",
        "lightgbm",
    ]
    assert models["svr"]["cost"] == {"grows_with": "n² × columns", "most_rows": 20_000}
    assert all(model["grid"] for model in models.values())


@pytest.mark.parametrize(
    ("payload", "slug", "field"),
    [
        ({"model_type": "boat"}, "unknown-model-type", "model_type"),
        ({"target_column": "price"}, "unknown-column", "target_column"),
        ({"target_column": "origin"}, "bad-target", "target_column"),
        ({"test_size": 0}, "invalid-input", "test_size"),
        ({"test_size": 1.5}, "invalid-input", "test_size"),
        ({"test_size": 0.999}, "not-enough-rows", "test_size"),
        ({"params": {"sails": 3}}, "bad-parameter", "params.sails"),
        ({"params": {"alpha": -1}}, "bad-parameter", "params.alpha"),
        ({"target_transform": "square"}, "invalid-input", "target_transform"),
        ({"tuning_seconds": 0}, "invalid-input", "tuning_seconds"),
        ({"model_name": "../up"}, "invalid-input", "model_name"),
        ({"validation": "year"}, "invalid-input", "validation"),
        ({"validation": "time"}, "invalid-input", "time_column"),
        ({"validation": "time", "time_column": "name"}, "invalid-input", "time_column"),
        ({"validation": "group", "time_column": "model_year"}, "invalid-input", "time_column"),
        ({"validation": "group", "group_column": "price"}, "unknown-column", "group_column"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_its_field(
    client: httpx.Client, payload: dict[str, Any], slug: str, field: str
) -> None:
    refused = problem(train(client, **payload), 422, slug)
    assert field in [error["field"] for error in refused["errors"]]


@pytest.mark.parametrize(
    ("text", "slug", "message"),
    [
        ("x,y\n" + "1,2\n" * 12, "bad-target", "same value"),
        ("x,y\n" + "".join(f"{i % 5}.5,{i}\n" for i in range(12)), "not-enough-rows", "12 usable rows"),
        ("x,y\n" + "".join(f",{i}\n" for i in range(40)), "not-enough-rows", "No feature has any value"),
        ("x,y\n" + "".join(f"{i % 7}.5,{'inf' if i % 9 else 1}\n" for i in range(60)), "bad-target", "y"),
        ("note,y\n" + "".join(f"text {i} of its own,{i % 7}\n" for i in range(60)), "not-enough-rows", "note"),
    ],
)
def test_tables_that_teach_nothing_are_refused_with_the_reason(
    client: httpx.Client, text: str, slug: str, message: str
) -> None:
    file_id = upload(client, text)
    assert message in problem(train(client, file_id=file_id, target_column="y"), 422, slug)["detail"]


def test_a_logarithm_of_negative_numbers_is_refused_with_the_way_out(client: httpx.Client) -> None:
    file_id = upload(client, "x,y\n" + "".join(f"{i % 7}.5,{i - 20}\n" for i in range(60)))
    refused = problem(train(client, file_id=file_id, target_column="y", target_transform="log"), 422, "bad-target")
    assert refused["errors"][0]["field"] == "target_transform"
    assert "yeo_johnson" in refused["detail"]


@pytest.mark.parametrize(
    ("query", "slug", "field"),
    [
        ({"include": "ridge,boat"}, "unknown-model-type", "include"),
        ({"time_limit": -1}, "invalid-input", "time_limit"),
        ({"test_size": 2}, "invalid-input", "test_size"),
        ({"target_column": "price"}, "unknown-column", "target_column"),
        ({"group_column": "origin"}, "invalid-input", "group_column"),
        ({"validation": "time", "time_column": "mpg"}, "invalid-input", "time_column"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_field(
    client: httpx.Client, query: dict[str, Any], slug: str, field: str
) -> None:
    refused = problem(client.post("/model/compare", params={"target_column": "mpg", **query}), 422, slug)
    assert [error["field"] for error in refused["errors"]] == [field]


@pytest.fixture
def quick_races(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portfolio_search, "select_presets", fast_presets)
    simulate_races(monkeypatch, compare)


def race(client: httpx.Client, **query: Any) -> httpx.Response:
    return client.post("/model/compare", params={"target_column": "mpg", "ensemble": True, "time_limit": 2, **query})


@pytest.mark.usefixtures("quick_races")
def test_a_race_of_the_portfolio_stores_its_winner_alone(client: httpx.Client) -> None:
    answer = race(client).raise_for_status().json()
    named = [row["model_name"] for row in answer["results"] if row["model_name"]]
    assert named == [answer["best"]["model_name"]]
    assert answer["best"]["latency_us"] > 0
    assert any("configurations of the portfolio ran" in warning for warning in answer["warnings"])


def test_options_that_do_not_go_together_are_named(client: httpx.Client) -> None:
    refused = race(client, include="extra_trees", tune_hyperparameters=True)
    assert [error["field"] for error in problem(refused, 422, "invalid-input")["errors"]] == [
        "include",
        "tune_hyperparameters",
    ]
    refused = client.post("/model/compare", params={"target_column": "mpg", "max_latency_us": 50})
    assert problem(refused, 422, "invalid-input")["errors"][0]["field"] == "max_latency_us"


@pytest.mark.usefixtures("quick_races")
def test_of_bounds_that_nothing_meets_the_nearest_is_named(client: httpx.Client) -> None:
    assert "The nearest is" in problem(race(client, max_bytes=10), 422, "invalid-input")["detail"]


@pytest.mark.parametrize(("yes", "no"), [("yes", "no"), ("Y", "N"), ("是", "否"), ("TRUE", "False")])
def test_a_model_keeps_the_words_for_true_and_false(client: httpx.Client, yes: str, no: str) -> None:
    rows = "".join(f"{size},{yes if size % 3 else no},{2 * size + size % 3}\n" for size in range(60))
    file_id = upload(client, "size,lift,mpg\n" + rows)
    name = train(client, file_id=file_id, model_name=f"lift-{len(yes)}").json()["model_name"]
    lift = client.get(f"/model/schema/{name}").json()["features"][-1]
    assert (lift["type"], lift["words"]) == ("boolean", [yes.lower(), no.lower()])
