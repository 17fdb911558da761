"""The view of the data, as a person uses it: from a file that is dropped to what was understood of it."""

import csv
import re
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.conftest import Check, problem
from tests.support.stack import Stack
from tests.support.workflow import gbk_csv

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Route

HOSTILE = "<img src=x onerror=alert(1)>"
KEY = "rgt_a_key_that_is_taken"


def upload(page: "Page", name: str, body: bytes) -> None:
    """Choose a file as a person does, and wait until it is read."""
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": body})


def test_somebody_without_a_file_begins_with_an_example(page: "Page", check: Check) -> None:
    page.route(
        "**/data/files?*limit=1000*", lambda route: route.fulfill(json={"files": [], "current": None, "next": None})
    )
    page.goto("/")
    page.get_by_role("heading", name="Begin with a table").wait_for()
    assert page.url.endswith("/console")
    check(page, "data-empty")
    page.get_by_role("button", name="Use this table").first.click()
    page.get_by_role("heading", name="mpg.csv").wait_for()
    assert re.search(r"/console/data/\w+$", page.url)
    page.get_by_text("Has no value in 6 rows").wait_for()
    check(page, "data-overview")
    for tab in ("Columns", "Correlations", "Missing values", "Outliers"):
        page.get_by_role("tab", name=tab).click()
        page.locator("[role=tabpanel] .card, [role=tabpanel] table").first.wait_for()
        check(page, f"data-{tab.split()[0].lower()}")
    # Each of them has an address of its own.
    page.reload()
    page.get_by_role("tab", name="Outliers", selected=True).wait_for()


def test_a_chinese_file_is_read_otherwise_and_back(page: "Page", check: Check) -> None:
    page.goto("/console/data")
    upload(page, "房价.csv", gbk_csv())
    page.get_by_role("heading", name="房价.csv").wait_for()
    page.get_by_role("heading", name="How it was read").wait_for()
    assert page.locator(".facts dd").first.inner_text() == "gbk"
    page.get_by_role("button", name="Read otherwise").click()
    check(page, "data-reading")
    page.get_by_label("Encoding").select_option("big5")
    page.get_by_role("button", name="Read anew").click()
    page.locator("dialog .notice, dialog h3").first.wait_for()
    page.keyboard.press("Escape")


def test_names_and_cells_are_texts_and_a_saved_table_runs_nothing(page: "Page", tmp_path: "Path") -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a cell was run: {dialog.message}"))
    rows = "".join(f'{n},"{HOSTILE}",{n * 2}\n' for n in range(40))
    page.goto("/console/data")
    upload(page, f"{HOSTILE}.csv", f'=1+1,"<b>{HOSTILE}</b>",n\n{rows}'.encode())
    page.get_by_role("heading", name=HOSTILE).wait_for()
    page.get_by_role("columnheader", name=f"<b>{HOSTILE}</b>").wait_for()
    assert page.locator("img").count() == 0
    page.get_by_role("tab", name="Correlations").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    saved = tmp_path / "saved.csv"
    download.value.save_as(saved)
    _, first, *_ = csv.reader(saved.read_text("utf-8-sig").splitlines())
    assert first == ["'=1+1", "n", "1"]
    with page.expect_download() as picture:
        page.locator(".menu button").first.click()
        page.get_by_role("button", name="SVG").click()
    picture.value.save_as(saved)
    assert saved.read_text("utf-8").startswith("<svg")


def test_a_refused_file_is_shown_where_it_is_wrong(page: "Page", check: Check) -> None:
    page.goto("/console/data")
    upload(page, "broken.csv", b'a,b\n1,2\n3,"4\n5,6\n' + b"7,8\n" * 20)
    page.get_by_text("“broken.csv” cannot be used").wait_for()
    check(page, "data-refused")


def test_a_file_is_switched_downloaded_and_deleted_by_keyboard(page: "Page", stack: Stack, tmp_path: "Path") -> None:
    for name in ("first.csv", "second.csv"):
        httpx.post(f"{stack.base_url}/data/upload", files={"file": (name, b"a,b\n" + b"1,2\n3,4\n" * 20)}, timeout=300)
    page.goto("/console/data")
    row = page.get_by_role("row").filter(has_text="first.csv").first
    row.get_by_role("button", name="Use this file").press("Enter")
    row.get_by_text("In use").wait_for()
    row.get_by_role("link", name="first.csv").press("Enter")
    page.get_by_role("heading", name="first.csv").wait_for()
    with page.expect_download() as report:
        page.get_by_role("button", name="Report").press("Enter")
    assert report.value.suggested_filename == "first.html"
    page.get_by_role("button", name="Delete “first.csv”").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Delete", exact=True).press("Enter")
    page.get_by_text("“first.csv” is deleted.").wait_for()
    assert page.url.endswith("/console/data")


def test_a_service_that_goes_away_is_waited_for(page: "Page") -> None:
    page.goto("/console/data")
    page.get_by_role("heading", name="Data", exact=True).wait_for()
    is_away = True
    page.route(re.compile(r"/(data|healthz)"), lambda route: route.abort() if is_away else route.continue_())
    page.locator("tbody a").first.click()
    page.get_by_role("alert").get_by_text("The service does not answer").wait_for()
    is_away = False
    page.get_by_text("The service is back.").wait_for()
    page.get_by_role("tab", name="Overview").wait_for()
    assert page.get_by_text("The service does not answer").count() == 0


def test_whoever_has_no_key_is_asked_for_one(page: "Page", check: Check) -> None:
    def guard(route: "Route") -> None:
        taken = route.request.headers.get("authorization") == f"Bearer {KEY}"
        route.continue_() if taken else route.fulfill(**problem(401, "unauthorized", "The request has no key."))

    page.route(re.compile("/data/files"), guard)
    page.goto("/console/data")
    page.get_by_role("dialog").get_by_text("Enter an API key").wait_for()
    check(page, "sign-in")
    page.get_by_label("API key").fill("another")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_text("This key was refused").wait_for()
    page.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    page.get_by_role("table").wait_for()
    # It is kept until the window is closed, and nothing but preferences beyond that.
    page.reload()
    page.get_by_role("table").wait_for()
    assert page.evaluate("Object.keys(localStorage).filter((name) => !/^regatta\\.(theme|language)$/.test(name))") == []
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("dialog").get_by_text("Enter an API key").wait_for()


def test_a_view_that_does_not_exist_says_so(page: "Page") -> None:
    page.goto("/console/nowhere")
    page.get_by_role("heading", name="Page not found").wait_for()
    page.get_by_role("button", name="Go to the data").click()
    page.get_by_role("heading", name="Data", exact=True).wait_for()
