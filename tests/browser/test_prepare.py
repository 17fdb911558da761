"""The preparation of a table, as a person does it: target, missing values, what no model gets to see."""

from typing import TYPE_CHECKING

import httpx

from tests.browser.conftest import Check
from tests.support.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

TABLE = "id,age,city,price\n" + "".join(
    f"{i},{'' if i % 5 == 0 else 20 + i},{('Oslo', '上海')[i % 2]},{100 + 3 * i}\n" for i in range(40)
)


def test_a_table_is_prepared_and_shown_before_and_after(
    page: "Page", stack: Stack, tmp_path: "Path", check: Check
) -> None:
    answer = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("houses.csv", TABLE.encode())}).json()
    page.goto(f"/console/prepare/{answer['file_id']}")
    page.get_by_role("combobox", name="Target").select_option("price")
    page.get_by_label("Missing values of age").select_option("drop")
    page.get_by_label("Leave out id").check()
    check(page, "prepare")
    page.get_by_role("button", name="Store and show the effect").click()
    page.get_by_role("heading", name="Effect").wait_for()
    page.get_by_role("heading", name="After", exact=True).wait_for()
    rows = page.locator(".change").first.inner_text()
    assert rows.split() == ["Rows", "40", "→", "32"]
    assert page.get_by_role("row", name="id is left out").is_visible()
    assert page.get_by_role("row", name="age 8 rows are left out").is_visible()
    check(page, "prepare-effect")
    recipe = httpx.get(f"{stack.base_url}/data/info", params={"file_id": answer["file_id"]}).json()["recipe"]
    assert (recipe["target_column"], recipe["columns"], recipe["leave_out"]) == ("price", {"age": "drop"}, ["id"])
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Take the prepared table along").click()
    waiting.value.save_as(tmp_path / "prepared.csv")
    assert len((tmp_path / "prepared.csv").read_text("utf-8-sig").splitlines()) == 1 + 32
    # The way on has the file and the target with it.
    page.get_by_role("link", name="Start a race").click()
    assert page.get_by_role("combobox", name="Target").input_value() == "price"
