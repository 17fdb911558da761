"""The preparation of a table, as a person does it: target, missing values, what no model gets to see."""

from typing import TYPE_CHECKING

import httpx

from tests.browser.conftest import NO_FILES, Check
from tests.browser.hands import FOCUSED
from tests.support.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

TABLE = "id,age,city,price\n" + "".join(
    f"{i},{'' if i % 5 == 0 else 20 + i},{('Oslo', '上海')[i % 2]},{100 + 3 * i}\n" for i in range(40)
)


def test_another_file_is_chosen_with_the_arrow_keys_one_after_another(page: "Page", stack: Stack) -> None:
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        for name in ("one.csv", "two.csv", "three.csv"):
            client.post("/data/upload", files={"file": (name, TABLE.encode())}).raise_for_status()
    page.goto("/console/prepare")
    field = page.get_by_label("File", exact=True)
    field.focus()
    for name in ("two.csv", "one.csv"):
        page.keyboard.press("ArrowDown")
        page.get_by_role("combobox", name="Target").wait_for()
        assert field.evaluate(FOCUSED)
        assert name in (field.locator("option:checked").text_content() or "")
    # Each choice has an address of its own.
    page.go_back()
    page.locator("option:checked", has_text="two.csv").wait_for(state="attached")


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


def test_a_column_that_is_left_out_by_itself_is_kept_where_that_is_said(page: "Page", stack: Stack) -> None:
    answer = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("rows.csv", TABLE.encode())}).json()
    page.goto(f"/console/prepare/{answer['file_id']}")
    page.get_by_role("combobox", name="Target").select_option("price")
    page.get_by_role("button", name="Store and show the effect").click()
    page.get_by_text("only counts the rows and was left out; Prepare can keep it").wait_for()
    effect = page.get_by_role("table", name="By column")
    # One button keeps the column and takes that back, and has the focus all the while.
    for button, columns in (("Keep id", {"id": "median"}), ("Leave out id", {}), ("Keep id", {"id": "median"})):
        effect.get_by_role("button", name=button).press("Enter")
        effect.get_by_role("button", name=button).wait_for(state="detached")
        assert effect.get_by_role("cell").get_by_role("button").evaluate(FOCUSED)
        assert page.get_by_label("Missing values of id").count() == len(columns)
        recipe = httpx.get(f"{stack.base_url}/data/info", params={"file_id": answer["file_id"]}).json()["recipe"]
        assert (recipe["columns"], recipe["leave_out"]) == (columns, [])
    page.get_by_role("row", name="id is kept").wait_for()


def test_without_a_file_it_says_what_to_do(page: "Page", check: Check) -> None:
    page.route("**/data/files?*limit=1000*", lambda route: route.fulfill(json=NO_FILES))
    page.goto("/console/prepare")
    page.get_by_role("heading", name="There is nothing to prepare yet").wait_for()
    check(page, "prepare-empty")
    page.get_by_role("link", name="Send a file").click()
    page.get_by_role("heading", name="Begin with a table").wait_for()
