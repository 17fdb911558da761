"""The rows of a file in the console: all of them, in pages."""

from typing import TYPE_CHECKING

import httpx

from tests.browser.conftest import DRAW, SIDEWAYS, UNMARKED, Check
from tests.browser.hands import FOCUSED
from tests.support.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The last page has four rows.
LAST = 100_005
HEIGHT = "document.documentElement.scrollHeight"
# Keep what is unmarked before each frame is painted.
WATCH = f"""
window.unmarked = [];
const look = () => {{ window.unmarked.push(...{UNMARKED.strip()}); requestAnimationFrame(look) }};
requestAnimationFrame(look);
"""


def send(stack: Stack, name: str, body: str) -> str:
    """Upload a file; return its id."""
    answer = httpx.post(f"{stack.base_url}/data/upload", files={"file": (name, body.encode())}, timeout=300)
    answer.raise_for_status()
    return str(answer.json()["file_id"])


def test_a_hundred_thousand_rows_are_paged_to_the_last_and_the_address_keeps_the_page(
    page: "Page", stack: Stack, check: Check
) -> None:
    rows = "".join(f"{n},{n % 977 / 8},{('north', 'south', '')[n % 3]}\n" for n in range(2, LAST + 1))
    file_id = send(stack, "long.csv", f"n,measured,side\n{rows}")
    page.goto(f"/console/data/{file_id}")
    page.get_by_text("Rows 2 to 21, 100,004 in all").wait_for()
    high = page.evaluate(HEIGHT)
    page.get_by_role("button", name="Next rows").press("Enter")
    page.get_by_text("Rows 22 to 41, 100,004 in all").wait_for()
    assert page.get_by_role("button", name="Next rows").evaluate(FOCUSED)
    page.get_by_role("button", name="Last rows").click()
    page.get_by_text("Rows 100,002 to 100,005, 100,004 in all").wait_for()
    assert page.get_by_role("rowheader").all_inner_texts() == ["100,002", "100,003", "100,004", "100,005"]
    assert page.locator("tbody tr").last.get_by_role("cell").all_inner_texts()[:2] == ["100005", "43.875"]
    # What is around a short page stays where it was.
    assert page.evaluate(HEIGHT) == high
    assert page.get_by_role("button", name="Next rows").is_disabled()
    page.reload()
    page.get_by_text("Rows 100,002 to 100,005").wait_for()
    page.get_by_label("Go to row").fill("50000")
    page.keyboard.press("Enter")
    page.get_by_text("Rows 50,000 to 50,019").wait_for()
    assert page.url.endswith(f"/console/data/{file_id}?row=50000")
    page.get_by_role("group", name="Rows", exact=True).focus()
    for keys, text in (("PageUp", "49,980 to 49,999"), ("PageDown", "50,000 to 50,019"), ("Control+Home", "2 to 21")):
        page.keyboard.press(keys)
        page.get_by_text(f"Rows {text}").wait_for()
    check(page, "data-rows")


def test_of_a_hundred_and_twenty_columns_those_in_sight_are_drawn_beside_the_row_numbers(
    page: "Page", stack: Stack
) -> None:
    names = ",".join(f"channel_{n}" for n in range(120))
    rows = "".join(",".join(str(row * 7 % (n + 3)) for n in range(120)) + "\n" for row in range(45))
    file_id = send(stack, "wide.csv", f"{names}\n{rows}")
    page.goto(f"/console/data/{file_id}")
    page.get_by_text("Rows 2 to 21, 45 in all").wait_for()
    table = page.get_by_role("group", name="Rows", exact=True)
    # Where there is more of it is marked, and the keyboard gets there.
    page.locator("#rows .sideways[data-more='after']").wait_for()
    table.press("ArrowRight")
    page.locator("#rows .sideways[data-more='before after']").wait_for()
    table.evaluate("(element) => { element.scrollLeft = element.scrollWidth }")
    page.get_by_role("columnheader", name="channel_119").wait_for()
    page.locator("#rows .sideways[data-more='before']").wait_for()
    assert page.get_by_role("columnheader").count() < 30
    number = page.get_by_role("rowheader").first.bounding_box()
    around = table.bounding_box()
    assert number is not None
    assert around is not None
    assert abs(number["x"] - around["x"]) < 3
    # The next page is drawn where the columns are.
    page.get_by_role("button", name="Next rows").click()
    page.get_by_text("Rows 22 to 41").wait_for()
    page.get_by_role("columnheader", name="channel_119").wait_for()
    assert page.evaluate(SIDEWAYS) == 0


def test_a_wide_table_is_marked_from_the_first_frame_on(own_page: "Page", stack: Stack) -> None:
    names = ",".join(f"channel_{n}" for n in range(30))
    file_id = send(stack, "marked.csv", f"{names}\n" + f"{','.join(['1'] * 30)}\n" * 30)
    own_page.add_init_script(WATCH)
    own_page.goto(f"/console/data/{file_id}")
    own_page.locator("#rows .sideways[data-more='after']").wait_for()
    own_page.evaluate(DRAW)
    assert own_page.evaluate("window.unmarked") == []


def test_rows_that_cannot_be_loaded_leave_those_before_and_a_way_to_try_again(page: "Page", stack: Stack) -> None:
    file_id = send(stack, "tried.csv", "n,m\n" + "".join(f"{n},{n * n}\n" for n in range(2, 80)))
    page.route(
        "**/data/rows?*", lambda route: route.fulfill(status=503, json={"title": "away", "status": 503}), times=1
    )
    page.goto(f"/console/data/{file_id}")
    page.get_by_text("Rows 2 to 21, 78 in all").wait_for()
    page.get_by_role("button", name="Next rows").click()
    again = page.get_by_role("alert").get_by_role("button", name="Try again")
    again.wait_for()
    assert page.get_by_role("rowheader").first.inner_text() == "2"
    again.click()
    page.get_by_text("Rows 22 to 41, 78 in all").wait_for()
    assert page.get_by_role("alert").count() == 0
