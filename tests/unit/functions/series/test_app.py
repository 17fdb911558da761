"""Series over HTTP: settings, upload forms, pages of the history, and errors."""

import json
from collections.abc import Iterator
from html import escape

import httpx
import pytest

from core.services.series import arrivals
from core.storage.artifacts import GRAPH, PICKLE
from core.storage.container import container
from core.storage.series_repository import Arrival
from core.types import Json
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, home, model_draft


@pytest.fixture
def client(handlers: httpx.Client) -> Iterator[httpx.Client]:
    yield handlers


def arrival(number: int, state: str = "accepted") -> Arrival:
    return Arrival(
        job_id=f"k{number:07}",
        file_id=f"0198c0ffee{number}",
        key=f"incoming/default/flats/{number}.csv",
        etag=f"e{number}",
        filename=f"{number}.csv",
        size_bytes=9,
        last_modified=f"2026-01-01T00:00:0{number}.000000+00:00",
        state=state,
        reason="so it was",
    )


def decide(about: Arrival) -> None:
    home().series.change("flats", lambda series: series.with_arrival(about))


def problem(answer: httpx.Response) -> tuple[int, str, list[str]]:
    body = answer.json()
    named = [error.get("field") for error in body.get("errors", [])]
    return answer.status_code, body["type"].rpartition(":")[2], named


def test_a_series_is_what_was_put(client: httpx.Client) -> None:
    wanted = {"target_column": "价格", "mode": "replace", "validation": {"kind": "time", "column": "day"}}
    put = client.put("/series/房 价", json=wanted).json()
    assert {name: put["settings"][name] for name in wanted} == wanted
    assert (put["settings"]["window"], put["champion"], put["newest"], put["announced"]) == (12, None, None, [])
    shown = client.get("/series/房 价").json()
    assert (shown["settings"], shown["jobs"]) == (put["settings"], [])
    assert [series["name"] for series in client.get("/series").json()["series"]] == ["房 价"]
    again = client.put("/series/房 价", json={}).json()
    assert again["settings"]["target_column"] is None  # what is left out has its default


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"window": 0}, "window"),
        ({"mode": "prepend"}, "mode"),
        ({"tolerance": "much"}, "tolerance"),
        ({"time_limit": 10_000}, "time_limit"),
        ({"validation": {"kind": "time"}}, "validation"),
        ({"targets": "price"}, "targets"),
        ({"training": "somewhere"}, "training"),
        # There is no AWS Batch.
        ({"training": "batch"}, "training"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(client: httpx.Client, wanted: Json, field: str) -> None:
    assert problem(client.put("/series/flats", json=wanted)) == (422, "invalid-input", [field])
    assert client.get("/series/flats").status_code == 404


def test_a_name_that_no_model_can_have_is_refused(client: httpx.Client) -> None:
    assert problem(client.put("/series/-flats", json={})) == (422, "invalid-input", ["name"])
    announcement = {"filename": "a.csv", "size_bytes": 9}
    assert problem(client.post("/series/-flats/uploads", json=announcement)) == (422, "invalid-input", ["name"])


def test_what_is_not_there_says_what_is(client: httpx.Client) -> None:
    for path in ("/series/none", "/series/none/history", "/series/none/reports/k1234567"):
        assert problem(client.get(path)) == (404, "no-such-series", [])
    client.put("/series/flats", json={})
    for format in ("json", "html"):
        answer = client.get("/series/flats/reports/k1234567", params={"format": format})
        assert problem(answer) == (404, "no-such-job", [])
    assert problem(client.get("/series/flats/history", params={"after": "k1234567"})) == (404, "no-such-job", [])


def test_the_history_comes_page_by_page_the_newest_decision_first(client: httpx.Client) -> None:
    for number in range(5):
        decide(arrival(number))
    seen, after = [], {}
    while True:
        page = client.get("/series/flats/history", params={"limit": 2, **after}).json()
        seen.append([entry["filename"] for entry in page["history"]])
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == [["4.csv", "3.csv"], ["2.csv", "1.csv"], ["0.csv"]]


def test_the_target_sets_free_what_waited_for_it(client: httpx.Client) -> None:
    decide(arrival(1, "waiting"))
    assert client.put("/series/flats", json={"window": 3}).json()["announced"] == []
    (job_id,) = client.put("/series/flats", json={"target_column": "price"}).json()["announced"]
    (job,) = client.get("/series/flats").json()["jobs"]
    assert (job["job_id"], job["key"], job["status"]) == (job_id, "incoming/default/flats/1.csv", "queued")
    assert client.put("/series/flats", json={"target_column": "price"}).json()["announced"] == [job_id]


def test_a_series_shows_the_job_of_its_first_file(client: httpx.Client) -> None:
    container().objects.put("incoming/default/flats/a.csv", b"a,b\n1,2\n")
    job = arrivals.submit_retraining(container(), "incoming/default/flats/a.csv")
    shown = client.get("/series/flats").json()
    assert (shown["arrivals"], [one["job_id"] for one in shown["jobs"]]) == (0, [job.job_id])


def test_a_form_has_a_place_of_its_own_and_takes_the_target_along(client: httpx.Client) -> None:
    body = {"filename": "a b+c%中文.csv", "size_bytes": 9, "target_column": "价格"}
    first, second = (client.post("/series/flats/uploads", json=body).json() for _ in range(2))
    assert first["key"] != second["key"]
    assert arrivals.parse_arrival_key(first["key"]).filename == "a b+c%中文.csv"
    assert first["fields"]["key"] == first["key"]
    assert first["fields"]["x-amz-meta-target-column"] == "%E4%BB%B7%E6%A0%BC"
    named = [client.post("/series/flats/uploads", json={**body, "sha256": "0" * 64}).json()["key"] for _ in range(2)]
    assert named == ["incoming/default/flats/00000000000000000000000000000000/a b+c%中文.csv"] * 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"filename": "a.txt"}, "filename"),
        ({"filename": "b/a.csv"}, "filename"),
        ({"filename": ".csv"}, "filename"),
        ({"filename": "中" * 100 + ".csv"}, "filename"),
        ({"size_bytes": 0}, "size_bytes"),
        ({"sha256": "0123"}, "sha256"),
        ({"target": "price"}, "target"),
    ],
)
def test_a_file_that_cannot_be_announced_names_the_field(client: httpx.Client, change: Json, field: str) -> None:
    body = {"filename": "a.csv", "size_bytes": 9, **change}
    assert problem(client.post("/series/flats/uploads", json=body)) == (422, "invalid-input", [field])


