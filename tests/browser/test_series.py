"""A series, as a person follows it: set up, sent files, and what was decided about each."""

from typing import TYPE_CHECKING

import httpx

from tests.browser.conftest import Check
from tests.support.arrivals import linear_table, shuffled_table
from tests.support.stack import Stack
from tests.support.tables import noisy

if TYPE_CHECKING:
    from pandas import DataFrame
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


def test_a_held_file_is_released_and_a_refused_one_is_no_longer_on_the_way(
    page: "Page", stack: Stack, check: Check
) -> None:
    def csv(table: "DataFrame") -> bytes:
        return table.to_csv(index=False).encode()

    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        client.put("/series/monthly", json={"target_column": "y"}).raise_for_status()
        file_id = client.post("/data/upload", files={"file": ("first.csv", csv(linear_table(1, 300)))}).json()[
            "file_id"
        ]
        body = {"model_type": "ridge", "model_name": "monthly", "target_column": "y", "file_id": file_id}
        client.post("/model/train", json=body).raise_for_status()
    page.goto("/console/series/monthly")
    chooser = page.locator("input[type=file]")
    files = {"february.csv": (linear_table(2, scale=3), "Held"), "march.csv": (shuffled_table(3), "Refused")}
    for name, (table, state) in files.items():
        chooser.set_input_files({"name": name, "mimeType": "text/csv", "buffer": csv(table)})
        page.get_by_role("row").filter(has_text=name).get_by_text(state).wait_for()
        page.get_by_role("heading", name="On the way").wait_for(state="detached")
    check(page, "series-held")
    held = page.get_by_role("row").filter(has_text="february.csv")
    held.get_by_role("button", name="Learn from it").click()
    page.get_by_role("dialog").get_by_role("button", name="Learn from it").click()
    held.get_by_text("Learned from").wait_for()
    history = httpx.get(f"{stack.base_url}/series/monthly/history", timeout=300).json()["history"]
    assert [(each["filename"], each["learned"]) for each in history] == [("march.csv", False), ("february.csv", True)]
