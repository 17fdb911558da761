"""The report of an arrival as a page: it says what was decided and why, and nothing in it can run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from core.languages.service_sentences import translated
from core.reporting.decision_page import retraining_page
from core.storage.container import container
from tests.support.arrivals import SERIES, linear_table, put_file, retrain_on, serve_champion, shuffled_table
from tests.support.reports import Element, Page
from tests.support.storage import home

pytestmark = pytest.mark.usefixtures("bucket", "arrival_clock", "quick_races")

HOSTILE = '"><script>alert(1)</script>&amp; 城'


def page_of(job_id: str) -> Element:
    page = home().series.page(SERIES, job_id)
    assert page is not None
    return Page(page).root


def report_of(job_id: str) -> dict[str, Any]:
    report = home().series.report(SERIES, job_id)
    assert report is not None
    return report


def test_a_page_shows_decision_scores_and_drift(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    job = retrain_on(
        "1.csv", linear_table(1, 500).assign(x=lambda rows: rows["x"] + 0.8, y=lambda rows: rows["y"] + 2.4)
    )
    report, page = report_of(job.job_id), page_of(job.job_id)
    assert job.result["reason"][1:] in page.one("decision").text
    assert [bar.text for bar in page.one("scores").all("span", "name")] == ["champion", "challenger", "mean"]
    drifts = {column["name"]: column["level"] for column in report["drift"]["columns"]}
    assert drifts == {"y": "large", "x": "large", "colour": "none"}
    assert [card.all("h3")[0].text for card in page.one("drift").all("article", "card")] == ["y", "x", "colour"]
    assert report["links"]["challenger"] == f"/model/info?model_name={SERIES}&version=2"
    assert {link.attributes["href"] for link in page.one("decision").all("a")} == {
        report["links"]["data"],
        f"/model/report/{SERIES}?version=1",
        f"/model/report/{SERIES}?version=2",
    }
    json.dumps(report, allow_nan=False)


@pytest.mark.parametrize("what", ["refused", "unreadable", "waiting", "superseded", "first"])
def test_every_decision_has_a_page(what: str, tmp_path: Path) -> None:
    if what in ("refused", "unreadable"):
        serve_champion(tmp_path)
        job = retrain_on("1.csv", shuffled_table(1) if what == "refused" else b"\x00")
    elif what == "first":
        from core.storage.series_repository import SeriesSettings

        home().series.configure(SERIES, SeriesSettings(time_limit=1))
        job = retrain_on("1.csv", linear_table(1), **{"target-column": "y"})
    elif what == "waiting":
        job = retrain_on("1.csv", linear_table(1))
    else:
        from tests.support.arrivals import carry_out, submit_arrival

        key = put_file("1.csv", linear_table(1))
        job = submit_arrival(key)
        container().objects.delete([key])
        job = carry_out(job)
    report = report_of(job.job_id)
    reason = report["arrival"]["reason"]
    assert (translated(reason, "en") or reason)[1:] in page_of(job.job_id).one("decision").text


def test_hostile_names_are_text(tmp_path: Path) -> None:
    body = linear_table(0, 300).rename(columns={"x": HOSTILE, "colour": f"{HOSTILE} 2"}).replace("red", HOSTILE)
    serve_champion(tmp_path, body=body)
    job = retrain_on("1.csv", body.assign(**{HOSTILE: body[HOSTILE] + 1, "new<b>": 1}).replace("blue", "<i>"))
    html = home().series.page(SERIES, job.job_id)
    assert html is not None
    page = Page(html).root
    tags = {element.tag for element in page.all()}
    assert not tags & {"script", "img", "iframe", "form", "i", "object"}
    assert re.findall(r"(?i)https?:|\burl\(|@import|javascript:", html) == []
    assert HOSTILE in [card.all("h3")[0].text for card in page.one("drift").all("article", "card")]
    assert "new<b>" in page.one("schema").text
    hostile = report_of(job.job_id)
    hostile["arrival"] |= {"filename": HOSTILE, "reason": HOSTILE, "key": HOSTILE}
    assert "<script" not in retraining_page({**hostile, "notes": [HOSTILE], "series": HOSTILE})