def test_a_file_over_the_limit_is_refused_before_it_is_sent(client: httpx.Client) -> None:
    answer = client.post("/series/flats/uploads", json={"filename": "a.csv", "size_bytes": 1 << 40})
    assert problem(answer) == (413, "too-large", [])


def test_a_report_comes_as_json_or_as_a_page_that_runs_nothing(client: httpx.Client) -> None:
    client.put("/series/flats", json={})
    reported = arrival(1)
    undecided = dict.fromkeys(("file", "before", "held", "schema", "drift", "plausibility", "learned", "scores"))
    report = {
        "series": "房", "created_at": reported.decided_at, "arrival": reported.model_dump(), **undecided,
        "notes": [], "links": {},
    }  # fmt: skip
    home().series.write_report("flats", "k1234567", report, "<p>房</p>")
    path = "/series/flats/reports/k1234567"
    assert client.get(path).json() == report
    assert json.loads(client.get(path, params={"format": "json"}, headers={"Accept": "text/html"}).text)
    page = client.get(path, headers={"Accept": "text/html,application/xhtml+xml"})
    assert (page.text, "default-src 'none'" in page.headers["content-security-policy"]) == ("<p>房</p>", True)
    chinese = client.get(path, params={"format": "html"}, headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert chinese.headers["content-language"] == "zh-CN"
    assert chinese.headers["vary"] == "Accept, Accept-Encoding, Accept-Language"
    assert "再训练报告" in chinese.text, "made of the stored report"


def test_the_links_of_a_page_of_an_earlier_version_lead_to_pages(client: httpx.Client) -> None:
    client.put("/series/flats", json={})
    files = {GRAPH: GRAPH_BYTES, PICKLE: PICKLE_BYTES}
    version = home().models.publish(model_draft(*files.values(), "flats"), files).version
    reported = arrival(1).model_copy(update={"version": version})
    undecided = dict.fromkeys(("file", "before", "held", "schema", "drift", "plausibility", "learned", "scores"))
    stored = f"/model/info?model_name=flats&version={version}"
    report = {
        "series": "flats", "created_at": reported.decided_at, "arrival": reported.model_dump(), **undecided,
        "notes": [], "links": {"data": "/data/report?file_id=x", "challenger": stored},
    }  # fmt: skip
    page = f'<a href="/data/report?file_id=x">the file</a><a href="{escape(stored)}">the challenger</a>'
    home().series.write_report("flats", "k1234567", report, page)
    path = "/series/flats/reports/k1234567"
    assert client.get(path, headers={"Accept": "text/html"}).text == (
        '<a href="/data/report?file_id=x">the file</a>'
        f'<a href="/model/report/flats?version={version}">the challenger</a>'
    )
    assert client.get(path).json()["links"] == report["links"]


def test_a_report_has_no_link_to_a_version_that_was_deleted_since(client: httpx.Client) -> None:
    client.put("/series/flats", json={})
    reported = arrival(1).model_copy(update={"version": 7})
    undecided = dict.fromkeys(("file", "before", "held", "schema", "drift", "plausibility", "learned", "scores"))
    gone = "/model/info?model_name=flats&version=7"
    report = {
        "series": "flats", "created_at": reported.decided_at, "arrival": reported.model_dump(), **undecided,
        "notes": [], "links": {"history": "/series/flats/history", "challenger": gone},
    }  # fmt: skip
    page = f'<a href="/series/flats/history">all</a><a href="{escape(gone)}">version 7</a>'
    home().series.write_report("flats", "k1234567", report, page)
    path = "/series/flats/reports/k1234567"
    assert client.get(path).json()["links"] == {"history": "/series/flats/history"}
    shown = client.get(path, headers={"Accept": "text/html"}).text
    assert shown == '<a href="/series/flats/history">all</a><a>version 7</a>'
