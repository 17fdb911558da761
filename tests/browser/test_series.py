"""A series, as a person follows it: set up, sent files, and what was decided about each."""

from typing import TYPE_CHECKING

import httpx

from tests.browser.conftest import Check
from tests.support.stack import Stack
from tests.support.tables import noisy

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_series_is_set_up_sent_a_file_and_followed(page: "Page", stack: Stack, check: Check) -> None:
    page.goto("/console/series")
    page.get_by_role("button", name="Set up a series").click()
    page.get_by_label("Name").fill("weekly")
    page.locator("dialog").get_by_label("Target").fill("y")
    check(page, "series-set-up")
    page.locator("dialog").get_by_role("button", name="Set up").click()
    page.get_by_role("heading", name="weekly").wait_for()
    page.get_by_text("No file has arrived").wait_for()
    httpx.put(f"{stack.base_url}/series/weekly", json={"target_column": "y", "time_limit": 2}).raise_for_status()
    body = noisy(120).encode()
    page.locator("input[type=file]").set_input_files({"name": "week-1.csv", "mimeType": "text/csv", "buffer": body})
    page.get_by_role("link", name="week-1.csv").wait_for()
    check(page, "series")
    page.get_by_role("link", name="week-1.csv").click()
    page.get_by_role("heading", name="Why").wait_for()
    check(page, "series-decision")
    page.get_by_role("button", name="Exclude it").click()
    page.locator("dialog").get_by_role("button", name="Exclude it").click()
    page.locator("dialog").wait_for(state="detached")
    page.locator(".view-head", has_not_text="Exclude it").wait_for()
    history = httpx.get(f"{stack.base_url}/series/weekly/history").json()["history"]
    assert [(each["filename"], each["learned"]) for each in history] == [("week-1.csv", False)]
