"""A series, as a person follows it: set up, sent files, and what was decided about each."""

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.conftest import Check
from tests.support.arrivals import linear_table, shuffled_table
from tests.support.stack import Stack
from tests.support.tables import noisy

if TYPE_CHECKING:
    from pandas import DataFrame
    from playwright.sync_api import Page


# Whether a challenger wins is up to its data.
LEARNED = re.compile("Learned from|Became champion")


def csv(table: "DataFrame") -> bytes:
    return table.to_csv(index=False).encode()


def begin_series(stack: Stack, name: str) -> None:
    """Set up a series, with a champion that was trained on a first file."""
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        client.put(f"/series/{name}", json={"target_column": "y", "time_limit": 2}).raise_for_status()
        sent = client.post("/data/upload", files={"file": ("first.csv", csv(linear_table(1, 300)))})
        order = {"model_type": "ridge", "model_name": name, "target_column": "y", "file_id": sent.json()["file_id"]}
        client.post("/model/train", json=order).raise_for_status()


def drop(page: "Page", name: str, table: "DataFrame", state: str | re.Pattern[str]) -> None:
    """Send a file to the series of the page, and wait until that is decided about it."""
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": csv(table)})
    page.get_by_role("row").filter(has_text=name).get_by_text(state).wait_for()
    page.get_by_role("heading", name="On the way").wait_for(state="detached")


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
    check(page, "series-exclude")
    page.locator("dialog").get_by_role("button", name="Exclude it").click()
    page.locator("dialog").wait_for(state="detached")
    page.locator(".view-head", has_not_text="Exclude it").wait_for()
    history = httpx.get(f"{stack.base_url}/series/weekly/history").json()["history"]
    assert [(each["filename"], each["learned"]) for each in history] == [("week-1.csv", False)]


def test_a_held_file_is_released_and_a_refused_one_is_no_longer_on_the_way(
    page: "Page", stack: Stack, check: Check
) -> None:
    begin_series(stack, "monthly")
    page.goto("/console/series/monthly")
    files = {"february.csv": (linear_table(2, scale=3), "Held"), "march.csv": (shuffled_table(3), "Refused")}
    for name, (table, state) in files.items():
        drop(page, name, table, state)
    check(page, "series-held")
    held = page.get_by_role("row").filter(has_text="february.csv")
    held.get_by_role("button", name="Learn from it").click()
    check(page, "series-learn")
    page.get_by_role("dialog").get_by_role("button", name="Learn from it").click()
    held.get_by_text("Learned from").wait_for()
    history = httpx.get(f"{stack.base_url}/series/monthly/history", timeout=300).json()["history"]
    assert [(each["filename"], each["learned"]) for each in history] == [("march.csv", False), ("february.csv", True)]


def test_champion_and_challenger_are_compared_from_file_to_file(page: "Page", stack: Stack, check: Check) -> None:
    begin_series(stack, "daily")
    page.goto("/console/series/daily")
    for number, name in enumerate(("monday.csv", "tuesday.csv"), start=4):
        drop(page, name, linear_table(number), LEARNED)
    page.get_by_role("heading", name="Champion against challenger").wait_for()
    check(page, "series-course")
    history = httpx.get(f"{stack.base_url}/series/daily/history", timeout=300).json()["history"]
    drawn = page.locator("svg .mark title").evaluate_all("all => all.map((one) => one.textContent)")
    figures = [float(each.rpartition(": ")[2]) for each in drawn]
    expected = [row[f"{who}_rmse"] for who in ("challenger", "champion") for row in reversed(history)]
    assert figures == pytest.approx(expected, rel=1e-3)
    names = page.locator("svg .line-label").evaluate_all("all => all.map((one) => Number(one.getAttribute('y')))")
    assert abs(names[0] - names[1]) > 12, "one name hides the other"
    page.get_by_role("link", name="tuesday.csv").click()
    page.get_by_role("heading", name="Drift").wait_for()
    assert page.get_by_role("rowheader", name="colour", exact=True).is_visible()
    check(page, "series-drift")
    page.go_back()
    # The list of all series leads here.
    page.get_by_role("link", name="Series").last.click()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="daily", exact=True))
    assert row.get_by_role("cell").nth(1).inner_text() == "2"
    check(page, "series-all")
    row.get_by_role("link").click()
    page.get_by_role("heading", name="daily").wait_for()
