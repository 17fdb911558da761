"""GET /data/report: the page of a stored dataset, from the light function."""

from pathlib import Path

import httpx
import pytest

from core.manifests import Recipe
from core.reporting.page import CONTENT_SECURITY_POLICY
from core.services.processing.ingest import ingest
from core.services.processing.process import process
from tests.support.reports import Page
from tests.support.storage import home
from tests.support.tables import CSVS


@pytest.fixture
def client(handlers: httpx.Client) -> httpx.Client:
    return handlers


def test_a_dataset_is_shown_as_a_page_with_its_target(client: httpx.Client) -> None:
    manifest = ingest(home(), "mpg.csv", CSVS["mpg"][0])
    process(home(), manifest.file_id, Recipe(target_column="mpg"))
    answer = client.get("/data/report", params={"file_id": manifest.file_id})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    page = Page(answer.content.decode()).root
    assert page.all("h1")[0].text == "mpg.csv"
    assert page.one("target").all("h2")[0].text == "Targetmpg"
    assert answer.content == client.get("/data/report").content


def test_a_page_has_the_name_of_its_file_in_any_script(client: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a,b\n1,2\n3,4\n")
    ingest(home(), '船"\n.csv', tmp_path / "x")
    answer = client.get("/data/report")
    assert answer.headers["content-disposition"] == (
        "inline; filename=\"report.html\"; filename*=UTF-8''%E8%88%B9%22%0A.html"
    )


def test_a_page_is_packed_for_who_takes_gzip_and_for_nobody_else(client: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a,b\n1,2\n3,4\n")
    ingest(home(), "x.csv", tmp_path / "x")
    plain, packed = (client.get("/data/report", headers={"Accept-Encoding": one}) for one in ("identity", "gzip"))
    assert (plain.headers.get("content-encoding"), packed.headers["content-encoding"]) == (None, "gzip")
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.text == plain.text


def test_what_is_not_there_has_no_page(client: httpx.Client) -> None:
    answer = client.get("/data/report", params={"file_id": "0198c0ffee0"})
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:regatta:problem:no-such-file")


@pytest.mark.parametrize(
    ("asked", "header", "written"),
    [(None, "", "en"), (None, "zh-CN,en;q=0.5", "zh-CN"), ("en", "zh-CN", "en"), ("zh-Hans", "en", "zh-CN")],
)
def test_a_page_is_in_the_language_that_is_asked_for_or_else_preferred(
    client: httpx.Client, tmp_path: Path, asked: str | None, header: str, written: str
) -> None:
    (tmp_path / "x").write_text("a,b\n1,2\n3,4\n")
    ingest(home(), "x.csv", tmp_path / "x")
    params = {} if asked is None else {"language": asked}
    answer = client.get("/data/report", params=params, headers={"Accept-Language": header})
    assert answer.headers["content-language"] == Page(answer.text).root.all("html")[0].attributes["lang"] == written
    assert answer.headers["vary"] == "Accept-Encoding, Accept-Language"
    assert ("概览" in answer.text) == (written == "zh-CN")


def test_a_language_without_pages_is_refused_by_name(client: httpx.Client) -> None:
    answer = client.get("/data/report", params={"language": "fr"})
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, ["language"])
