"""Looking at a table over HTTP: the profile before and after a target is chosen, and the outliers."""

import httpx
import pytest

from tests.support.tables import CSVS


@pytest.fixture(scope="module")
def client(client: httpx.Client) -> httpx.Client:
    """The handlers, with one table uploaded."""
    uploaded = client.post("/data/upload", files={"file": ("mpg.csv", CSVS["mpg"][0].read_bytes())})
    assert uploaded.status_code == 200, uploaded.text
    return client


def test_the_profile_has_everything_but_the_preview(client: httpx.Client) -> None:
    profile = client.get("/data/profile").json()
    assert list(profile) == [
        "file_id",
        "rows",
        "duplicate_rows",
        "columns",
        "correlations",
        "missingness",
        "findings",
        "target",
    ]
    assert profile["rows"] == 398
    assert profile["columns"]["horsepower"]["missing"] == 6
    info = client.get("/data/info").json()
    assert (info["statistics"], info["findings"]) == (profile["columns"], profile["findings"])
    assert {column: figures["distinct"] for column, figures in profile["columns"].items()}["origin"] == 3


def test_choosing_a_target_brings_what_relates_to_it(client: httpx.Client) -> None:
    assert client.get("/data/profile").json()["target"] is None
    client.post("/data/process", json={"target_column": "mpg"})
    target = client.get("/data/profile").json()["target"]
    assert target["target"] == "mpg"
    assert target["relations"]["weight"]["pearson"] == pytest.approx(-0.8317, abs=1e-4)
    assert [level["value"] for level in target["relations"]["origin"]["levels"]] == ["usa", "japan", "europe"]


def test_outliers_come_with_their_rows(client: httpx.Client) -> None:
    answer = client.get("/data/outliers", params={"method": "zscore", "threshold": 2.5}).json()
    assert (answer["method"], answer["threshold"]) == ("zscore", 2.5)
    found = answer["columns"]["acceleration"]
    lines = CSVS["mpg"][0].read_text().splitlines()
    assert found["count"] == len(found["rows"]) > 0
    assert [float(lines[row - 1].split(",")[5]) for row in found["rows"]] == found["values"]


@pytest.mark.parametrize(
    ("query", "field"),
    [({"threshold": "0"}, "threshold"), ({"threshold": "nan"}, "threshold"), ({"method": "mad"}, "method")],
)
def test_a_method_or_threshold_that_makes_no_sense_is_named(
    client: httpx.Client, query: dict[str, str], field: str
) -> None:
    answer = client.get("/data/outliers", params=query)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:regatta:problem:invalid-input"
    assert answer.json()["errors"][0]["field"] == field


def test_outliers_of_a_file_that_does_not_exist_are_a_404(client: httpx.Client) -> None:
    for path in ("/data/outliers", "/data/profile"):
        assert client.get(path, params={"file_id": "00000000000000000000"}).status_code == 404
